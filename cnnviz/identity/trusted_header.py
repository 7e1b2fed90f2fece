"""The door of a proxy that knows who somebody is, and says so in a header."""

import time
from collections.abc import Collection

from cnnviz.identity.account import MAX_LOGIN_LENGTH, MAX_NAME_LENGTH, Account, LoginError, People
from cnnviz.identity.door import Attempt
from cnnviz.identity.person import Person
from cnnviz.secret_key import new_owner


class TrustedHeaderDoor:
    """Lets in whom a header names, on connections of named proxies alone.

    The header has to be there exactly once, and nothing that some program could take for it: a name that differs in
    underscores comes from a browser, through a proxy that replaces the right one only.
    """

    def __init__(self, people: People, header: str, proxies: Collection[str]) -> None:
        """`proxies` are addresses in the form in which `Attempt.peer` is given."""
        self._people, self._header, self._proxies = people, header.strip().lower(), frozenset(proxies)

    def enter(self, attempt: Attempt) -> Account:
        """Returns the account of whom the header names, a new one at their first visit; raises LoginError."""
        name = self._read_header(attempt)
        login = f"header:{name.casefold()}"
        account = self._people.find_login(login)
        if account is None:
            account = Account(Person(new_owner(), name[:MAX_NAME_LENGTH]), login, created=time.time())
            self._people.add(account)
        return account

    def _read_header(self, attempt: Attempt) -> str:
        if attempt.peer not in self._proxies:
            raise LoginError("This server is reached by its login page alone. Open it by the address of your school.")
        alike = [(name, value) for name, value in attempt.headers if _plain(name) == _plain(self._header)]
        if len(alike) != 1 or alike[0][0].lower() != self._header:
            raise LoginError(
                "The login page has not said who you are. Log in there again; if that does not help, tell whoever runs"
                " this server."
            )
        value = alike[0][1].strip()
        if not value or len(value) > MAX_LOGIN_LENGTH - len("header:") or not value.isprintable() or "," in value:
            raise LoginError("The login page has sent a name that this server cannot read. Tell whoever runs it.")
        return value


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")
