"""One search that goes on: it begins runs, watches them, and knows when it is over."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from cnnviz.architecture import Architecture
from cnnviz.data import find
from cnnviz.errors import CnnvizError, LimitError
from cnnviz.runs.run import ACTIVE, Run, Status
from cnnviz.runs.search import Search
from cnnviz.runs.store import Store
from cnnviz.runs.study import Study, Trial
from cnnviz.search.space import Parameter, Space, chosen, configured
from cnnviz.search.variant import variant
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import VALIDATION
from cnnviz.training.readiness import check
from cnnviz.words import as_share, duration

MOST_REFUSED = 5
"""Choices in a row that cannot be trained, after which a search gives up."""
PATIENCE = 2.0
"""Seconds until a run is asked for again that a limit has refused."""
HELD = (*ACTIVE, Status.PAUSED)
log = logging.getLogger(__name__)


class Trainer(Protocol):
    """What a search asks of a cluster."""

    def submit(
        self, owner: str, architecture: Architecture, config: TrainConfig, *, title: str = "", search: str | None = None
    ) -> Run:
        """Queue a training; raises CnnvizError."""

    def stop(self, owner: str, run_id: str, wait: float = 0.0, reason: str = "") -> None:
        """Stop a run."""


@dataclass(frozen=True)
class Progress:
    """What a search has tried, as it was when somebody looked."""

    trials: tuple[Trial, ...] = ()
    importances: Mapping[str, float] = field(default_factory=dict)
    """Share of each parameter in what made runs good; empty until there are enough."""
    winner: int | None = None
    """The number of the trial that reached the goal."""


class Outcome(NamedTuple):
    """How a search ended."""

    status: Status
    message: str


@dataclass
class _Followed:
    """A run that goes on, and how far it has been reported."""

    run: str
    epoch: int = 0
    best: float = 0.0
    noted: bool = False
    """Whether the study knows which run it is; tried again where the database refused."""


class Seeker:
    """Follows the runs of a search and begins others, one step after the other; for one thread."""

    def __init__(self, search: Search, study: Study, trainer: Trainer, store: Store, limits: Settings) -> None:
        self.search = search
        self._space = Space.model_validate(search.space)
        self._study, self._trainer, self._store, self._limits = study, trainer, store, limits
        self._followed: dict[int, _Followed] = {}  # by the numbers of their trials
        self._winner = study.winner
        self._waiting: Trial | None = None  # choices for which there is no room yet
        self._not_before = 0.0
        self._refusals: list[str] = []
        self.changed = True
        """Whether there is other progress than when it was last asked for."""

    def begin(self, parameters: Mapping[str, Parameter]) -> None:
        """Ask first for the design as it is."""
        self._study.begin_with({name: parameter.start for name, parameter in parameters.items()})

    def resume(self) -> None:
        """Follow what a server before this one had begun."""
        for trial in self._study.going_on():
            if trial.run:
                known = self._study.reported(trial.number)
                self._followed[trial.number] = _Followed(
                    trial.run, max(known, default=0), max(known.values(), default=0.0), noted=True
                )
            else:  # asked for, and not begun any more
                self._study.failed(trial.number)
        begun = {trial.run for trial in self._study.found()}
        for run in self._store.of_search(self.search.id):
            if run.status in HELD and run.id not in begun:
                self._stop(run.id, "Stopped: the server ended before its search knew of it.")

    def step(self) -> Outcome | None:
        """Look at all runs, begin others where there is room; how it ended, once it has."""
        for number, followed in list(self._followed.items()):
            self._look(number, followed)
        if self._winner is not None:
            self._stop_all(f"Stopped: run {self._winner} of its search reached the goal.", but=self._winner)
            return None if self._winner in self._followed else self._won(self._winner)
        while len(self._refusals) < MOST_REFUSED:
            if not self._room():
                return None
            trial = self._waiting or self._next()
            if trial is None:
                return None if self._followed else self._used_up()
            self._train(trial)
        self._stop_all("Stopped with its search.")
        return Outcome(Status.FAILED, f"{MOST_REFUSED} designs in a row could not be trained. {self._refusals[-1]}")

    def halt(self) -> None:
        """Stop all runs."""
        self._stop_all("Stopped with its search.")

    def progress(self) -> Progress:
        """What has been tried so far."""
        self.changed = False
        return Progress(self._study.found(), self._study.importances(), self._winner)

    # ── runs that go on ──

    def _look(self, number: int, followed: _Followed) -> None:
        run = self._store.run(followed.run)  # before its points, which are then all there if it has ended
        new = self._report(number, followed)
        if not followed.noted:
            self._study.begun(number, followed.run)
            followed.noted = True
        if followed.best >= self._space.goal and self._winner is None:
            self._reached(number, followed.best)
        if run is None or run.status == Status.STOPPED:  # by its student; or deleted
            self._study.cut(number)
        elif run.status in (Status.DONE, Status.FAILED):  # what fails, mostly by diverging, is told with what it had
            self._study.ended(number, followed.best)
        elif new and number != self._winner and self._study.falls_behind(number):
            self._stop(
                followed.run,
                f"Stopped by its search after epoch {followed.epoch}: with {followed.best:.3f} on validation it was not"
                " in the better half of the runs that came as far.",
            )
            self._study.cut(number, behind=True)
        else:
            return
        del self._followed[number]
        self.changed = True

    def _report(self, number: int, followed: _Followed) -> bool:
        """Hand on what the run has reached after each epoch; whether there was something new."""
        wanted = followed.run, VALIDATION, "accuracy"
        line = self._store.lines([wanted[0]], [wanted[1]], [wanted[2]]).get(wanted)
        before = followed.epoch
        for epoch, value in zip(*line, strict=True) if line else ():
            if epoch > followed.epoch:
                followed.best = max(followed.best, float(value))
                self._study.report(number, int(epoch), followed.best)
                followed.epoch = int(epoch)
        return followed.epoch > before

    def _reached(self, number: int, accuracy: float) -> None:
        """Let this run train to its end, and no other."""
        seconds = time.time() - self.search.created
        log.info("search %s: run %d reached %.3f after %.0f s", self.search.id, number, accuracy, seconds)
        self._study.winner = self._winner = number
        self.changed = True
        self._store.update_search(
            self.search.id,
            message=f"Run {number} reached {accuracy:.3f} on validation after {duration(seconds)}. It trains to its end"
            " and is then tested, once.",
        )

    def _stop_all(self, reason: str, but: int | None = None) -> None:
        for number, followed in list(self._followed.items()):
            if number != but:
                self._stop(followed.run, reason)
                self._study.cut(number)
                del self._followed[number]
                self.changed = True

    def _stop(self, run_id: str, reason: str) -> None:
        try:
            self._trainer.stop(self.search.owner, run_id, reason=reason)
        except CnnvizError:  # deleted meanwhile, or the server cannot just now: then it trains to its end
            log.warning("run %s of search %s was not stopped", run_id, self.search.id)

    # ── runs to come ──

    def _room(self) -> bool:
        """Whether the student's share has room for another run just now."""
        active = sum(run.owner == self.search.owner for run in self._store.active())
        return active < self._limits.max_running_runs and time.monotonic() >= self._not_before

    def _next(self) -> Trial | None:
        """Other choices; None when there have been as many as the space allows."""
        return self._study.ask() if len(self._study.found()) < self._space.runs else None

    def _train(self, trial: Trial) -> None:
        """Begin a run with these choices; where there turns out to be no room, they wait."""
        search, choices = self.search, chosen(trial.params)
        self._waiting, self.changed = None, True
        try:
            design = variant(search.architecture, choices, self._space.most_multiply_adds)
            config = configured(search.config, self._space, choices)
            check(design, config, find(config.dataset, search.owner), self._limits)
        except CnnvizError as error:
            self._failed(trial, error)
            return
        try:
            title = f"Search {search.number}, run {trial.number}"
            run = self._trainer.submit(search.owner, design, config, title=title, search=search.id)
        except LimitError:
            self._waiting, self._not_before = trial, time.monotonic() + PATIENCE
        except CnnvizError as error:
            self._failed(trial, error)
        else:
            self._followed[trial.number] = followed = _Followed(run.id)
            self._refusals.clear()
            self._study.begun(trial.number, run.id)
            followed.noted = True

    def _failed(self, trial: Trial, error: CnnvizError) -> None:
        self._study.failed(trial.number)
        self._refusals.append(str(error))

    # ── how it ends ──

    def _won(self, number: int) -> Outcome:
        trial = next(trial for trial in self._study.found() if trial.number == number)
        run = self._store.run(trial.run or "")
        best = max(self._study.reported(number).values(), default=0.0)
        begun = f"Run {number} of {len(self._study.found())} has {best:.3f} on validation; the goal was"
        begun += f" {as_share(self._space.goal)}."
        if run is None or run.score.test is None:
            return Outcome(Status.DONE, f"{begun} It ended before it was tested.")
        return Outcome(Status.DONE, f"{begun} On test, asked once, it has {run.score.test:.3f}.")

    def _used_up(self) -> Outcome:
        all_runs = self._store.of_search(self.search.id)
        runs = [run for run in all_runs if run.score.accuracy is not None and not run.deleted]
        if not runs:
            return Outcome(Status.DONE, f"None of {self._space.runs} runs had got anywhere when it ended.")
        best = max(runs, key=lambda run: run.score.accuracy or 0.0)
        number = next((trial.number for trial in self._study.found() if trial.run == best.id), 0)
        return Outcome(
            Status.DONE,
            f"None of {self._space.runs} runs reached {as_share(self._space.goal)} on validation. Run {number} came"
            f" nearest, with {best.score.accuracy:.3f}: open its design and search on from there.",
        )
