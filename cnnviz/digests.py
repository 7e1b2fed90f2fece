"""Digests: hashes that are kept with files, by which it is noticed when a disk has changed them."""

import hashlib
import json
from pathlib import Path
from typing import Any

DIGEST_KEY = "digest"
"""Key of the digest in a safetensors file's metadata."""
DIGEST_BYTES = 16


def file_digest(path: Path) -> str:
    """Returns the hash of a file; raises OSError where it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES)).hexdigest()


def add_digest(content: bytes) -> bytes:
    """Returns a safetensors file with a hash of its tensors, their names and shapes in its metadata."""
    header, data = _split(content)
    metadata = header.pop("__metadata__", {})
    digest = _digest(header, data)
    text = json.dumps({"__metadata__": metadata | {DIGEST_KEY: digest}, **header}).encode()
    text += b" " * (-len(text) % 8)  # the format aligns what follows
    return len(text).to_bytes(8, "little") + text + data


def has_changed(content: bytes) -> bool:
    """Returns whether a safetensors file is not what `add_digest` returned; False for one without a digest."""
    try:
        header, data = _split(content)
        digest = header.pop("__metadata__", {}).get(DIGEST_KEY)
    except (ValueError, AttributeError, TypeError):
        return True
    return digest is not None and digest != _digest(header, data)


def _split(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """Returns header and data of a safetensors file; raises ValueError for another one."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 + length:
        raise ValueError("it is no safetensors file")
    return dict(json.loads(content[8 : 8 + length])), memoryview(content)[8 + length :]


def _digest(header: dict[str, Any], data: memoryview) -> str:
    digest = hashlib.blake2b(json.dumps(header, sort_keys=True).encode(), digest_size=DIGEST_BYTES)
    digest.update(data)
    return digest.hexdigest()
