"""The teacher's rules, comments and overview, in both databases."""

import time
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest

from cnnviz.errors import CnnvizError
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.comment import MAX_COMMENT_LENGTH
from cnnviz.runs.lesson import Lesson
from cnnviz.runs.run import LR_FINDER_RUN
from cnnviz.runs.store import Store
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.teacher_desk import OVERVIEW_SECONDS, TeacherDesk
from tests.designs import ANNA, BERT, make_run

pytest_plugins = ["tests.runs.databases"]


@pytest.fixture
def loop() -> Iterator[TaskLoop]:
    running = TaskLoop("writer")
    running.start()
    yield running
    running.call_soon(running.stop)
    running.join(10)


@pytest.fixture
def store(tmp_path: Path, url: str) -> Iterator[Store]:
    opened = Store(tmp_path, url)
    yield opened
    opened.close()


def test_rules_are_in_force_at_once_and_after_a_restart(store: Store, loop: TaskLoop) -> None:
    desk = TeacherDesk(store, loop)
    assert desk.rules == ClassRules()
    for rules in (ClassRules(message="Ten minutes left", frozen=True), ClassRules(max_epochs=5)):
        desk.set_rules(rules)
        assert desk.rules == rules
        assert TeacherDesk(store, loop).rules == rules


def test_a_lesson_lasts_until_its_end_or_until_it_is_ended_and_so_does_what_was_put_first(
    store: Store, loop: TaskLoop
) -> None:
    desk = TeacherDesk(store, loop)
    desk.put_first("a run", first=True)
    assert desk.rules == ClassRules()  # between two lessons
    desk.begin_lesson(time.time() + 3600)
    for run_id in ("a run", "another", "a third"):
        desk.put_first(run_id, first=True)
    desk.put_first("another", first=False)
    desk.begin_lesson(ends := time.time() + 7200)  # longer
    again = TeacherDesk(store, loop).rules  # after a restart
    assert again.present_lesson() == Lesson(ends=ends, first_runs=("a run", "a third"))
    assert [again.comes_first(run_id) for run_id in ("a run", "another", "a third")] == [True, False, True]
    assert again.max_idle_seconds() == 30 * 60
    assert again.changed(idle_minutes=None).max_idle_seconds() == inf
    desk.end_lesson()
    assert not desk.rules.comes_first("a run")
    desk.begin_lesson(time.time() - 1)  # one whose time is over
    assert (desk.rules.present_lesson(), desk.rules.max_idle_seconds()) == (None, inf)


def test_comments_stay_with_their_run_and_go_with_it(store: Store, loop: TaskLoop) -> None:
    one, other = make_run(), make_run()
    store.add_run(one)
    desk = TeacherDesk(store, loop)
    moment = store.changes.moment
    desk.add_comment(one.id, "Ms Lee", "  Try BatchNorm.\n")
    desk.add_comment(one.id, "Ms Lee", "<b>Good</b>")
    assert [(comment.author, comment.text) for comment in desk.comments(one.id)] == [
        ("Ms Lee", "Try BatchNorm."),
        ("Ms Lee", "<b>Good</b>"),
    ]
    assert desk.comments(other.id) == []
    assert store.changes.any_since(moment, [one.id])  # so that an open page shows it
    desk.delete_comment(desk.comments(one.id)[0])
    assert [comment.text for comment in desk.comments(one.id)] == ["<b>Good</b>"]
    store.delete_run(one.id)
    assert desk.comments(one.id) == []


@pytest.mark.parametrize("text", ["", " \n", "x" * (MAX_COMMENT_LENGTH + 1)])
def test_comments_without_words_or_with_too_many_are_refused(store: Store, loop: TaskLoop, text: str) -> None:
    desk = TeacherDesk(store, loop)
    with pytest.raises(CnnvizError):
        desk.add_comment("run", "Ms Lee", text)
    assert desk.comments("run") == []


def test_the_overview_counts_trainings_of_the_time_and_asks_the_database_once_a_second(
    store: Store, loop: TaskLoop
) -> None:
    now = 100.0
    desk = TeacherDesk(store, loop, lambda: now)
    store.add_run(make_run(ANNA, created=5.0))
    store.add_run(make_run(ANNA, created=15.0))
    store.add_run(make_run(ANNA, created=16.0, deleted=17.0))
    store.add_run(make_run(BERT, created=16.0, kind=LR_FINDER_RUN))
    assert {owner: work.runs for owner, work in desk.overview().items()} == {ANNA: 2}
    assert {owner: work.runs for owner, work in desk.overview(since=10.0).items()} == {ANNA: 1}
    store.add_run(make_run(BERT, created=20.0))
    assert desk.overview(since=10.0).keys() == {ANNA}
    now += OVERVIEW_SECONDS
    assert desk.overview(since=10.0).keys() == {ANNA, BERT}
