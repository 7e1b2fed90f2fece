"""The cookie of somebody who is logged in: who, since when, and signed with the secret of the server."""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

CLOCK_DRIFT_SECONDS = 60
"""How far in the future a login may lie: a clock that is set back a little ends nobody's lesson."""
_PATTERN = re.compile(r"([0-9a-z]{32})\.(\d{1,12})\.(\d{1,9})\.([0-9a-f]{16})")


class Login(NamedTuple):
    """One login of a person, in one browser."""

    owner: str
    issued: int
    """Seconds since 1970."""
    generation: int
    """Of the account when they logged in."""
    id: str

    def ended(self, now: float, max_age: float) -> bool:
        """Returns whether this login is older than `max_age` seconds, or of a time to come."""
        return not -CLOCK_DRIFT_SECONDS <= now - self.issued < max_age


class LoginCookie:
    """Writes and reads the values of these cookies."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(b"cnnviz login cookie", key=key, digest_size=32).digest()

    def write(self, owner: str, generation: int, now: float) -> str:
        """Returns the value of a cookie for a login that begins now."""
        payload = f"{owner}.{int(now)}.{generation}.{secrets.token_hex(8)}"
        return f"{payload}.{self._signature(payload)}"

    def read(self, value: str) -> Login | None:
        """Returns the login that a value stands for, however old; None where this server has not written it."""
        payload, _, signature = value.rpartition(".")
        parts = _PATTERN.fullmatch(payload)
        if parts is None or not hmac.compare_digest(signature.encode(), self._signature(payload).encode()):
            return None
        return Login(parts[1], int(parts[2]), int(parts[3]), parts[4])

    def _signature(self, payload: str) -> str:
        return hmac.new(self._key, payload.encode(), "sha256").hexdigest()
