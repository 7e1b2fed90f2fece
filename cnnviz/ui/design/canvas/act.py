"""What the student does on the canvas, as the browser tells it, and what it makes of the workbench."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from cnnviz.advice import Remark
from cnnviz.architecture import Architecture, LayerPath, input_shape_at, trace
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE
from cnnviz.ui.workbench import Workbench

MAX_PLACES = 1000
"""Layers that an act may speak of: an edit that is refused for too many must still be read to be answered."""
MAX_ACTS = 100
"""Acts that may wait for their answer."""
Operation = Literal["select", "edit", "add", "mend", "heed", "undo", "redo"]


@dataclass(frozen=True)
class Act:
    """What the student did on the canvas."""

    op: Operation
    seq: int
    """The number of the act, counted by the canvas; what it is given back tells it how far the server is."""
    version: int
    """The version of the design that the canvas had been given."""
    selected: tuple[LayerPath, ...] = ()
    path: LayerPath = ()
    kind: str = ""
    index: int = 0
    design: object = None
    """An edited design as the browser sent it, to be read when its turn comes."""


def acts(value: object, last: int) -> list[Act]:
    """What the browser says was done since the act numbered `last`, in order; what no canvas sends is left out.

    The canvas sends every act again until it is answered: of two messages at the same moment, Streamlit keeps one.
    """
    sent = value.get("acts") if isinstance(value, dict) else None
    if not isinstance(sent, list) or len(sent) > MAX_ACTS:
        return []
    found = [each for each in map(_act, sent) if each is not None and each.seq > last]
    return sorted(found, key=lambda each: each.seq)


def _act(value: object) -> Act | None:
    if not isinstance(value, dict) or value.get("op") not in get_args(Operation):
        return None
    seq, version, index = (value.get(name, 0) for name in ("seq", "version", "index"))
    if not all(type(each) is int and 0 <= each < 2**53 for each in (seq, version, index)):
        return None
    selected, path, kind = value.get("selected", []), value.get("path", []), value.get("kind", "")
    if not isinstance(selected, list) or len(selected) > MAX_PLACES or not isinstance(kind, str):
        return None
    paths = [_path(each) for each in (*selected, path)]
    if any(each is None for each in paths):
        return None
    known = [each for each in paths if each is not None]
    return Act(value["op"], seq, version, tuple(known[:-1]), known[-1], kind, index, value.get("design"))


def _path(value: object) -> LayerPath | None:
    """A path as the browser writes it; None for anything else."""
    if not isinstance(value, list) or len(value) > 9:
        return None
    if not all(type(part) is int and 0 <= part <= MAX_PLACES for part in value):
        return None
    return tuple(value)


def after(bench: Workbench, done: Act, remarks: Sequence[Remark] = ()) -> Workbench:
    """The workbench after an act; raises DesignError with the reason why it cannot be.

    `remarks` are those on the design at hand, of which an act may heed one.
    """
    match done.op:
        case "select":
            return bench.select(done.selected)
        case "undo" | "redo":
            return bench.undo() if done.op == "undo" else bench.redo()
        case "add":
            return _added(bench, done)
        case "edit":
            return _edited(bench, done)
    if bench.version != done.version:
        return bench  # a second click on what is no longer there
    return _heeded(bench, done, remarks) if done.op == "heed" else _tried(bench, done)


def _tried(bench: Workbench, done: Act) -> Workbench:
    """With one of the mends of the layer that refuses."""
    steps = trace(bench.architecture)
    mends = steps[-1].mends[done.index : done.index + 1] if steps else ()
    return bench.restructure(mends[0].architecture, bench.selected) if mends else bench


def _heeded(bench: Workbench, done: Act, remarks: Sequence[Remark]) -> Workbench:
    """With what one click does about a remark; the layer it is about is selected."""
    for remark in remarks[done.index : done.index + 1]:
        if remark.mend:
            selected = bench.selected if remark.path is None else [remark.path]
            return bench.restructure(remark.mend.architecture, selected)
    return bench


def _added(bench: Workbench, done: Act) -> Workbench:
    if done.kind not in PALETTE or len(done.path) % 2 == 0:
        return bench
    _check_version(bench, done)
    layer = PALETTE[done.kind].default(input_shape_at(bench.architecture, done.path) or ())
    added = bench.restructure(bench.architecture.insert_layer(done.path, layer), [done.path])
    return replace(added, canvas_version=added.version)


def _edited(bench: Workbench, done: Act) -> Workbench:
    _check_version(bench, done)
    try:
        text = json.dumps(done.design)
    except RecursionError:
        raise DesignError("This design cannot be read: it is nested too deeply.") from None
    edited = bench.restructure(Architecture.from_json(text), done.selected)
    return replace(edited, canvas_version=edited.version)


def _check_version(bench: Workbench, done: Act) -> None:
    """Edits of one canvas follow each other; any other change it must have seen before."""
    if bench.version not in (done.version, bench.canvas_version):
        raise DesignError("The net was changed elsewhere at the same moment, so this edit was left out. Try again.")
