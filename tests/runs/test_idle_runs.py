"""Whose runs wait while a lesson lasts, without a server."""

import time

import pytest

from cnnviz.errors import LimitError
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.idle_runs import PAUSED_WHILE_AWAY, IdleRuns
from cnnviz.runs.lesson import Lesson
from cnnviz.runs.run import Run, Status
from tests.designs import ANNA, BERT, make_run


class Room:
    """The runs of a class, and for how long each of their owners has done nothing."""

    def __init__(self, *runs: Run) -> None:
        self.runs = {run.id: run for run in runs}
        self.idle = {ANNA: 0.0, BERT: 0.0}
        self.rules = ClassRules(idle_minutes=10, lesson=Lesson(ends=time.time() + 3600))
        self.refusal: LimitError | None = None
        self.idle_runs = IdleRuns(
            rules=lambda: self.rules,
            active_runs=lambda: [run for run in self.runs.values() if run.active],
            paused_runs=self._paused_runs,
            idle_seconds=self.idle.__getitem__,
            pause=self._pause,
            resume=self._resume,
        )

    def statuses(self) -> list[Status]:
        self.idle_runs.look()
        return [run.status for run in self.runs.values()]

    def _paused_runs(self, message: str) -> list[Run]:
        return [run for run in self.runs.values() if run.status == Status.PAUSED and run.message == message]

    def _pause(self, owner: str, run_id: str, /, *, message: str) -> None:
        self._change(owner, run_id, Status.PAUSED, message)

    def _resume(self, owner: str, run_id: str) -> None:
        if self.refusal:
            raise self.refusal
        self._change(owner, run_id, Status.QUEUED, "")

    def _change(self, owner: str, run_id: str, status: Status, message: str) -> None:
        assert self.runs[run_id].owner == owner
        self.runs[run_id] = make_run(owner, id=run_id, status=status, message=message)


@pytest.fixture
def room() -> Room:
    return Room(
        make_run(ANNA, status=Status.RUNNING),
        make_run(ANNA, status=Status.QUEUED),
        make_run(BERT, status=Status.RUNNING),
        make_run(BERT, status=Status.PAUSED),
    )


def test_runs_of_who_does_nothing_wait_until_they_come_back(room: Room) -> None:
    before = room.statuses()
    room.idle[ANNA] = 601.0
    assert room.statuses() == [Status.PAUSED, Status.PAUSED, *before[2:]]
    assert [run.message for run in room.runs.values()] == [PAUSED_WHILE_AWAY, PAUSED_WHILE_AWAY, "", ""]
    room.idle[ANNA] = 1.0
    assert room.statuses() == [Status.QUEUED, Status.QUEUED, *before[2:]]  # what Bert paused himself stays so


@pytest.mark.parametrize(
    "change", [{"lesson": Lesson(ends=0.0)}, {"lesson": None}, {"idle_minutes": None}], ids=["over", "ended", "never"]
)
def test_they_train_on_where_no_lesson_lasts_or_the_teacher_says_so(room: Room, change: dict[str, object]) -> None:
    before, during = room.statuses(), room.rules
    room.idle[ANNA] = 1e6
    room.rules = during.changed(**change)
    assert room.statuses() == before
    room.rules = during
    assert room.statuses()[:2] == [Status.PAUSED, Status.PAUSED]
    room.rules = during.changed(**change)
    assert room.statuses()[:2] == [Status.QUEUED, Status.QUEUED]


def test_what_may_not_go_on_just_now_is_tried_again(room: Room) -> None:
    room.idle[ANNA] = 601.0
    room.statuses()
    room.idle[ANNA], room.refusal = 0.0, LimitError("Your teacher has frozen the class.")
    assert room.statuses()[:2] == [Status.PAUSED, Status.PAUSED]
    room.refusal = None
    assert room.statuses()[:2] == [Status.QUEUED, Status.QUEUED]
