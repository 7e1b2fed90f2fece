"""The door that makes somebody the teacher: a link that is good once, and for a day."""

import hashlib
import secrets

from cnnviz.identity.account import Account, LoginError, People, clean_name, login_of_name
from cnnviz.identity.attempts import Attempts
from cnnviz.identity.class_code import open_account
from cnnviz.identity.door import Attempt, NewPinError
from cnnviz.identity.person import Role
from cnnviz.identity.pin import MIN_TEACHER_PIN_LENGTH, PinHasher, check_new_pin

LINK_SECONDS = 24 * 3600.0
"""How long a link is good."""
USED_UP = (
    "This link has been used, or is older than a day. Whoever runs the server gets another one by"
    " “python -m cnnviz teacher”."
)


class TeacherLinkDoor:
    """Makes whoever opens a one-time link, and gives name and PIN, a teacher."""

    def __init__(self, people: People, pins: PinHasher, attempts: Attempts) -> None:
        self._people, self._pins, self._attempts = people, pins, attempts

    def enter(self, attempt: Attempt) -> Account:
        """Returns the teacher's account; raises LoginError where the link or the PIN is wrong.

        Where the name has a PIN already, that is asked for; else the one that is typed twice becomes theirs.
        """
        token, pin = attempt.form.get("token", ""), attempt.form.get("pin", "")
        self._check_link(attempt)
        name = clean_name(attempt.form.get("name", ""))
        account = self._people.find_login(login_of_name(name))
        if account and account.pin_hash:
            self._attempts.check(account.login, attempt.address)
            if not self._pins.matches(pin, account.pin_hash):
                self._attempts.note_wrong(account.login, attempt.address)
                raise LoginError("Somebody has this name already, and another PIN. Type theirs, or another name.")
        else:
            check_new_pin(pin, name=name, min_length=MIN_TEACHER_PIN_LENGTH)
            if attempt.form.get("pin_again") != pin:
                raise NewPinError("The two PINs differ. Type the same one twice.")
        self._use(token)
        if account is None or not account.pin_hash:
            account = open_account(self._people, account, name, self._pins.hash(pin))
        self._people.change(account.owner, role=Role.TEACHER)
        return account.changed(role=Role.TEACHER)

    def promote(self, owner: str, attempt: Attempt) -> None:
        """Makes somebody who has come in by another door a teacher; raises LoginError where the link is wrong."""
        self._check_link(attempt)
        self._use(attempt.form.get("token", ""))
        self._people.change(owner, role=Role.TEACHER)

    def _check_link(self, attempt: Attempt) -> None:
        # wrong links are not counted: nobody guesses 192 bits, and nobody may lock the teacher out
        if not self._people.is_teacher_link(attempt.form.get("token", "")):
            raise LoginError(USED_UP)

    def _use(self, token: str) -> None:
        if not self._people.use_teacher_link(token):
            raise LoginError(USED_UP)


def new_link_token() -> str:
    """Returns the secret of a link."""
    return secrets.token_urlsafe(24)


def link_digest(token: str) -> str:
    """Returns what is kept of a link: nobody opens a door with it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def link_address(token: str, server: str) -> str:
    """Returns a link; its secret stands behind the #, which browsers send to no server, and no proxy logs.

    >>> link_address("abc", "http://localhost:8501/")
    'http://localhost:8501/door/teacher#abc'
    """
    return f"{server.rstrip('/')}/door/teacher#{token}"
