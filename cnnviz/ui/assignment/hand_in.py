"""The checks against the student's runs, live, and handing one in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import streamlit as st

from cnnviz.classroom.assignment import Assignment, AssignmentError
from cnnviz.classroom.checks import CheckResult
from cnnviz.classroom.standing import Allowance, Standing
from cnnviz.classroom.submission import SubmissionStatus
from cnnviz.classroom.work import Accuracy, Work
from cnnviz.identity.person import Person
from cnnviz.runs.assignment_store import StoredAssignment
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import TRAIN_RUN, Run, Status
from cnnviz.training.config import TrainConfig
from cnnviz.ui.assignment.results import results_view
from cnnviz.ui.assignment.times import local_clock
from cnnviz.ui.runs.labels import dataset_titles, run_label
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.live_fragment import live_fragment
from cnnviz.ui.widgets.notice import notify_done, notify_errors
from cnnviz.words import count_label, unique_labels

REFRESH_SECONDS = 1.0
MAX_RUNS_SHOWN = 50
CACHED_RESULTS = 3_000
"""Results of checks that are kept in memory."""
BEST = "best"
"""The choice of whichever run is best."""


@dataclass(frozen=True)
class RunWork:
    """Work that a run has done; equal where nothing has come of the run since."""

    assignment: Assignment
    run_id: str
    config: TrainConfig
    validation: Accuracy | None
    hidden: Accuracy | None
    work: Work = field(compare=False)


@dataclass(frozen=True)
class OwnWork:
    """A student's runs for an assignment, and what was handed in of them."""

    runs: Sequence[Run]
    results: Mapping[str, tuple[CheckResult, ...]]
    """What came of the checks, by the id of the run."""
    standing: Standing
    allowance: Allowance

    @property
    def is_active(self) -> bool:
        """Whether something will change by itself: a run trains, or a submission waits for its score."""
        waits = any(each.status == SubmissionStatus.WAITING for each in self.standing.submissions)
        return waits or any(run.active for run in self.runs)


def own_work_view(person: Person, stored: StoredAssignment) -> None:
    """Draws checks, the button to hand in, and what came of it; anew while something changes."""
    live_fragment(
        partial(_load, person, stored),
        partial(_work_view, person, stored),
        is_active=lambda work: work.is_active,
        watched=lambda work: [person.owner, stored.id, *(run.id for run in work.runs if run.active)],
        seconds=REFRESH_SECONDS,
    )


def _load(person: Person, stored: StoredAssignment) -> OwnWork:
    assignments, assignment = cluster().assignments, stored.assignment
    standing = assignments.standing(person, stored.id)
    hidden = next((each.hidden for each in reversed(standing.submissions) if each.hidden), None)
    runs = [
        run
        for run in cluster().store.runs_of(person.owner)
        if run.kind == TRAIN_RUN
        and (run.config.dataset, run.config.split_kind) == (assignment.config.dataset, assignment.config.split_kind)
    ][:MAX_RUNS_SHOWN]
    samples = _count_validation_samples(runs)
    works = [assignment.work(run.architecture, run.config, _validation_accuracy(run, samples), hidden) for run in runs]
    results = {
        run.id: _results(RunWork(assignment, run.id, work.config, work.validation, hidden, work))
        for run, work in zip(runs, works, strict=True)
    }
    return OwnWork(runs, results, standing, assignments.allowance(person, stored.id))


def _count_validation_samples(runs: Sequence[Run]) -> int:
    """Returns how many samples the validation part has, of which all these runs have learned the data; 0 if unknown."""
    measured = next((run for run in runs if run.score.accuracy is not None), None)
    parts = cluster().store.facts(measured.id).parts if measured else None
    return parts[1] if parts else 0


def _validation_accuracy(run: Run, samples: int) -> Accuracy | None:
    """Returns the accuracy of a run's best epoch; None before there is one."""
    if run.score.accuracy is None or not samples:
        return None
    return Accuracy(correct=min(round(run.score.accuracy * samples), samples), samples=samples)


@lru_cache(CACHED_RESULTS)  # pages look once a second, at all runs
def _results(work: RunWork) -> tuple[CheckResult, ...]:
    return work.assignment.results(work.work)


def _work_view(person: Person, stored: StoredAssignment, own: OwnWork) -> None:
    assignment = stored.assignment
    st.subheader("How far you are", anchor=False)
    run = _run_picker(assignment, own)
    if run is None:
        st.caption("You have not trained for this assignment yet. This is the net that it starts from.")
    start = assignment.work(assignment.design, assignment.config)
    check_rows(assignment, own.results[run.id] if run else assignment.results(start))
    _hand_in_row(person, stored, run, own)
    results_view(person, stored, own.standing)


def _run_picker(assignment: Assignment, own: OwnWork) -> Run | None:
    """Draws the choice among the student's runs, and returns the chosen one; None without any."""
    if not own.runs:
        return None
    titles = dataset_titles()
    labels = unique_labels({run.id: run_label(run, titles) for run in own.runs})
    best = best_run(assignment, own.runs, own.results)
    run_id = st.selectbox(
        "Run",
        [BEST, *labels],
        format_func=lambda name: f"My best: {labels[best.id]}" if name == BEST else labels[name],
        key="assignment-run",
        persist_state="session",
    )
    return next((run for run in own.runs if run.id == run_id), best)


def best_run(assignment: Assignment, runs: Sequence[Run], results: Mapping[str, Sequence[CheckResult]]) -> Run:
    """Returns the run with the most points of the checks, then the highest validation accuracy, then the newest."""

    def merit(run: Run) -> tuple[int, float]:
        pairs = zip(assignment.checks, results[run.id], strict=True)
        points = sum(check.points for check, result in pairs if result.reached)
        return points, run.score.accuracy or 0.0

    return max(runs, key=merit)


def check_rows(assignment: Assignment, results: Sequence[CheckResult]) -> None:
    """Draws a row for each check: whether it is reached, what was found, and what is missing."""
    with st.container(border=True, key="assignment-checks", gap="small"):
        for check, result in zip(assignment.checks, results, strict=True):
            icon = ":green[:material/check_circle:]" if result.reached else ":gray[:material/radio_button_unchecked:]"
            value = f" — **{escape_markdown(result.value)}**" if result.value else ""
            st.markdown(f"{icon} {escape_markdown(check.label)}{value}  \n:small[{escape_markdown(result.sentence)}]")


def _hand_in_row(person: Person, stored: StoredAssignment, run: Run | None, own: OwnWork) -> None:
    can_be_taken, reason = _refusal(stored.assignment, run)
    with st.container(horizontal=True, vertical_alignment="center", key="hand-in-row"):
        if st.button(
            "Hand in this run",
            type="primary",
            icon=":material/send:",
            key="hand-in",
            disabled=not can_be_taken or own.allowance.left < 1,
        ):
            with notify_errors():
                cluster().assignments.hand_in(person, stored.id, run.id if run else "")
                notify_done("Handed in. Its score comes in a moment.")
            st.rerun()
        st.markdown(_allowance_text(own.allowance), width="content")
    st.caption(escape_markdown(reason) or "It is copied as it is now. One that cannot be scored does not count.")


def _refusal(assignment: Assignment, run: Run | None) -> tuple[bool, str]:
    """Returns whether a run could be handed in now, and if not, why."""
    if run is None:
        return False, ""
    if run.status not in (Status.DONE, Status.STOPPED) or not run.score.best_epoch:
        return False, "A run can be handed in once it has ended."
    try:
        assignment.check_work(assignment.work(run.architecture, run.config))
    except AssignmentError as error:
        return False, str(error)
    return True, ""


def _allowance_text(allowance: Allowance) -> str:
    text = f"**{allowance.left} of {count_label(allowance.of, 'submission')}** left this hour"
    if allowance.next_at is not None and allowance.left < allowance.of:
        text += f"; one more from {local_clock(allowance.next_at)}"
    return f"{text}."
