"""The door for a room without anything: class code, name and PIN."""

import hmac
import secrets
import time

from cnnviz.identity.account import Account, LoginError, People, clean_name, login_of_name
from cnnviz.identity.attempts import Attempts
from cnnviz.identity.door import Attempt, NewPinError
from cnnviz.identity.person import Person
from cnnviz.identity.pin import MIN_PIN_LENGTH, MIN_TEACHER_PIN_LENGTH, PinHasher, check_new_pin
from cnnviz.secret_key import new_owner

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without those that look like another one."""
CODE_LENGTH = 8
WRONG = "Class code, name and PIN do not go together. Look at each of them again."
"""The same sentence whatever is wrong: it tells nobody which names there are."""


class ClassCodeDoor:
    """Lets in whoever knows the class code and the PIN of a name.

    A name's first visit sets its PIN, if the name is on the list or the list is open.
    """

    def __init__(self, people: People, pins: PinHasher, attempts: Attempts) -> None:
        self._people, self._pins, self._attempts = people, pins, attempts

    def enter(self, attempt: Attempt) -> Account:
        """Returns the account of a code, name and PIN; raises LoginError where they do not go together.

        Raises NewPinError where the name has no PIN yet, and no good one is typed twice.
        """
        name, pin = clean_name(attempt.form.get("name", "")), attempt.form.get("pin", "")
        login = login_of_name(name)
        self._attempts.check(login, attempt.address)
        account = self._people.find_login(login)
        is_right_code = hmac.compare_digest(
            _plain_code(attempt.form.get("code", "")), _plain_code(self._people.class_code())
        )
        may_choose = is_right_code and (not account.pin_hash if account else self._people.list_is_open())
        if may_choose:
            return self._choose_pin(account, name, attempt)
        if not self._pins.matches(pin, account.pin_hash if account else "") or not is_right_code or account is None:
            self._attempts.note_wrong(login, attempt.address)
            raise LoginError(WRONG)
        self._attempts.forgive(login)
        return account

    def _choose_pin(self, account: Account | None, name: str, attempt: Attempt) -> Account:
        """Returns the account of a name that has no PIN yet, with the one that was typed twice."""
        pin, again = attempt.form.get("pin", ""), attempt.form.get("pin_again")
        is_teacher = account is not None and account.person.is_teacher
        try:
            check_new_pin(pin, name=name, min_length=MIN_TEACHER_PIN_LENGTH if is_teacher else MIN_PIN_LENGTH)
        except LoginError as error:
            raise NewPinError(str(error)) from None
        if again is None:
            raise NewPinError(
                f"Welcome, {account.person.name if account else name}. This is the first visit with that name: type the"
                " PIN that is to be yours twice, and remember it."
            )
        if again != pin:
            raise NewPinError("The two PINs differ. Type the same one twice.")
        return open_account(self._people, account, name, self._pins.hash(pin))


def open_account(people: People, account: Account | None, name: str, pin_hash: str) -> Account:
    """Returns the account of a name with its first PIN; raises LoginError where somebody else was faster."""
    if account is None:
        account = Account(Person(new_owner(), name), login_of_name(name), pin_hash, created=time.time())
        people.add(account)
        return account
    if not people.set_first_pin(account.owner, pin_hash):
        raise LoginError(WRONG)
    return account.changed(pin_hash=pin_hash)


def new_class_code() -> str:
    """Returns a code that can be read aloud and typed from a blackboard."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return f"{letters[: CODE_LENGTH // 2]}-{letters[CODE_LENGTH // 2 :]}"


def _plain_code(code: str) -> bytes:
    return "".join(filter(str.isalnum, code)).upper().encode("utf-8", "replace")
