"""What the student does on the canvas, as the browser tells it, and what it makes of the workbench."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from cnnviz.advice import Remark
from cnnviz.architecture import MAX_LAYERS, Architecture, Path, shape_before, trace
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE
from cnnviz.ui.workbench import Workbench

Operation = Literal["select", "edit", "add", "mend", "heed", "undo", "redo"]


@dataclass(frozen=True)
class Act:
    """What the student did on the canvas."""

    op: Operation
    seq: int
    """The number of the act, counted by the canvas; what it is given back tells it how far the server is."""
    version: int
    """The version of the design that the canvas had been given."""
    selected: tuple[Path, ...] = ()
    path: Path = ()
    kind: str = ""
    index: int = 0
    design: Architecture | None = None


def act(value: object) -> Act | None:
    """What the browser says was done, checked; None for what no canvas sends.

    Raises DesignError where it is an edit to a design that cannot be.
    """
    if not isinstance(value, dict) or value.get("op") not in get_args(Operation):
        return None
    seq, version, index = (value.get(name, 0) for name in ("seq", "version", "index"))
    if not all(type(each) is int and 0 <= each < 2**53 for each in (seq, version, index)):
        return None
    selected, path, kind = value.get("selected", []), value.get("path", []), value.get("kind", "")
    if not isinstance(selected, list) or len(selected) > MAX_LAYERS or not isinstance(kind, str):
        return None
    paths = [_path(each) for each in (*selected, path)]
    if any(each is None for each in paths):
        return None
    known = [each for each in paths if each is not None]
    design = None
    if value["op"] == "edit":
        try:
            text = json.dumps(value.get("design"))
        except RecursionError:
            raise DesignError("This design cannot be read: it is nested too deeply.") from None
        design = Architecture.from_json(text)
    return Act(value["op"], seq, version, tuple(known[:-1]), known[-1], kind, index, design)


def _path(value: object) -> Path | None:
    """A path as the browser writes it; None for anything else."""
    if not isinstance(value, list) or len(value) > 9:
        return None
    if not all(type(part) is int and 0 <= part <= MAX_LAYERS for part in value):
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
            return bench.undone() if done.op == "undo" else bench.redone()
        case "add":
            return _added(bench, done)
        case "mend":
            steps = trace(bench.architecture)
            mends = steps[-1].mends[done.index : done.index + 1] if steps else ()
            return bench.restructured(mends[0].architecture, bench.selected) if mends else bench
        case "heed":
            heeded = [each for each in remarks[done.index : done.index + 1] if each.mend]
            return _mended(bench, heeded[0]) if heeded else bench
    return _edited(bench, done)


def _mended(bench: Workbench, remark: Remark) -> Workbench:
    """With what one click does about a remark; the layer it is about is selected."""
    if remark.mend is None:
        return bench
    return bench.restructured(remark.mend.architecture, bench.selected if remark.path is None else [remark.path])


def _added(bench: Workbench, done: Act) -> Workbench:
    if done.kind not in PALETTE or len(done.path) % 2 == 0:
        return bench
    layer = PALETTE[done.kind].fresh(shape_before(bench.architecture, done.path) or ())
    return bench.restructured(bench.architecture.inserted(done.path, layer), [done.path])


def _edited(bench: Workbench, done: Act) -> Workbench:
    """Edits of one canvas follow each other; any other change it must have seen before."""
    if done.design is None:
        return bench
    if bench.version not in (done.version, bench.canvas):
        raise DesignError("The net was changed elsewhere at the same moment, so this edit was left out. Try again.")
    edited = bench.restructured(done.design, done.selected)
    return replace(edited, canvas=edited.version)
