"""When a page that watches a run is let look again."""

import pytest

from cnnviz.runs.changes import Changes
from cnnviz.ui import looks as module
from cnnviz.ui.looks import MAX_SECONDS, UNCHANGED_SECONDS, Looks
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def looks(clock: Clock, changes: Changes, monkeypatch: pytest.MonkeyPatch) -> Looks:
    monkeypatch.setattr(module, "drawn_fragment", lambda: ("anna", "curves"))
    opened = Looks(clock)
    opened.note(["run"], changes.moment)
    clock.now += 0.5
    return opened


def test_a_page_looks_when_what_it_shows_has_changed_and_not_before(looks: Looks, changes: Changes) -> None:
    assert not looks.is_due("anna", "curves", changes)
    changes.note("another run", "bert")
    assert not looks.is_due("anna", "curves", changes)
    changes.note("run")
    assert looks.is_due("anna", "curves", changes)


def test_a_change_between_reading_and_drawing_is_not_missed(clock: Clock, looks: Looks, changes: Changes) -> None:
    moment = changes.moment
    changes.note("run")  # while the page was read
    looks.note(["run"], moment)
    clock.now += 0.5
    assert looks.is_due("anna", "curves", changes)


def test_without_a_change_it_looks_after_a_while_as_the_time_left_has_changed(
    clock: Clock, looks: Looks, changes: Changes
) -> None:
    clock.now += UNCHANGED_SECONDS
    assert looks.is_due("anna", "curves", changes)
    assert not looks.is_due("anna", "curves", changes)  # this look is on its way


def test_the_more_watch_the_less_often_each_looks(
    clock: Clock, looks: Looks, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        monkeypatch.setattr(module, "drawn_fragment", lambda number=number: (f"student {number}", "curves"))
        looks.note(["run"], changes.moment)
    changes.note("run")
    clock.now += MAX_SECONDS - 0.1
    assert not looks.is_due("student 7", "curves", changes)
    clock.now += 0.1
    assert looks.is_due("student 7", "curves", changes)


def test_pages_that_were_left_are_forgotten_and_unknown_ones_look(clock: Clock, looks: Looks, changes: Changes) -> None:
    assert not looks.is_due("anna", "curves", changes)
    clock.now += 60
    looks.forget_left()
    assert looks.is_due("anna", "curves", changes)
    assert looks.is_due("anna", "another part", changes)


def test_what_is_deleted_is_forgotten(changes: Changes) -> None:
    changes.note("run", "anna")
    assert changes.any_since(0, ["run"])
    changes.forget("run")
    assert not changes.any_since(0, ["run"])
    assert changes.any_since(0, ["anna"])
