"""Runs of students who do nothing: during a lesson they wait, so that the device is for those who are here."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

from cnnviz.errors import CnnvizError
from cnnviz.identity.last_actions import LastActions
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.people import PeopleStore
from cnnviz.runs.run import Run
from cnnviz.runs.task_loop import TaskLoop

LOOK_SECONDS = 15.0
"""Between two looks at who does nothing."""
CLOSE_TIMEOUT_SECONDS = 5.0
PAUSED_WHILE_AWAY = "Paused while you were away. It goes on when you do something here, or when the lesson is over."
"""The message of such a run, by which it is found again, also after a restart of the server."""


def idle_seconds(people: PeopleStore, last_actions: LastActions, owner: str) -> float:
    """Returns for how long somebody has done nothing; teachers are never idle."""
    account = people.find(owner)
    return 0.0 if account and account.person.is_teacher else last_actions.idle_seconds(owner)


class PauseRun(Protocol):
    """Pauses a run of an owner, with a sentence for them."""

    def __call__(self, owner: str, run_id: str, /, *, message: str) -> None:
        """Pauses the run; harmless for one that does not wait or train."""
        ...


class IdleRuns:
    """Pauses the runs of students who do nothing while a lesson lasts, and lets them go on."""

    def __init__(
        self,
        *,
        rules: Callable[[], ClassRules],
        active_runs: Callable[[], Sequence[Run]],
        paused_runs: Callable[[str], Sequence[Run]],
        idle_seconds: Callable[[str], float],
        pause: PauseRun,
        resume: Callable[[str, str], None],
    ) -> None:
        """`paused_runs` takes the message of a pause; `idle_seconds` an owner, for how long they have done nothing."""
        self._rules, self._active_runs, self._paused_runs = rules, active_runs, paused_runs
        self._idle_seconds, self._pause, self._resume = idle_seconds, pause, resume
        self._loop = TaskLoop("idle runs")

    def start(self) -> None:
        """Starts to look, in a thread of its own: whoever lets a run go on waits for its device."""
        self._loop.call_soon(self._look_repeatedly)
        self._loop.start()

    def close(self) -> None:
        """Ends the thread, if it was started."""
        if self._loop.is_alive:
            self._loop.call_soon(self._loop.stop)
            self._loop.join(CLOSE_TIMEOUT_SECONDS)

    def look(self) -> None:
        """Pauses the runs of those who are idle now, and lets go on what was paused for those who are not."""
        max_idle = self._rules().max_idle_seconds()
        active = self._active_runs() if max_idle < inf else ()
        paused = self._paused_runs(PAUSED_WHILE_AWAY)
        idle = {owner for owner in {run.owner for run in (*active, *paused)} if self._idle_seconds(owner) > max_idle}
        for run in active:
            if run.owner in idle:
                self._pause(run.owner, run.id, message=PAUSED_WHILE_AWAY)
        for run in paused:
            if run.owner not in idle:
                self._try_to_resume(run)

    def _look_repeatedly(self) -> None:
        self._loop.call_later(LOOK_SECONDS, self._look_repeatedly)
        self.look()

    def _try_to_resume(self, run: Run) -> None:
        try:
            self._resume(run.owner, run.id)
        except CnnvizError:  # the class is frozen, or the owner has begun as many others: the next look tries again
            return
