"""The student's workbench: the design at hand, what is selected, and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cnnviz.architecture import Architecture, Path

DEPTH = 100
"""Edits that can be undone."""
FIRST: tuple[Path, ...] = ((0,),)


@dataclass(frozen=True)
class Workbench:
    """The state of the design room; frozen, every action returns a new one.

    `revision` changes whenever widgets must forget what they show: widgets keyed by position alone would inherit
    the values of a deleted neighbour. `version` changes with the design.
    """

    architecture: Architecture
    selected: tuple[Path, ...] = FIRST
    past: tuple[Architecture, ...] = ()
    future: tuple[Architecture, ...] = ()
    chosen: tuple[tuple[Path, ...], ...] = ()
    """What was selected in each of the last designs of `past`; those found again after a reload have none."""
    revision: int = 0
    version: int = 0
    canvas: int = -1
    """The version that the last edit on the canvas made."""
    answered: int = 0
    """The number of the last act on the canvas that was done or refused."""
    refusal: tuple[int, str] = (0, "")
    """Why the last act was refused, and at which version; past as soon as the design changes."""
    seen: str = ""
    """Which state of the student's desk this is based on."""

    def __post_init__(self) -> None:
        """Only a layer that stands can be selected; where none of the chosen does, the last layer of the net is."""
        object.__setattr__(self, "selected", _standing(self.architecture, self.selected))

    @property
    def refused(self) -> str:
        """Why the last act was not done; empty where it was, or where that is past."""
        version, reason = self.refusal
        return reason if version == self.version else ""

    def answer(self, act: int, refused: str = "") -> Workbench:
        """With an act on the canvas answered, and the reason where it was not done."""
        return replace(self, answered=act, refusal=(self.version, refused))

    def edited(self, architecture: Architecture) -> Workbench:
        """With a parameter changed; the widgets that changed it stay as they are."""
        if architecture == self.architecture:
            return self
        past = (*self.past, self.architecture)[-DEPTH:]
        chosen = (*self.chosen, self.selected)[-DEPTH:]
        return replace(self, architecture=architecture, past=past, chosen=chosen, future=(), version=self.version + 1)

    def restructured(self, architecture: Architecture, selected: Iterable[Path]) -> Workbench:
        """With layers added, moved, removed or replaced, and other layers selected."""
        return self.edited(architecture)._fresh(selected)

    def select(self, selected: Iterable[Path]) -> Workbench:
        """With other layers selected."""
        return replace(self, selected=tuple(selected))

    def undone(self) -> Workbench:
        """One edit back; the same workbench when there is none."""
        if not self.past:
            return self
        *past, last = self.past
        future = (self.architecture, *self.future)
        *chosen, selected = self.chosen or (self.selected,)
        back = replace(
            self,
            architecture=last,
            past=tuple(past),
            chosen=tuple(chosen),
            future=future,
            version=self.version + 1,
        )
        return back._fresh(selected)

    def redone(self) -> Workbench:
        """One undone edit forth again; the same workbench when there is none."""
        if not self.future:
            return self
        first, *future = self.future
        past, chosen = (*self.past, self.architecture), (*self.chosen, self.selected)
        forth = replace(
            self, architecture=first, past=past, chosen=chosen, future=tuple(future), version=self.version + 1
        )
        return forth._fresh(self.selected)

    def _fresh(self, selected: Iterable[Path]) -> Workbench:
        return replace(self, selected=tuple(selected), revision=self.revision + 1)


def _standing(architecture: Architecture, selected: tuple[Path, ...]) -> tuple[Path, ...]:
    wanted = tuple(dict.fromkeys(selected))
    there = {path for path, _ in architecture.every()}
    standing = tuple(path for path in wanted if path in there)
    if standing or not wanted or not architecture.layers:
        return standing
    return ((len(architecture.layers) - 1,),)
