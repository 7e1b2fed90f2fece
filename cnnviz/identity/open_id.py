"""The door of an OpenID Connect provider: a school's own accounts."""

import hashlib
import time

from cnnviz.identity.account import MAX_LOGIN_LENGTH, MAX_NAME_LENGTH, Account, LoginError, People, clean_name
from cnnviz.identity.door import Attempt
from cnnviz.identity.person import Person
from cnnviz.secret_key import new_owner

NAME_CLAIMS = ("name", "preferred_username", "nickname", "email")
MAX_EMAIL_LENGTH = 254


class OpenIdDoor:
    """Lets in whom a provider has vouched for; of its claims issuer, subject, name and e-mail are kept."""

    def __init__(self, people: People) -> None:
        self._people = people

    def enter(self, attempt: Attempt) -> Account:
        """Returns the account of the subject of the attempt's claims, a new one at their first visit."""
        issuer, subject = (str(attempt.claims.get(claim) or "") for claim in ("iss", "sub"))
        if not issuer or not subject:
            raise LoginError(
                "The login page has not said who you are. Try again; if that does not help, tell its makers."
            )
        login = _login_of(issuer, subject)
        name, email = _name_in(attempt), str(attempt.claims.get("email") or "")[:MAX_EMAIL_LENGTH]
        account = self._people.find_login(login)
        if account is None:
            account = Account(Person(new_owner(), name), login, email=email, created=time.time())
            self._people.add(account)
        elif (account.person.name, account.email) != (name, email):
            self._people.change(account.owner, name=name, email=email)
            account = account.changed(name=name, email=email)
        return account


def _login_of(issuer: str, subject: str) -> str:
    """Returns what a subject is found by; an address of theirs may change, and be given to somebody else."""
    login = f"openid:{issuer}|{subject}"
    if len(login) <= MAX_LOGIN_LENGTH:
        return login
    return f"openid-digest:{hashlib.sha256(login.encode()).hexdigest()}"


def _name_in(attempt: Attempt) -> str:
    for claim in NAME_CLAIMS:
        try:
            return clean_name(str(attempt.claims.get(claim) or "")[:MAX_NAME_LENGTH])
        except LoginError:
            continue
    return "Somebody without a name"
