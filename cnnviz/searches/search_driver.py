"""Driver of one active search: starts its runs, follows them, and ends it."""

import logging
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from cnnviz.architecture import Architecture
from cnnviz.data import find_dataset
from cnnviz.errors import CnnvizError, LimitError
from cnnviz.runs.run import ACTIVE_STATUSES, STOPPED_BY_STUDENT, Ending, Run, Status
from cnnviz.runs.search import Search
from cnnviz.runs.store import Store
from cnnviz.search.space import SearchParameter, Space, choices_from_params, config_for_choices
from cnnviz.search.variant import build_variant
from cnnviz.searches.study import Study, Trial
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import VALIDATION
from cnnviz.training.readiness import check_trainable
from cnnviz.words import format_duration, format_share

FIRST_TRIAL = 1
"""Number of the trial of the design as it is, which always trains to its end: it is what the others must beat."""
MAX_REFUSED_TRIALS = 5
"""Number of designs in a row that cannot be trained, after which a search gives up."""
RESUBMIT_SECONDS = 2.0
"""Seconds until a run that a limit has refused is submitted again."""
OPEN_STATUSES = (*ACTIVE_STATUSES, Status.PAUSED)
log = logging.getLogger(__name__)


class RunSubmitter(Protocol):
    """The part of a `Cluster` that a search needs."""

    def submit(
        self, owner: str, architecture: Architecture, config: TrainConfig, *, title: str = "", search: str | None = None
    ) -> Run:
        """Queues a training; raises CnnvizError."""

    def stop(self, owner: str, run_id: str, wait: float = 0.0, ending: Ending = STOPPED_BY_STUDENT) -> None:
        """Stops a run."""


@dataclass(frozen=True)
class SearchProgress:
    """Progress of a search at one moment."""

    trials: tuple[Trial, ...] = ()
    importances: Mapping[str, float] = field(default_factory=dict)
    """Share of each parameter in what made runs good; empty until enough runs have ended."""
    finished: int = 0
    """Number of runs that have trained to their end, from which the shares are worked out."""
    winner: int | None = None
    """Number of the trial that reached the goal."""


class SearchEnding(NamedTuple):
    """How a search ended."""

    status: Status
    message: str


@dataclass
class _FollowedRun:
    """An active run, and how far it has been reported to the study."""

    run_id: str
    epoch: int = 0
    best_accuracy: float = 0.0
    in_study: bool = False
    """Whether the study knows which run it is; tried again where the database failed."""


class SearchDriver:
    """Follows the runs of a search and starts others, step by step; not for several threads."""

    def __init__(self, search: Search, study: Study, trainer: RunSubmitter, store: Store, limits: Settings) -> None:
        self.search = search
        self._space = Space.model_validate(search.space)
        self._study, self._trainer, self._store, self._limits = study, trainer, store, limits
        self._followed_runs: dict[int, _FollowedRun] = {}  # by the numbers of their trials
        self._winner = study.winner
        self._waiting_trial: Trial | None = None  # choices for which there is no room yet
        self._submit_not_before = 0.0
        self._refusals: list[str] = []
        self.changed = True
        """Whether the progress has changed since it was last read."""

    def enqueue_start(self, parameters: Mapping[str, SearchParameter]) -> None:
        """Queues the design as it is as the first trial."""
        self._study.enqueue({name: parameter.initial for name, parameter in parameters.items()})

    def resume(self) -> None:
        """Continues with the runs that an earlier server started."""
        for trial in self._study.running_trials():
            if trial.run_id:
                accuracies = self._study.reported_accuracies(trial.number)
                self._followed_runs[trial.number] = _FollowedRun(
                    trial.run_id, max(accuracies, default=0), max(accuracies.values(), default=0.0), in_study=True
                )
            else:  # it was asked for, but no run was started
                self._study.fail(trial.number)
        known_run_ids = {trial.run_id for trial in self._study.trials()}
        for run in self._store.runs_of_search(self.search.id):
            if run.status in OPEN_STATUSES and run.id not in known_run_ids:
                self._stop_run(run.id, "Stopped: the server ended before its search knew of it.")

    def step(self) -> SearchEnding | None:
        """Looks at all runs and starts others where there is room; returns the ending, once the search is over."""
        for number, followed in list(self._followed_runs.items()):
            self._check_run(number, followed)
        if self._winner is not None:
            kept = {self._winner, FIRST_TRIAL}
            self._stop_all(f"Stopped: run {self._winner} of its search reached the goal.", except_numbers=kept)
            return None if self._followed_runs.keys() & kept else self._goal_ending(self._winner)
        while len(self._refusals) < MAX_REFUSED_TRIALS:
            if not self._has_room():
                return None
            trial = self._waiting_trial or self._next_trial()
            if trial is None:
                return None if self._followed_runs else self._exhausted_ending()
            self._start_run(trial)
        self._stop_all("Stopped with its search.")
        return SearchEnding(
            Status.FAILED, f"{MAX_REFUSED_TRIALS} designs in a row could not be trained. {self._refusals[-1]}"
        )

    def stop_runs(self) -> None:
        """Stops all runs."""
        self._stop_all("Stopped with its search.")

    def progress(self) -> SearchProgress:
        """Returns what has been tried so far."""
        self.changed = False
        return SearchProgress(self._study.trials(), self._study.importances(), self._study.finished_count, self._winner)

    # ── runs that go on ──

    def _check_run(self, number: int, followed: _FollowedRun) -> None:
        run = self._store.run(followed.run_id)  # before its points, which are then all there if it has ended
        has_new_epochs = self._report_epochs(number, followed)
        if not followed.in_study:
            self._study.set_run(number, followed.run_id)
            followed.in_study = True
        if followed.best_accuracy >= self._space.goal and self._winner is None:
            self._on_goal_reached(number, followed.best_accuracy)
        if run is None or run.status == Status.STOPPED:  # by its student; or deleted
            self._study.prune(number)
        elif run.status in (
            Status.DONE,
            Status.FAILED,
        ):  # what fails, mostly by diverging, counts with what it had reached
            self._study.complete(number, followed.best_accuracy)
        elif has_new_epochs and self._falls_behind(number, followed.epoch):
            self._stop_run(
                followed.run_id,
                f"Stopped by its search after epoch {followed.epoch}: with {followed.best_accuracy:.3f} on validation"
                " it was not"
                " in the better half of the runs that came as far.",
            )
            self._study.prune(number, behind=True)
        else:
            return
        del self._followed_runs[number]
        self.changed = True

    def _falls_behind(self, number: int, epoch: int) -> bool:
        """Returns whether to stop a run after an epoch; the first one, the winner and one at its end never are."""
        behind = self._study.falls_behind(number)  # also notes what it has reached, which others are compared with
        return behind and number not in (self._winner, FIRST_TRIAL) and epoch < self._space.epochs

    def _report_epochs(self, number: int, followed: _FollowedRun) -> bool:
        """Reports new epochs of a run to the study; returns whether there were any."""
        series_key = followed.run_id, VALIDATION, "accuracy"
        series = self._store.epoch_series([series_key[0]], [series_key[1]], [series_key[2]]).get(series_key)
        last_epoch = followed.epoch
        for epoch, value in zip(*series, strict=True) if series else ():
            if epoch > followed.epoch:
                followed.best_accuracy = max(followed.best_accuracy, float(value))
                self._study.report(number, int(epoch), followed.best_accuracy)
                followed.epoch = int(epoch)
        return followed.epoch > last_epoch

    def _on_goal_reached(self, number: int, accuracy: float) -> None:
        """Makes this run the winner: it trains to its end, and no other does but the first, to compare with."""
        seconds = time.time() - self.search.created
        log.info("search %s: run %d reached %.3f after %.0f s", self.search.id, number, accuracy, seconds)
        self._study.winner = self._winner = number
        self.changed = True
        self._store.update_search(
            self.search.id,
            message=f"Run {number} reached {accuracy:.3f} on validation after {format_duration(seconds)}. It trains to"
            " its end and is then tested, once."
            + " Run 1, your net as it is, trains to its end, too: only a better one replaces it."
            * (number != FIRST_TRIAL and FIRST_TRIAL in self._followed_runs),
        )

    def _stop_all(self, message: str, except_numbers: Container[int] = ()) -> None:
        for number, followed in list(self._followed_runs.items()):
            if number not in except_numbers:
                self._stop_run(followed.run_id, message)
                self._study.prune(number)
                del self._followed_runs[number]
                self.changed = True

    def _stop_run(self, run_id: str, message: str) -> None:
        try:
            self._trainer.stop(self.search.owner, run_id, ending=Ending(EndReason.SEARCH, message))
        except CnnvizError:  # deleted meanwhile, or the server cannot just now: then it trains to its end
            log.warning("run %s of search %s was not stopped", run_id, self.search.id)

    # ── runs to come ──

    def _has_room(self) -> bool:
        """Returns whether the student may have another run just now."""
        active = sum(run.owner == self.search.owner for run in self._store.active_runs())
        return active < self._limits.max_running_runs and time.monotonic() >= self._submit_not_before

    def _next_trial(self) -> Trial | None:
        """Returns the next choices; None when there have been as many as the space allows."""
        return self._study.ask() if len(self._study.trials()) < self._space.runs else None

    def _start_run(self, trial: Trial) -> None:
        """Starts a run with these choices; they wait where a limit refuses the run."""
        search, choices = self.search, choices_from_params(trial.params)
        self._waiting_trial, self.changed = None, True
        try:
            design = build_variant(search.architecture, choices, self._space.most_multiply_adds)
            config = config_for_choices(search.config, self._space, choices)
            check_trainable(design, config, find_dataset(config.dataset, search.owner), self._limits)
        except CnnvizError as error:
            self._fail_trial(trial, error)
            return
        try:
            title = f"Search {search.number}, run {trial.number}"
            run = self._trainer.submit(search.owner, design, config, title=title, search=search.id)
        except LimitError:
            self._waiting_trial, self._submit_not_before = trial, time.monotonic() + RESUBMIT_SECONDS
        except CnnvizError as error:
            self._fail_trial(trial, error)
        else:
            self._followed_runs[trial.number] = followed = _FollowedRun(run.id)
            self._refusals.clear()
            self._study.set_run(trial.number, run.id)
            followed.in_study = True

    def _fail_trial(self, trial: Trial, error: CnnvizError) -> None:
        self._study.fail(trial.number)
        self._refusals.append(str(error))

    # ── how it ends ──

    def _goal_ending(self, number: int) -> SearchEnding:
        if self._best_accuracy(FIRST_TRIAL) > self._best_accuracy(number):  # reached later, with the better end
            self._study.winner = self._winner = number = FIRST_TRIAL
            self.changed = True
        trial = next(trial for trial in self._study.trials() if trial.number == number)
        run = self._store.run(trial.run_id or "")
        best = self._best_accuracy(number)
        name = f"Run {number} of {len(self._study.trials())}{', your net as it is,' * (number == FIRST_TRIAL)}"
        sentence = f"{name} has {best:.3f} on validation; the goal was"
        sentence += f" {format_share(self._space.goal)}."
        if run is None or run.score.test is None:
            return SearchEnding(Status.DONE, f"{sentence} It ended before it was tested.")
        return SearchEnding(Status.DONE, f"{sentence} On the test samples, used once, it has {run.score.test:.3f}.")

    def _best_accuracy(self, number: int) -> float:
        return max(self._study.reported_accuracies(number).values(), default=0.0)

    def _exhausted_ending(self) -> SearchEnding:
        all_runs = self._store.runs_of_search(self.search.id)
        runs = [run for run in all_runs if run.score.accuracy is not None and not run.deleted]
        if not runs:
            return SearchEnding(Status.DONE, f"None of {self._space.runs} runs had a result when the search ended.")
        numbers = {trial.run_id: trial.number for trial in self._study.trials()}
        best = max(runs, key=lambda run: (run.score.accuracy or 0.0, -numbers.get(run.id, 0)))
        number = numbers.get(best.id, 0)
        advice = (
            "it is your net as it is. Let more vary, or allow more epochs or runs."
            if number == FIRST_TRIAL
            else "open its design and search on from there."
        )
        return SearchEnding(
            Status.DONE,
            f"None of {self._space.runs} runs reached {format_share(self._space.goal)} on validation. Run {number} came"
            f" nearest, with {best.score.accuracy:.3f}: {advice}",
        )
