"""PINs: which are taken, and their hashes.

A PIN is short, so its hash is made with the secret of the server, too: whoever has the database alone cannot try all.
"""

import hashlib
import hmac
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cnnviz.identity.account import LoginError

MIN_PIN_LENGTH, MIN_TEACHER_PIN_LENGTH, MAX_PIN_LENGTH = 6, 8, 64
PIN_DIGITS = 6
"""Of a PIN that is printed on a sheet."""
DIGITS = "0123456789"


class PinHasher:
    """Makes and checks hashes of PINs by argon2id, with a key that is not in the database."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(b"cnnviz PIN", key=key, digest_size=32).digest()
        # OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one thread
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._of_nobody = self.hash(secrets.token_hex(16))

    def hash(self, pin: str) -> str:
        """Returns the hash of a PIN, another one at each call."""
        return self._argon2.hash(self._keyed(pin))

    def matches(self, pin: str, pin_hash: str) -> bool:
        """Returns whether a hash is that of a PIN; takes as long where there is none, and is false then."""
        try:
            return self._argon2.verify(pin_hash or self._of_nobody, self._keyed(pin)) and bool(pin_hash)
        except (VerificationError, InvalidHashError):
            return False

    def _keyed(self, pin: str) -> bytes:
        return hmac.digest(self._key, pin.encode("utf-8", "replace"), "sha256")


def check_new_pin(pin: str, *, name: str, min_length: int = MIN_PIN_LENGTH) -> None:
    """Raises LoginError for a PIN that is too short, too long, or the first that anybody would try."""
    if not min_length <= len(pin) <= MAX_PIN_LENGTH:
        raise LoginError(f"A PIN has {min_length} to {MAX_PIN_LENGTH} digits or letters; this one has {len(pin)}.")
    if len(set(pin)) < 3 or pin in DIGITS * 2 or pin in (DIGITS * 2)[::-1] or pin.casefold() in name.casefold():
        raise LoginError("This PIN is too easy to guess. Choose another one, without a row such as 123456.")


def new_pin(name: str) -> str:
    """Returns a PIN to print for somebody, of digits."""
    while True:
        pin = "".join(secrets.choice(DIGITS) for _ in range(PIN_DIGITS))
        try:
            check_new_pin(pin, name=name)
        except LoginError:
            continue
        return pin
