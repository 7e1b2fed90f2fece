"""What an action on the canvas makes of the workbench."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from cnnviz.advice import Remark
from cnnviz.architecture import Architecture, input_shape_at, trace
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE
from cnnviz.ui.design.canvas.messages import Action, Add, ApplyAdvice, ApplyMend, Edit, Redo, Select, Undo
from cnnviz.ui.workbench import Workbench


def apply_action(workbench: Workbench, action: Action, remarks: Sequence[Remark] = ()) -> Workbench:
    """Returns the workbench after an action; raises DesignError with the reason where it is refused.

    `remarks` are those on the current design; ApplyAdvice names one of them by its index.
    """
    match action:
        case Select():
            return workbench.select(action.selected)
        case Undo() | Redo():
            return workbench.undo() if action.op == "undo" else workbench.redo()
        case Add():
            return _add_layer(workbench, action)
        case Edit():
            return _replace_design(workbench, action)
        case ApplyMend():
            return _apply_mend(workbench, action)
        case ApplyAdvice():
            return _apply_advice(workbench, action, remarks)
        case _:
            assert_never(action)


def _apply_mend(workbench: Workbench, action: ApplyMend) -> Workbench:
    """Applies a mend of the layer that refuses; a second click finds the design changed, and does nothing."""
    steps = trace(workbench.architecture)
    if workbench.version != action.version or not steps or action.index >= len(steps[-1].mends):
        return workbench
    return workbench.restructure(steps[-1].mends[action.index].architecture, workbench.selected)


def _apply_advice(workbench: Workbench, action: ApplyAdvice, remarks: Sequence[Remark]) -> Workbench:
    """Applies the mend of a remark and selects its layer; a second click finds the design changed, and does nothing."""
    if workbench.version != action.version or action.index >= len(remarks):
        return workbench
    remark = remarks[action.index]
    if not remark.mend:
        return workbench
    selected = workbench.selected if remark.path is None else [remark.path]
    return workbench.restructure(remark.mend.architecture, selected)


def _add_layer(workbench: Workbench, action: Add) -> Workbench:
    if action.kind not in PALETTE or len(action.path) % 2 == 0:
        return workbench
    _check_version(workbench, action)
    layer = PALETTE[action.kind].default(input_shape_at(workbench.architecture, action.path) or ())
    added = workbench.restructure(workbench.architecture.insert_layer(action.path, layer), [action.path])
    return replace(added, canvas_version=added.version)


def _replace_design(workbench: Workbench, action: Edit) -> Workbench:
    _check_version(workbench, action)
    try:
        text = json.dumps(action.design)
    except RecursionError:
        raise DesignError("This design cannot be read: it is nested too deeply.") from None
    edited = workbench.restructure(Architecture.from_json(text), action.selected)
    return replace(edited, canvas_version=edited.version)


def _check_version(workbench: Workbench, action: Add | Edit) -> None:
    """Raises DesignError where the design was changed by anything but the edits that this canvas made itself."""
    if workbench.version not in (action.version, workbench.canvas_version):
        raise DesignError("The net was changed elsewhere at the same moment, so this edit was not made. Try again.")
