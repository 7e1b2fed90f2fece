"""The student's workbench: the design at hand, what is selected, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnnviz.architecture import Architecture

DEPTH = 100
"""Edits that can be undone."""


@dataclass(frozen=True)
class Workbench:
    """The state of the design room; frozen, every action returns a new one.

    `revision` changes whenever widgets must forget what they show: widgets keyed by position alone would inherit
    the values of a deleted neighbour.
    """

    architecture: Architecture
    selected: int | None = 0
    past: tuple[Architecture, ...] = ()
    future: tuple[Architecture, ...] = ()
    revision: int = 0

    def edited(self, architecture: Architecture) -> Workbench:
        """With a parameter changed; the widgets that changed it stay as they are."""
        if architecture == self.architecture:
            return self
        past = (*self.past, self.architecture)[-DEPTH:]
        return replace(self, architecture=architecture, past=past, future=())

    def restructured(self, architecture: Architecture, selected: int | None) -> Workbench:
        """With layers added, moved, removed or replaced, and another layer selected."""
        return self.edited(architecture)._fresh(selected)

    def select(self, index: int | None) -> Workbench:
        """With another layer selected."""
        return replace(self, selected=self._bounded(self.architecture, index))

    def undone(self) -> Workbench:
        """One edit back; the same workbench when there is none."""
        if not self.past:
            return self
        *past, last = self.past
        back = replace(self, architecture=last, past=tuple(past), future=(self.architecture, *self.future))
        return back._fresh(self.selected)

    def redone(self) -> Workbench:
        """One undone edit forth again; the same workbench when there is none."""
        if not self.future:
            return self
        first, *future = self.future
        forth = replace(self, architecture=first, past=(*self.past, self.architecture), future=tuple(future))
        return forth._fresh(self.selected)

    def _fresh(self, selected: int | None) -> Workbench:
        return replace(self, selected=self._bounded(self.architecture, selected), revision=self.revision + 1)

    @staticmethod
    def _bounded(architecture: Architecture, index: int | None) -> int | None:
        last = len(architecture.layers) - 1
        return None if index is None or last < 0 else min(max(index, 0), last)
