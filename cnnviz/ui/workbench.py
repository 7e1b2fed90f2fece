"""The student's workbench: the current design, the selected layers, and the edits to undo and redo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cnnviz.architecture import Architecture, LayerPath

MAX_UNDO_STEPS = 100
"""Edits that can be undone."""
FIRST_LAYER: tuple[LayerPath, ...] = ((0,),)


@dataclass(frozen=True)
class Workbench:
    """The state of the Design page; frozen, so that every action returns a new workbench.

    `revision` changes whenever widgets must be made anew: widgets keyed by position alone would inherit the values of
    a deleted neighbour. `version` changes with the design.
    """

    architecture: Architecture
    selected: tuple[LayerPath, ...] = FIRST_LAYER
    past: tuple[Architecture, ...] = ()
    future: tuple[Architecture, ...] = ()
    past_selections: tuple[tuple[LayerPath, ...], ...] = ()
    """What was selected in each of the last designs of `past`; designs restored after a reload have none."""
    revision: int = 0
    version: int = 0
    canvas_version: int = -1
    """The version that the last edit on the canvas produced."""
    acknowledged_seq: int = 0
    """The number of the last action on the canvas that was applied or refused."""
    refusal: tuple[int, str] = (0, "")
    """The version at which the last action was refused, and why; obsolete as soon as the design changes."""
    draft_version: str = ""
    """Version of the stored draft on which this is based."""

    def __post_init__(self) -> None:
        """Drops layers that do not exist from the selection; where none is left, selects the last layer of the net."""
        object.__setattr__(self, "selected", _existing_selection(self.architecture, self.selected))

    @property
    def refusal_reason(self) -> str:
        """Why the last action was refused; empty where it was applied, or where the design has changed since."""
        version, reason = self.refusal
        return reason if version == self.version else ""

    def acknowledge(self, seq: int, reason: str = "") -> Workbench:
        """Returns the workbench with an action on the canvas answered; `reason` says why where it was refused."""
        return replace(self, acknowledged_seq=seq, refusal=(self.version, reason))

    def edit(self, architecture: Architecture) -> Workbench:
        """Returns the workbench with a parameter changed; the widgets that changed it stay as they are."""
        if architecture == self.architecture:
            return self
        past = (*self.past, self.architecture)[-MAX_UNDO_STEPS:]
        past_selections = (*self.past_selections, self.selected)[-MAX_UNDO_STEPS:]
        return replace(
            self,
            architecture=architecture,
            past=past,
            past_selections=past_selections,
            future=(),
            version=self.version + 1,
        )

    def restructure(self, architecture: Architecture, selected: Iterable[LayerPath]) -> Workbench:
        """Returns the workbench with layers added, moved, removed or replaced, and other layers selected."""
        return self.edit(architecture)._renew_widgets(selected)

    def select(self, selected: Iterable[LayerPath]) -> Workbench:
        """Returns the workbench with other layers selected."""
        return replace(self, selected=tuple(selected))

    def undo(self) -> Workbench:
        """Returns the workbench before the last edit; the same one when there is no edit to undo."""
        if not self.past:
            return self
        *past, last = self.past
        future = (self.architecture, *self.future)
        *past_selections, selected = self.past_selections or (self.selected,)
        previous = replace(
            self,
            architecture=last,
            past=tuple(past),
            past_selections=tuple(past_selections),
            future=future,
            version=self.version + 1,
        )
        return previous._renew_widgets(selected)

    def redo(self) -> Workbench:
        """Returns the workbench with the last undone edit repeated; the same one when there is none."""
        if not self.future:
            return self
        first, *future = self.future
        past, past_selections = (*self.past, self.architecture), (*self.past_selections, self.selected)
        next_workbench = replace(
            self,
            architecture=first,
            past=past,
            past_selections=past_selections,
            future=tuple(future),
            version=self.version + 1,
        )
        return next_workbench._renew_widgets(self.selected)

    def _renew_widgets(self, selected: Iterable[LayerPath]) -> Workbench:
        return replace(self, selected=tuple(selected), revision=self.revision + 1)


def _existing_selection(architecture: Architecture, selected: tuple[LayerPath, ...]) -> tuple[LayerPath, ...]:
    wanted = tuple(dict.fromkeys(selected))
    existing = {path for path, _ in architecture.iter_layers()}
    kept = tuple(path for path in wanted if path in existing)
    if kept or not wanted or not architecture.layers:
        return kept
    return ((len(architecture.layers) - 1,),)
