from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, find_refusing_step, iter_steps, trace
from cnnviz.errors import CnnvizError, DesignError
from cnnviz.layers import PALETTE, Conv2d, MaxPool2d, Parallel, Residual
from cnnviz.presets import PRESETS
from cnnviz.ui.design.canvas.act import Act, acts, after
from cnnviz.ui.design.canvas.rows import Drawn, rows, totals
from cnnviz.ui.workbench import Workbench
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture


def layers(architecture: Architecture) -> list[Drawn]:
    return [row for row in rows(architecture, trace(architecture)) if "kind" in row]


def test_rows_show_shape_formula_parameters_and_arguments() -> None:
    first = layers(LAB)[0]
    assert first["arguments"] == "in_channels=1, out_channels=10, kernel_size=10"
    assert (first["shape"], first["parameters"], first["error"]) == ("10 × 90 × 17", "1,010", None)
    assert (first["multiply"], first["memory"], first["reach"]) == ("1.53 M", "59.8 KiB", "10 × 10")
    assert first["formula"].splitlines()[1] == "⌊(26 + 2·0 − 10) / 1⌋ + 1 = 17"
    assert layers(LAB)[5]["reach"] == "whole input"


def test_rows_behind_a_refusal_are_kept_without_shape() -> None:
    kept = layers(LAB.update_layer(1, kernel_size=50))
    assert len(kept) == len(LAB.layers)
    assert kept[0]["shape"]
    assert "a window of 50 does not fit a width of 17" in kept[1]["error"]
    assert kept[1]["mends"][0] == "Set kernel_size to (50, 17)"
    assert all(not row.get("shape") and not row.get("error") for row in kept[2:])


def test_a_refusal_in_a_block_is_told_by_the_layer_inside() -> None:
    block = Residual(layers=(Conv2d(out_channels=4, kernel_size=50), MaxPool2d(kernel_size=2)))
    shown = layers(Architecture(input_shape=(4, 20, 20), layers=(block,)))
    assert [row["number"] for row in shown] == ["1", "1.a1", "1.a2"]
    assert shown[0]["error"] is None
    assert "a window of 50" in shown[1]["error"]
    assert shown[1]["mends"]


@settings(max_examples=100, deadline=None)
@given(architectures())
def test_every_layer_has_a_row_with_the_shape_of_its_step(architecture: Architecture) -> None:
    shown = layers(architecture)
    assert [tuple(row["path"]) for row in shown] == [path for path, _ in architecture.iter_layers()]
    reached = {step.path: step for step in iter_steps(trace(architecture))}
    for row in shown:
        step = reached.get(tuple(row["path"]))
        assert bool(row.get("shape")) == (step is not None and step.output_shape is not None)
    refused = find_refusing_step(trace(architecture))
    assert [tuple(row["path"]) for row in shown if row.get("error")][:1] == ([refused.path] if refused else [])
    assert all(tuple(row["path"]) == refused.path for row in shown if row.get("mends") and refused)
    assert totals(trace(architecture))


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "select",
        {},
        {"op": "explode", "seq": 1},
        {"op": ["select"]},
        {"op": "select", "seq": -1},
        {"op": "select", "seq": True},
        {"op": "select", "seq": 1.5},
        {"op": "select", "seq": 1, "selected": "all"},
        {"op": "select", "seq": 1, "selected": [[0.5]]},
        {"op": "select", "seq": 1, "selected": [[-1]]},
        {"op": "select", "seq": 1, "selected": [["0"]]},
        {"op": "select", "seq": 1, "selected": [[0] * 99]},
        {"op": "select", "seq": 1, "selected": [[0]] * 1001},
        {"op": "add", "seq": 1, "path": [0], "kind": 7},
    ],
)
def test_what_is_no_act_is_ignored(sent: object) -> None:
    assert acts({"acts": [sent]}, 0) == []
    assert acts(sent, 0) == []


def test_a_design_that_cannot_be_is_told() -> None:
    with pytest.raises(DesignError, match="This design cannot be read"):
        after(Workbench(LAB), sent("edit", design={"input_shape": [1], "layers": [{"kind": "Exec"}]}))
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(DesignError, match="cannot be read"):
        after(Workbench(LAB), sent("edit", design=deep))


def test_acts_that_wait_are_done_once_and_in_order() -> None:
    waiting = {
        "acts": [{"op": "undo", "seq": 3}, {"op": "select", "seq": 1, "selected": [[0]]}, {"op": "redo", "seq": 2}]
    }
    assert [done.op for done in acts(waiting, 0)] == ["select", "redo", "undo"]
    assert [done.op for done in acts(waiting, 2)] == ["undo"]
    assert acts(waiting, 3) == []


def sent(op: str, **more: object) -> Act:
    (found,) = acts({"acts": [{"op": op, "seq": 1, **more}]}, 0)
    return found


def test_select_add_mend_undo_and_redo_do_what_they_say() -> None:
    bench = after(Workbench(LAB), sent("select", selected=[[2], [3]]))
    assert bench.selected == ((2,), (3,))
    bench = after(bench, sent("add", version=0, path=[1], kind="BatchNorm2d"))
    assert [layer.kind for layer in bench.architecture.layers[:3]] == ["Conv2d", "BatchNorm2d", "MaxPool2d"]
    assert bench.selected == ((1,),)
    assert after(bench, sent("undo")).architecture == LAB
    assert after(after(bench, sent("undo")), sent("redo")).architecture == bench.architecture
    refused = Workbench(LAB.update_layer(1, kernel_size=50))
    assert trace(after(refused, sent("mend", index=0)).architecture)[-1].error is None
    assert after(refused, sent("mend", index=9)) is refused
    assert after(bench, sent("add", path=[1], kind="Exec")) is bench


def test_an_edit_takes_the_design_and_can_be_undone() -> None:
    edited = LAB.move_layer(2, 1)
    design = edited.model_dump(mode="json")
    bench = after(Workbench(LAB), sent("edit", version=0, design=design, selected=[[1]]))
    assert bench.architecture == edited
    assert bench.selected == ((1,),)
    assert bench.undo().architecture == LAB


def test_quick_edits_follow_each_other_and_a_missed_change_is_told() -> None:
    """Two edits sent before the first was answered name the same version; a change made elsewhere must not be lost."""
    first, second = LAB.remove_layer(8), LAB.remove_layer(8).remove_layer(7)
    bench = after(Workbench(LAB), sent("edit", version=0, design=first.model_dump(mode="json")))
    bench = after(bench, sent("edit", version=0, design=second.model_dump(mode="json")))
    assert bench.architecture == second
    changed = bench.edit(second.update_layer(0, kernel_size=3))
    with pytest.raises(DesignError, match="changed elsewhere at the same moment"):
        after(changed, sent("edit", version=0, design=LAB.model_dump(mode="json")))


@settings(max_examples=100, deadline=None)
@given(architectures(), st.lists(st.integers(0, 5), min_size=1, max_size=5), st.sampled_from(sorted(PALETTE)))
def test_a_layer_is_added_at_any_place_or_the_reason_is_told(design: Architecture, path: list[int], kind: str) -> None:
    try:
        bench = after(Workbench(design), sent("add", path=path, kind=kind))
    except CnnvizError:
        return
    assert len(list(bench.architecture.iter_layers())) >= len(list(design.iter_layers()))


def test_branches_are_json_like_any_design() -> None:
    block = Parallel(branches=((Conv2d(out_channels=2, kernel_size=1),), ()))
    design = Architecture(input_shape=(3, 5, 5), layers=(block,))
    bench = after(Workbench(LAB), sent("edit", version=0, design=design.model_dump(mode="json")))
    assert bench.architecture == design
