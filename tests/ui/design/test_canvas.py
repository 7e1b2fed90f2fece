"""The canvas: what it draws, which messages it takes, and what an action does."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, find_refusing_step, iter_steps, trace
from cnnviz.errors import CnnvizError, DesignError
from cnnviz.layers import PALETTE, Conv2d, Linear, MaxPool2d, Parallel, Residual
from cnnviz.presets import PRESETS
from cnnviz.ui.design.canvas.actions import apply_action
from cnnviz.ui.design.canvas.messages import (
    MAX_ACTIONS,
    Action,
    CanvasState,
    LayerRow,
    read_actions,
    to_json_data,
)
from cnnviz.ui.design.canvas.rows import canvas_rows, format_totals, rule_legend
from cnnviz.ui.design.canvas.state import canvas_state
from cnnviz.ui.workbench import Workbench
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture


def layer_rows(architecture: Architecture) -> list[LayerRow]:
    return [row for row in canvas_rows(architecture, trace(architecture)) if isinstance(row, LayerRow)]


def test_rows_show_shape_formula_parameters_and_arguments() -> None:
    first = layer_rows(LAB)[0]
    assert first.arguments == "in_channels=1, out_channels=10, kernel_size=10"
    assert (first.shape, first.parameters, first.error) == ("10 × 90 × 17", "1,010", None)
    assert (first.multiply_adds, first.memory, first.receptive_field) == ("1.53 M", "59.8 KiB", "10 × 10")
    assert first.formula.splitlines()[1] == "⌊(26 + 2·0 − 10) / 1⌋ + 1 = 17"
    assert layer_rows(LAB)[5].receptive_field == "97 × 25 of 99 × 26"


def test_the_legend_says_how_the_rules_of_the_net_are_to_be_read() -> None:
    assert "the same for a dilation d of 1" in rule_legend(trace(LAB))
    dilated = rule_legend(trace(LAB.update_layer(0, kernel_size=3, dilation=2)))
    assert "With a dilation d, a window spans d·(kernel_size − 1) + 1 samples" in dilated
    same = LAB.update_layer(0, padding="same")
    assert layer_rows(same)[0].formula.splitlines()[1] == "⌊(26 + 4 + 5 − 10) / 1⌋ + 1 = 26"
    assert "4 + 5 is 4 before the input and 5 after it" in rule_legend(trace(same))
    assert rule_legend(trace(Architecture(input_shape=(3,), layers=(Linear(out_features=2),)))) == ""


def test_rows_below_a_refusal_have_no_shape() -> None:
    rows = layer_rows(LAB.update_layer(1, kernel_size=50))
    assert len(rows) == len(LAB.layers)
    assert rows[0].shape
    assert "a window of 50 does not fit a width of 17" in (rows[1].error or "")
    assert rows[1].mends[0] == "Set kernel_size to (50, 17)"
    assert all(not row.shape and not row.error for row in rows[2:])


def test_a_refusal_inside_a_block_stands_in_the_row_of_the_layer_inside() -> None:
    block = Residual(layers=(Conv2d(out_channels=4, kernel_size=50), MaxPool2d(kernel_size=2)))
    shown = layer_rows(Architecture(input_shape=(4, 20, 20), layers=(block,)))
    assert [row.number for row in shown] == ["1", "1.a1", "1.a2"]
    assert shown[0].error is None
    assert "a window of 50" in (shown[1].error or "")
    assert shown[1].mends


@settings(max_examples=100, deadline=None)
@given(architectures())
def test_every_layer_has_a_row_with_the_shape_of_its_step(architecture: Architecture) -> None:
    shown = layer_rows(architecture)
    assert [row.path for row in shown] == [path for path, _ in architecture.iter_layers()]
    reached = {step.path: step for step in iter_steps(trace(architecture))}
    for row in shown:
        step = reached.get(row.path)
        assert bool(row.shape) == (step is not None and step.output_shape is not None)
    refused = find_refusing_step(trace(architecture))
    assert [row.path for row in shown if row.error][:1] == ([refused.path] if refused else [])
    assert all(row.path == refused.path for row in shown if row.mends and refused)
    assert format_totals(trace(architecture))


@pytest.mark.parametrize(
    "action",
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
        {"op": "select", "seq": 1, "selected": {"0": 0}},
        {"op": "select", "seq": 2**53},
        {"op": "select", "seq": 1, "version": None},
        {"op": "select"},
        {"op": "mend", "seq": 1, "index": "0"},
        {"op": "add", "seq": 1, "path": [0], "kind": 7},
    ],
)
def test_what_no_canvas_sends_is_ignored(action: object) -> None:
    assert read_actions({"actions": [action]}, 0) == []
    assert read_actions(action, 0) == []


def test_more_actions_than_may_wait_are_ignored_and_a_bad_one_stops_no_other() -> None:
    undo = {"op": "undo", "seq": 1}
    assert read_actions({"actions": [undo] * (MAX_ACTIONS + 1)}, 0) == []
    assert len(read_actions({"actions": [undo] * MAX_ACTIONS}, 0)) == MAX_ACTIONS
    assert [action.op for action in read_actions({"actions": [{"op": "explode", "seq": 1}, undo]}, 0)] == ["undo"]


@settings(max_examples=50, deadline=None)
@given(architectures())
def test_the_state_reaches_the_browser_as_json_with_the_design_and_a_row_for_every_layer(design: Architecture) -> None:
    state = canvas_state(Workbench(design), (), mount="m")
    data = json.loads(json.dumps(to_json_data(state)))
    assert Architecture.model_validate(data["design"]) == design
    rows = [row for row in data["rows"] if row["type"] == "layer"]
    assert [tuple(row["path"]) for row in rows] == [path for path, _ in design.iter_layers()]
    assert set(data) == {field.name for field in dataclasses.fields(CanvasState)}


def test_a_design_that_cannot_be_read_is_refused_with_the_reason() -> None:
    with pytest.raises(DesignError, match="This design cannot be read"):
        apply_action(Workbench(LAB), action("edit", design={"input_shape": [1], "layers": [{"kind": "Exec"}]}))
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(DesignError, match="cannot be read"):
        apply_action(Workbench(LAB), action("edit", design=deep))


def test_repeated_actions_are_applied_once_and_in_order() -> None:
    waiting = {
        "actions": [{"op": "undo", "seq": 3}, {"op": "select", "seq": 1, "selected": [[0]]}, {"op": "redo", "seq": 2}]
    }
    assert [action.op for action in read_actions(waiting, 0)] == ["select", "redo", "undo"]
    assert [action.op for action in read_actions(waiting, 2)] == ["undo"]
    assert read_actions(waiting, 3) == []


def action(op: str, **more: object) -> Action:
    (action,) = read_actions({"actions": [{"op": op, "seq": 1, **more}]}, 0)
    return action


def test_select_add_mend_undo_and_redo_do_what_they_say() -> None:
    workbench = apply_action(Workbench(LAB), action("select", selected=[[2], [3]]))
    assert workbench.selected == ((2,), (3,))
    workbench = apply_action(workbench, action("add", version=0, path=[1], kind="BatchNorm2d"))
    assert [layer.kind for layer in workbench.architecture.layers[:3]] == ["Conv2d", "BatchNorm2d", "MaxPool2d"]
    assert workbench.selected == ((1,),)
    assert apply_action(workbench, action("undo")).architecture == LAB
    assert apply_action(apply_action(workbench, action("undo")), action("redo")).architecture == workbench.architecture
    refused = Workbench(LAB.update_layer(1, kernel_size=50))
    assert trace(apply_action(refused, action("mend", index=0)).architecture)[-1].error is None
    assert apply_action(refused, action("mend", index=9)) is refused
    assert apply_action(workbench, action("add", path=[1], kind="Exec")) is workbench


def test_an_edit_takes_the_design_and_can_be_undone() -> None:
    edited = LAB.move_layer(2, 1)
    design = edited.model_dump(mode="json")
    workbench = apply_action(Workbench(LAB), action("edit", version=0, design=design, selected=[[1]]))
    assert workbench.architecture == edited
    assert workbench.selected == ((1,),)
    assert workbench.undo().architecture == LAB


def test_quick_edits_follow_each_other_and_an_edit_of_an_outdated_design_is_refused() -> None:
    """Two edits sent before the first was answered name the same version; a change made elsewhere must not be lost."""
    first, second = LAB.remove_layer(8), LAB.remove_layer(8).remove_layer(7)
    workbench = apply_action(Workbench(LAB), action("edit", version=0, design=first.model_dump(mode="json")))
    workbench = apply_action(workbench, action("edit", version=0, design=second.model_dump(mode="json")))
    assert workbench.architecture == second
    changed = workbench.edit(second.update_layer(0, kernel_size=3))
    with pytest.raises(DesignError, match="changed elsewhere at the same moment"):
        apply_action(changed, action("edit", version=0, design=LAB.model_dump(mode="json")))


@settings(max_examples=100, deadline=None)
@given(architectures(), st.lists(st.integers(0, 5), min_size=1, max_size=5), st.sampled_from(sorted(PALETTE)))
def test_a_layer_is_added_at_any_place_or_refused_with_the_reason(
    design: Architecture, path: list[int], kind: str
) -> None:
    try:
        workbench = apply_action(Workbench(design), action("add", path=path, kind=kind))
    except CnnvizError:
        return
    assert len(list(workbench.architecture.iter_layers())) >= len(list(design.iter_layers()))


def test_branches_are_json_like_any_design() -> None:
    block = Parallel(branches=((Conv2d(out_channels=2, kernel_size=1),), ()))
    design = Architecture(input_shape=(3, 5, 5), layers=(block,))
    workbench = apply_action(Workbench(LAB), action("edit", version=0, design=design.model_dump(mode="json")))
    assert workbench.architecture == design
