"""Turns: an order that goes around shares, and in each share around its members."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Sharing(Protocol):
    """Something that has its turns within a share."""

    @property
    def share(self) -> str:
        """Name of the share."""


T = TypeVar("T", bound=Sharing)


class Turns(Generic[T]):
    """A queue that goes around the shares, and in each share around its members.

    The member that was taken comes last in its share, and its share comes last, once it is put back.
    """

    def __init__(self) -> None:
        self._shares: dict[str, deque[T]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._shares.values()))

    def __iter__(self) -> Iterator[T]:
        for members in self._shares.values():
            yield from members

    def put(self, member: T) -> None:
        """Adds a member at the end of its share, and that share at the end if it is new or has just had its turn."""
        self._shares.setdefault(member.share, deque()).append(member)

    def take(self) -> T:
        """Takes out the member whose turn it is; raises IndexError when there is none."""
        if not self._shares:
            raise IndexError("there is nobody whose turn it could be")
        share, members = next(iter(self._shares.items()))
        member = members.popleft()
        del self._shares[share]
        if members:
            self._shares[share] = members
        return member

    def remove(self, member: T) -> None:
        """Takes a member out."""
        members = self._shares[member.share]
        members.remove(member)
        if not members:
            del self._shares[member.share]
