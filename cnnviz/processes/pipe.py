"""What server and worker say to each other: a line of JSON, with raw bytes behind it where it says so."""

import json
from typing import IO, Any

Message = dict[str, Any]


def send(stream: IO[bytes], message: Message, payload: bytes = b"") -> None:
    """Write one message and its payload."""
    stream.write(json.dumps(message | {"bytes": len(payload)}).encode() + b"\n" + payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Message, bytes] | None:
    """The next message and its payload; None when the other side has closed the pipe."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    message: Message = json.loads(line)
    size = message.pop("bytes")
    payload = stream.read(size)
    return (message, payload) if len(payload) == size else None
