"""A door: one way in which somebody says who they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cnnviz.identity.account import Account, LoginError


@dataclass(frozen=True)
class Attempt:
    """What a request to come in brings."""

    form: Mapping[str, str] = field(default_factory=dict)
    """Fields of a form by their names."""
    headers: Sequence[tuple[str, str]] = ()
    """Headers with their names as they were sent, in this order."""
    peer: str = ""
    """Address of the machine at the other end of the connection: a browser, or a proxy."""
    claims: Mapping[str, object] = field(default_factory=dict)
    """What an OpenID Connect provider has vouched for."""
    address: str = ""
    """Address from which the request comes, behind proxies that are believed."""


class Door(Protocol):
    """One way in which somebody says who they are."""

    def enter(self, attempt: Attempt) -> Account:
        """Returns whom an attempt lets in; raises LoginError with the reason where that is nobody."""


class NewPinError(LoginError):
    """Raised at the first visit of a name, until the PIN that is to be theirs is good and typed twice."""


class LockedError(LoginError):
    """Raised where too many attempts were wrong."""
