"""Undo and redo, for any sequence of edits."""

from hypothesis import given
from hypothesis import strategies as st

from cnnviz.layers import Flatten
from cnnviz.presets import PRESETS
from cnnviz.ui.workbench import FIRST_LAYER, MAX_UNDO_STEPS, Workbench
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture


@given(architectures(), st.lists(architectures(), max_size=6))
def test_as_many_undos_as_edits_lead_back_and_redos_forth_again(first, designs) -> None:  # type: ignore[no-untyped-def]
    workbench = Workbench(first)
    for design in designs:
        workbench = workbench.restructure(design, FIRST_LAYER)
    last = workbench
    for _ in designs:
        workbench = workbench.undo()
    assert workbench.architecture == first
    for _ in designs:
        workbench = workbench.redo()
    assert workbench.architecture == last.architecture


def test_an_edit_after_undo_forgets_the_undone() -> None:
    workbench = Workbench(LAB).edit(LAB.remove_layer(0)).undo().edit(LAB.remove_layer(1))
    assert not workbench.future
    assert workbench.redo() == workbench


def test_an_edit_that_changes_nothing_is_no_edit() -> None:
    workbench = Workbench(LAB)
    assert workbench.edit(LAB) is workbench
    assert workbench.undo() is workbench
    assert workbench.redo() is workbench


def test_history_is_bounded() -> None:
    workbench = Workbench(LAB)
    for size in range(1, MAX_UNDO_STEPS + 20):
        workbench = workbench.edit(LAB.update_layer(0, out_channels=size))
    assert len(workbench.past) == MAX_UNDO_STEPS


def test_the_revision_changes_with_the_structure_and_not_with_a_value() -> None:
    workbench = Workbench(LAB)
    assert workbench.edit(LAB.update_layer(0, kernel_size=3)).revision == workbench.revision
    assert workbench.restructure(LAB.insert_layer(0, Flatten()), FIRST_LAYER).revision != workbench.revision
    assert workbench.edit(LAB.remove_layer(0)).undo().revision != workbench.revision


def test_the_selection_stays_inside_the_stack() -> None:
    workbench = Workbench(LAB)
    assert workbench.select([(99,)]).selected == ((len(LAB.layers) - 1,),)
    assert workbench.select([(2,), (99,), (2,)]).selected == ((2,),)
    assert workbench.select([(0, 0, 0)]).selected == ((len(LAB.layers) - 1,),)
    assert workbench.select([]).selected == ()
    assert workbench.restructure(LAB.remove_layer(8), [(8,)]).selected == ((7,),)
    empty = LAB
    for _ in LAB.layers:
        empty = empty.remove_layer(0)
    assert workbench.restructure(empty, FIRST_LAYER).selected == ()


def test_the_version_changes_with_the_design_alone() -> None:
    workbench = Workbench(LAB)
    assert workbench.select([(3,)]).version == workbench.version
    assert workbench.edit(LAB).version == workbench.version
    edited = workbench.edit(LAB.remove_layer(0))
    assert edited.version > workbench.version
    assert edited.undo().version > edited.version


def test_undo_selects_again_what_was_selected() -> None:
    workbench = Workbench(LAB).select([(1,)])
    moved = workbench.restructure(LAB.move_layer(1, 2), [(2,)])
    deleted = moved.restructure(moved.architecture.remove_layer(0), [(0,)])
    assert deleted.undo().selected == ((2,),)
    assert deleted.undo().undo().selected == ((1,),)
    assert deleted.undo().undo().redo().undo().selected == ((1,),)
    reloaded = Workbench(LAB, past=(LAB.remove_layer(0),))  # after a reload nothing is known of it
    assert reloaded.undo().selected == reloaded.selected
