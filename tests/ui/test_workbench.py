"""Undo and redo, for any sequence of edits."""

from hypothesis import given
from hypothesis import strategies as st

from cnnviz.layers import Flatten
from cnnviz.presets import PRESETS
from cnnviz.ui.workbench import DEPTH, FIRST, Workbench
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture


@given(architectures(), st.lists(architectures(), max_size=6))
def test_as_many_undos_as_edits_lead_back_and_redos_forth_again(first, designs) -> None:  # type: ignore[no-untyped-def]
    bench = Workbench(first)
    for design in designs:
        bench = bench.restructured(design, FIRST)
    last = bench
    for _ in designs:
        bench = bench.undone()
    assert bench.architecture == first
    for _ in designs:
        bench = bench.redone()
    assert bench.architecture == last.architecture


def test_an_edit_after_undo_forgets_the_undone() -> None:
    bench = Workbench(LAB).edited(LAB.removed(0)).undone().edited(LAB.removed(1))
    assert not bench.future
    assert bench.redone() == bench


def test_an_edit_that_changes_nothing_is_no_edit() -> None:
    bench = Workbench(LAB)
    assert bench.edited(LAB) is bench
    assert bench.undone() is bench
    assert bench.redone() is bench


def test_history_is_bounded() -> None:
    bench = Workbench(LAB)
    for size in range(1, DEPTH + 20):
        bench = bench.edited(LAB.replaced(0, out_channels=size))
    assert len(bench.past) == DEPTH


def test_the_revision_changes_with_the_structure_and_not_with_a_value() -> None:
    bench = Workbench(LAB)
    assert bench.edited(LAB.replaced(0, kernel_size=3)).revision == bench.revision
    assert bench.restructured(LAB.inserted(0, Flatten()), FIRST).revision != bench.revision
    assert bench.edited(LAB.removed(0)).undone().revision != bench.revision


def test_the_selection_stays_inside_the_stack() -> None:
    bench = Workbench(LAB)
    assert bench.select([(99,)]).selected == ((len(LAB.layers) - 1,),)
    assert bench.select([(2,), (99,), (2,)]).selected == ((2,),)
    assert bench.select([(0, 0, 0)]).selected == ((len(LAB.layers) - 1,),)
    assert bench.select([]).selected == ()
    assert bench.restructured(LAB.removed(8), [(8,)]).selected == ((7,),)
    empty = LAB
    for _ in LAB.layers:
        empty = empty.removed(0)
    assert bench.restructured(empty, FIRST).selected == ()


def test_the_version_changes_with_the_design_alone() -> None:
    bench = Workbench(LAB)
    assert bench.select([(3,)]).version == bench.version
    assert bench.edited(LAB).version == bench.version
    edited = bench.edited(LAB.removed(0))
    assert edited.version > bench.version
    assert edited.undone().version > edited.version


def test_undo_selects_again_what_was_selected() -> None:
    bench = Workbench(LAB).select([(1,)])
    moved = bench.restructured(LAB.moved(1, 2), [(2,)])
    deleted = moved.restructured(moved.architecture.removed(0), [(0,)])
    assert deleted.undone().selected == ((2,),)
    assert deleted.undone().undone().selected == ((1,),)
    assert deleted.undone().undone().redone().undone().selected == ((1,),)
    found = Workbench(LAB, past=(LAB.removed(0),))  # after a reload nothing is known of it
    assert found.undone().selected == found.selected
