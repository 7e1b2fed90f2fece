"""The secret of a server, and the names of students that are made with it."""

import hashlib
import os
import re
import secrets
from functools import cache
from pathlib import Path

KEY_FILE = "secret.key"
KEY_BYTES = 32
OWNER_DIGITS = 31
"""Hexadecimal digits of a hashed owner after its first letter, 124 bits."""
TOKEN_PATTERN = re.compile(r"[0-9a-f]{32}")
"""A token; an older cnnviz has used it as the owner, too."""


@cache
def secret_key(folder: Path) -> bytes:
    """Returns the secret of the server that works in this data directory, made at its first start.

    Raises OSError where it can neither be read nor written.
    """
    path = folder / KEY_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    temporary_path = path.with_name(f".{KEY_FILE}-{secrets.token_hex(8)}")
    with open(os.open(temporary_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary_path, path)  # unlike a rename, this keeps the key of another process that was faster
    except FileExistsError:
        pass
    finally:
        temporary_path.unlink()
    return path.read_bytes()


def new_owner() -> str:
    """Returns an owner that nobody has been."""
    return f"s{secrets.token_hex(16)[:OWNER_DIGITS]}"


def owner_of_token(token: str, key: bytes) -> str:
    """Returns the owner that a cookie's token stands for: a keyed hash, so that what is stored opens no session.

    It begins with s, which no token does: what an older cnnviz has stored under tokens is told apart from it.
    """
    return f"s{hashlib.blake2b(token.encode(), key=key).hexdigest()[:OWNER_DIGITS]}"
