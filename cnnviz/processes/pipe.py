"""Messages between the server and its child processes: a line of JSON, with raw bytes behind it."""

from typing import IO, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

MAX_LINE_BYTES = 2**26
"""Longest message; the points of a tenth of a second take some kilobytes."""
MAX_PAYLOAD_BYTES = 2**32
"""Most bytes behind a message; the weights of the largest net are far below it."""
MAX_SIZE_DIGITS = len(str(MAX_PAYLOAD_BYTES))

Message = TypeVar("Message")


class PipeMessage(BaseModel):
    """Base of messages and of their parts: frozen, strict, and keeping every float, infinite ones and NaN included."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", ser_json_inf_nan="constants")


class GarbledMessageError(Exception):
    """The other side of a pipe sent something that is not a message: it has failed, or something else wrote to it."""


def send(stream: IO[bytes], message: PipeMessage, payload: bytes = b"") -> None:
    """Writes one message as `SIZE JSON`, a line break, and a payload of SIZE bytes."""
    stream.write(b"%d %s\n" % (len(payload), message.model_dump_json().encode()) + payload)
    stream.flush()


def receive(stream: IO[bytes], messages: TypeAdapter[Message]) -> tuple[Message, bytes] | None:
    """Returns the next message and its payload; None when the other side has closed the pipe.

    Raises GarbledMessageError for a line that is none of `messages`.
    """
    line = stream.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        if len(line) == MAX_LINE_BYTES:
            raise GarbledMessageError(f"A line of a pipe has more than {MAX_LINE_BYTES:,} bytes.")
        return None
    digits, _, content = line.partition(b" ")
    if not digits.isdigit() or len(digits) > MAX_SIZE_DIGITS or int(digits) > MAX_PAYLOAD_BYTES:
        raise GarbledMessageError(f"A line of a pipe begins with no payload size: {line[:80]!r}.")
    try:
        message = messages.validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise GarbledMessageError(f"A line of a pipe is no message: {place}: {problem['msg']}.") from None
    size = int(digits)
    payload = stream.read(size)
    return (message, payload) if len(payload) == size else None
