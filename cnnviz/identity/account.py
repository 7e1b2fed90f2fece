"""An account: what a server keeps of a person, and where it is kept."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cnnviz.errors import CnnvizError
from cnnviz.identity.person import Person

MAX_NAME_LENGTH = 60
MAX_LOGIN_LENGTH = 255
"""Characters of what somebody is found by; a proxy's or a provider's name may be longer than one that is typed."""


class LoginError(CnnvizError):
    """Raised where somebody is not let in, with a sentence that says why."""


@dataclass(frozen=True)
class Account:
    """What a server keeps of a person."""

    person: Person
    login: str
    """What they are found by: their name in one form, or what a proxy calls them."""
    pin_hash: str = ""
    """Empty until they have chosen a PIN."""
    generation: int = 0
    """Counts up when all their logins are to end: cookies of an earlier one are worth nothing."""
    email: str = ""
    created: float = 0.0
    """Seconds since 1970."""

    @property
    def owner(self) -> str:
        """What everything of theirs is kept under."""
        return self.person.owner

    def changed(self, **values: Any) -> "Account":
        """Returns the account with other values of its own, or of its person (`name`, `role`)."""
        of_person = {name: values.pop(name) for name in ("name", "role") if name in values}
        return replace(self, person=replace(self.person, **of_person), **values)


class People(Protocol):
    """Where accounts are kept."""

    def find(self, owner: str) -> Account | None:
        """Returns an account by its owner; None when there is none."""

    def find_login(self, login: str) -> Account | None:
        """Returns an account by what its person is found by; None when there is none."""

    def add(self, account: Account) -> None:
        """Keeps a new account; raises LoginError where somebody else has this login."""

    def change(self, owner: str, **values: Any) -> None:
        """Changes fields of an account, by their names in `Account` and `Person`."""

    def set_first_pin(self, owner: str, pin_hash: str) -> bool:
        """Keeps a PIN where there is none; returns whether there was none."""

    def class_code(self) -> str:
        """Returns the code of this class."""

    def list_is_open(self) -> bool:
        """Returns whether names that are not on the list may come in."""

    def is_teacher_link(self, token: str) -> bool:
        """Returns whether a token is that of a one-time link which is neither used nor expired."""

    def use_teacher_link(self, token: str) -> bool:
        """Uses up a one-time link; returns whether it was still good."""


def clean_name(name: str) -> str:
    """Returns a name as it is kept and shown; raises LoginError for one that is none.

    >>> clean_name("  Anna   Weiß ")
    'Anna Weiß'
    """
    name = " ".join(unicodedata.normalize("NFKC", name).split())
    if not name:
        raise LoginError("Type your name.")
    if len(name) > MAX_NAME_LENGTH:
        raise LoginError(f"A name may have {MAX_NAME_LENGTH} characters; this one has {len(name)}.")
    if not name.isprintable() or not any(character.isalnum() for character in name):
        raise LoginError("A name is made of letters. Type it without special characters.")
    return name


def login_of_name(name: str) -> str:
    """Returns what the person of a name is found by, however they write it.

    >>> login_of_name("Anna  WEISS") == login_of_name("anna weiß")
    True
    """
    return f"name:{clean_name(name).casefold()}"
