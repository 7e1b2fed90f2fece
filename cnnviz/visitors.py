"""Visitors: from which address an owner comes and for how long, as anybody can invent any number of cookies."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

ESTABLISHED_SECONDS = 600.0
"""Time after which an owner counts as one student, rather than as one of the new cookies at an address."""
NEW_OWNERS_PART, NEW_OWNER_PART = 3 / 4, 1 / 4
"""Of the room for everybody, what the new owners of one address may take together; of what is free, what one of them
may: so something is left for whoever comes last."""
MAX_VISITORS = 100_000
"""Owners that are remembered; those that have not come for the longest time are forgotten first."""


class _Visit(NamedTuple):
    address: str
    since: float


class Visitors:
    """The owners who have come, for limits and turns that no number of invented cookies gets around.

    A new owner shares with all new ones of the same address; one who is established has a share of their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._visits: OrderedDict[str, _Visit] = OrderedDict()

    def note(self, owner: str, address: str) -> None:
        """Notes that a request of this owner has come from an address."""
        with self._lock:
            known = self._visits.get(owner)
            self._visits[owner] = _Visit(address, known.since if known else self._clock())
            self._visits.move_to_end(owner)
            if len(self._visits) > MAX_VISITORS:
                self._visits.popitem(last=False)

    def establish(self, owner: str) -> None:
        """Counts an owner as established from now on: one who has trained a net to its end, say."""
        with self._lock:
            known = self._visits.get(owner)
            self._visits[owner] = _Visit(known.address if known else "", self._clock() - ESTABLISHED_SECONDS)

    def is_new(self, owner: str) -> bool:
        """Returns whether an owner has come only just now, and to a server that knows from where."""
        visit = self._visits.get(owner)
        return visit is not None and bool(visit.address) and self._clock() - visit.since < ESTABLISHED_SECONDS

    def share_of(self, owner: str) -> str:
        """Returns the name of the share that an owner has of what is scarce: their own, or that of an address."""
        visit = self._visits.get(owner)
        return f"new at {visit.address}" if visit and self.is_new(owner) else owner

    def address_of(self, owner: str) -> str:
        """Returns the address from which an owner came last; empty where it is unknown."""
        visit = self._visits.get(owner)
        return visit.address if visit else ""

    def room_for(self, owner: str, taken: Mapping[str, int], total: int) -> int:
        """Returns how much an owner may take of what is free, where each owner has taken so much of the total."""
        free = total - sum(taken.values())
        if not self.is_new(owner):
            return max(free, 0)
        share = self.share_of(owner)
        of_share = sum(size for other, size in taken.items() if self.share_of(other) == share)
        return max(int(min(NEW_OWNER_PART * free, NEW_OWNERS_PART * total - of_share)), 0)


@cache
def visitors() -> Visitors:
    """Returns the visitors of this server."""
    return Visitors()
