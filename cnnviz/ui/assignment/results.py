"""What a student has handed in, what counts of it, and the leaderboard."""

import pandas as pd
import streamlit as st

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.standing import Standing, grade_of
from cnnviz.classroom.submission import Submission, SubmissionStatus
from cnnviz.classroom.work import Accuracy
from cnnviz.identity.person import Person
from cnnviz.runs.assignment_store import StoredAssignment
from cnnviz.runs.cluster import cluster
from cnnviz.ui.assignment.times import local_datetime, local_time
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import escape_markdown

STATUS_LABELS = {
    SubmissionStatus.WAITING: "is being scored",
    SubmissionStatus.REFUSED: "could not be scored",
}
YOU, SOMEBODY = "you", "somebody"
COLUMNS = {
    "at": st.column_config.DatetimeColumn("Handed in", format="DD MMM HH:mm:ss", width=118),
    "checks": st.column_config.TextColumn("Checks", width=70),
    "validation": st.column_config.TextColumn("Validation, 95 % interval"),
    "hidden": st.column_config.TextColumn(
        "Hidden test, 95 % interval",
        help="Your best score so far; a net raises it only if it is better by more than chance.",
    ),
    "note": st.column_config.TextColumn("Remark"),
}


def results_view(person: Person, stored: StoredAssignment, standing: Standing) -> None:
    """Draws what was handed in, what counts, and where there is a hidden test, the leaderboard."""
    if standing.submissions:
        st.subheader("What you have handed in", anchor=False)
        st.markdown(_counting_text(stored.assignment, standing))
        dataframe(
            submissions_frame(stored.assignment, standing),
            hide_index=True,
            key=f"submissions-{stored.id}",
            column_config=COLUMNS,
        )
    if cluster().assignments.hidden_sample_count(stored.id):
        _leaderboard_view(person, stored)


def submissions_frame(assignment: Assignment, standing: Standing) -> pd.DataFrame:
    """Returns a row for each submission, the newest first, with the columns of COLUMNS."""
    newest_first = standing.submissions[::-1]
    frame = pd.DataFrame(
        {
            "at": [local_datetime(each.submitted).replace(tzinfo=None) for each in newest_first],
            "checks": [_checks_text(assignment, each) for each in newest_first],
            "validation": [validation_text(each) for each in newest_first],
            "hidden": [accuracy_text(each.hidden) for each in newest_first],
            "note": [_note(standing, each) for each in newest_first],
        }
    )
    return frame.drop(columns=[] if any(each.hidden for each in newest_first) else ["hidden"])


def accuracy_text(accuracy: Accuracy | None) -> str:
    """Returns an accuracy with its interval, as a cell of a table has room for it.

    >>> accuracy_text(Accuracy(correct=90, samples=100)), accuracy_text(None)
    ('0.900 (0.826 to 0.945)', '')
    """
    if accuracy is None:
        return ""
    low, high = accuracy.interval
    return f"{accuracy.share:.3f} ({low:.3f} to {high:.3f})"


def validation_text(submission: Submission | None) -> str:
    """Returns the validation accuracy of a submission with its interval; empty where it is not known."""
    return accuracy_text(submission.validation.accuracy if submission and submission.validation else None)


def _checks_text(assignment: Assignment, submission: Submission) -> str:
    if submission.status != SubmissionStatus.SCORED:
        return ""
    results = submission.results(assignment)
    return f"{sum(result.reached for result in results)} of {len(results)}"


def _note(standing: Standing, submission: Submission) -> str:
    notes = [] if submission.status == SubmissionStatus.SCORED else [STATUS_LABELS[submission.status]]
    if submission == standing.at_deadline:
        notes.append("counts")
    if standing.deadline is not None and submission.submitted > standing.deadline:
        notes.append("after the deadline")
    if submission.is_new_best:
        notes.append("new best on the hidden test")
    return ": ".join(filter(None, (", ".join(notes), submission.message)))


def _counting_text(assignment: Assignment, standing: Standing) -> str:
    counted, best = standing.at_deadline, standing.latest_best
    if counted is None:
        text = "Nothing counts yet." if standing.deadline is None else "Nothing that was handed in in time counts yet."
    else:
        grade, at = grade_of(assignment, counted), local_time(counted.submitted)
        text = f"**{grade:.0f} %** of the points, by what you handed in {at}."
    if standing.is_better_later and best is not None and standing.deadline is not None:
        text += (
            f" Your best after the deadline, of {local_time(best.submitted)}, has {grade_of(assignment, best):.0f} %."
        )
    return text


def _leaderboard_view(person: Person, stored: StoredAssignment) -> None:
    assignments = cluster().assignments
    st.subheader("Leaderboard", anchor=False)
    count = assignments.hidden_sample_count(stored.id)
    st.caption(
        f"By {count:,} hidden samples. A score rises only where a net is better by more than chance, so handing in"
        " again and again does not help; those who may differ by chance alone share a rank."
    )
    if person.name and not person.is_teacher:
        participant = assignments.begin(person, stored.id)
        key = f"named-{stored.id}"
        st.toggle(
            f"Show my name, {escape_markdown(person.name)}, to the class",
            value=participant.is_named,
            key=key,
            on_change=lambda: assignments.show_name(person, stored.id, is_named=bool(st.session_state[key])),
        )
    places = assignments.leaderboard(person, stored.id)
    if not places:
        st.caption("Nobody has a score yet.")
        return
    frame = pd.DataFrame(
        {
            "Rank": [place.rank for place, _ in places],
            "Who": [_who(person, place.owner, name) for place, name in places],
            "Score, 95 % interval": [accuracy_text(place.score) for place, _ in places],
        }
    )
    dataframe(frame, hide_index=True, key=f"leaderboard-{stored.id}")


def _who(person: Person, owner: str, name: str) -> str:
    if owner == person.owner:
        return f"{name} ({YOU})" if name else YOU
    return name or SOMEBODY
