"""How the class does, for its teacher: items, who, confusions, more time, grades and signed zips."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from cnnviz.charts.axes import POINTS
from cnnviz.charts.confusion import MAX_NUMBERED_CLASSES, confusion_spec, confusion_table, drawn_classes
from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.grades import MAX_ROSTER_BYTES, Grade, Roster, grades_csv, read_roster
from cnnviz.classroom.item_table import Item, class_confusion, item_table
from cnnviz.classroom.standing import Standing, grade_of
from cnnviz.classroom.submission import Submission
from cnnviz.errors import CnnvizError
from cnnviz.identity.person import Person
from cnnviz.runs.assignment_store import Participant, StoredAssignment
from cnnviz.runs.cluster import cluster
from cnnviz.takehome.pack import write_zip
from cnnviz.ui.assignment.results import accuracy_text, validation_text
from cnnviz.ui.assignment.times import local_datetime, local_time
from cnnviz.ui.runs.labels import time_zone
from cnnviz.ui.state import session_dict
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.live_fragment import live_fragment
from cnnviz.ui.widgets.notice import notify_done, notify_errors
from cnnviz.ui.widgets.uploader import instant_uploader
from cnnviz.words import format_duration, unique_labels

REFRESH_SECONDS = 2.0
ROSTER_KEY = "assignment-roster"
MAX_ZIPS_BYTES = 200 * 2**20
"""Most bytes of weights that are put into one download."""
NO_NAME = "somebody without a name"
BEING_SCORED = "is being scored"


def class_view(person: Person, stored: StoredAssignment) -> None:
    """Draws the items, live, and below them what a teacher does with the results, anew when there is more of them."""
    drawn = _state(stored, cluster().assignments.submissions(person, stored.id))
    live_fragment(
        lambda: cluster().assignments.submissions(person, stored.id),
        partial(_items_view, stored, drawn),
        is_active=lambda _: True,
        watched=lambda _: [stored.id],
        seconds=REFRESH_SECONDS,
    )
    standings = cluster().assignments.standings(person, stored.id)
    names = student_names(cluster().assignments.participants(stored.id), standings)
    if not standings:
        return
    _students_view(stored.assignment, standings, names)
    _confusion_view(stored, standings)
    with st.container(horizontal=True, gap="medium", key="assignment-desk"):
        with st.container(border=True, key="assignment-extensions"):
            _extension_form(person, stored, names)
        with st.container(border=True, key="assignment-grades"):
            _grades_view(person, stored, standings, names)


def student_names(participants: Mapping[str, Participant], standings: Mapping[str, Standing]) -> dict[str, str]:
    """Returns the names of students by owner, all different, as they are now or were when they handed in."""
    names = {}
    for owner, standing in standings.items():
        handed_in = standing.submissions[-1].name if standing.submissions else ""
        names[owner] = (participants[owner].name if owner in participants else "") or handed_in or NO_NAME
    return unique_labels(names)


def _state(stored: StoredAssignment, submissions: Sequence[Submission]) -> Hashable:
    """Returns what changes where a student begins, hands in, or gets a score."""
    return frozenset(cluster().assignments.participants(stored.id)), tuple(
        (each.id, each.status) for each in submissions
    )


def _items_view(stored: StoredAssignment, drawn: Hashable, submissions: Sequence[Submission]) -> None:
    if _state(stored, submissions) != drawn:
        st.rerun()
    participants = cluster().assignments.participants(stored.id)
    st.subheader("Items", anchor=False)
    if not submissions:
        st.info("Nothing has been handed in yet. It appears here by itself.", icon=":material/inbox:")
        return
    begun = {owner: participant.begun for owner, participant in participants.items()}
    items = item_table(stored.assignment, submissions, begun)
    event = dataframe(
        items_frame(items),
        hide_index=True,
        key=f"items-{stored.id}",
        on_select="rerun",
        selection_mode="single-row",
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(items):
        names = {each.owner: each.name for each in submissions} | {
            owner: participant.name for owner, participant in participants.items() if participant.name
        }
        _who_view(items[rows[0]], names)
    else:
        st.caption("Click a row to see who.")


def items_frame(items: Sequence[Item]) -> pd.DataFrame:
    """Returns a row for each check."""
    return pd.DataFrame(
        {
            "Check": [item.label for item in items],
            "Reached": [len(item.reached) for item in items],
            "Tried": [len(item.tried) for item in items],
            "Median time": [
                "" if item.median_seconds is None else format_duration(item.median_seconds) for item in items
            ],
            "Commonest wrong value": [item.commonest_wrong_value for item in items],
        }
    )


def _who_view(item: Item, names: Mapping[str, str]) -> None:
    reached = ", ".join(names.get(owner) or NO_NAME for owner in item.reached) or "nobody"
    missing = ", ".join(f"{names.get(owner) or NO_NAME} ({value})" for owner, value in item.wrong.items()) or "nobody"
    st.markdown(
        f"**{escape_markdown(item.label)}**  \nReached by {escape_markdown(reached)}.  \n"
        f"Not yet: {escape_markdown(missing)}."
    )


def _students_view(assignment: Assignment, standings: Mapping[str, Standing], names: Mapping[str, str]) -> None:
    st.subheader("Students", anchor=False)
    frame = pd.DataFrame(
        {
            "Student": [names[owner] for owner in standings],
            "Handed in": [len(each.submissions) for each in standings.values()],
            "At the deadline": [
                BEING_SCORED if each.is_waiting else _grade_text(assignment, each.at_deadline)
                for each in standings.values()
            ],
            "Best of all": [_grade_text(assignment, each.latest_best) for each in standings.values()],
            "Validation": [validation_text(each.at_deadline) for each in standings.values()],
            "Hidden test": [
                accuracy_text(each.at_deadline.hidden if each.at_deadline else None) for each in standings.values()
            ],
            "Deadline": [local_time(each.deadline) if each.deadline else "" for each in standings.values()],
        }
    )
    dataframe(frame, hide_index=True, key="assignment-students")


def _grade_text(assignment: Assignment, submission: Submission | None) -> str:
    return f"{grade_of(assignment, submission):.0f} %" if submission else ""


def _confusion_view(stored: StoredAssignment, standings: Mapping[str, Standing]) -> None:
    best = [each.latest_best for each in standings.values() if each.latest_best]
    counts, classes = class_confusion(best)
    if not counts.any():
        return
    st.subheader("What the nets of the class confuse", anchor=False)
    drawn = [classes[number] for number in drawn_classes(counts)]
    with st.container(key="matrix"):
        vega_chart(
            confusion_spec(drawn, dark=st.context.theme.type == "dark"),
            {POINTS: confusion_table(counts, classes, shares=len(counts) <= MAX_NUMBERED_CLASSES)},
            key=f"class-matrix-{stored.id}",
            alt="confusion matrix of the class: right classes in rows, answers of the nets in columns",
            selection_mode=[],
        )
    st.caption(f"The validation samples of the best net of each of {len(best)}; the hidden test is in none of it.")


def _extension_form(person: Person, stored: StoredAssignment, names: Mapping[str, str]) -> None:
    st.markdown(":material/more_time: **More time**")
    if stored.assignment.deadline is None:
        st.caption("This assignment has no deadline.")
        return
    for extension in cluster().assignments.extensions(stored.id):
        until = local_time(extension.deadline)
        note = f" ({escape_markdown(extension.note)})" if extension.note else ""
        st.caption(f"{escape_markdown(names.get(extension.owner, NO_NAME))} until {until}{note}")
    with st.form("extension", border=False, clear_on_submit=True):
        owners = st.multiselect("Students, one or a group", list(names), format_func=names.__getitem__)
        proposed = local_datetime((stored.assignment.deadline + timedelta(days=7)).timestamp())
        columns = st.columns(2)
        day = columns[0].date_input("Until", proposed.date())
        clock = columns[1].time_input("Time", proposed.time().replace(second=0, microsecond=0))
        note = st.text_input("Why; the students read it", max_chars=200)
        if st.form_submit_button("Give more time", icon=":material/more_time:"):
            with notify_errors():
                deadline = datetime.combine(day, clock, tzinfo=time_zone(st.context.timezone) or UTC)
                cluster().assignments.extend(person, stored.id, owners, deadline.timestamp(), note)
                notify_done("They see it on their page.")
            st.rerun()


def _grades_view(
    person: Person, stored: StoredAssignment, standings: Mapping[str, Standing], names: Mapping[str, str]
) -> None:
    st.markdown(":material/grading: **Grades**")
    roster: Roster | None = session_dict(ROSTER_KEY).get("roster")
    emails = {account.owner: account.email for account in cluster().store.people.all()}
    grades = [
        Grade(
            names[owner],
            grade_of(stored.assignment, each.at_deadline),
            feedback(stored.assignment, each),
            emails.get(owner, ""),
        )
        for owner, each in standings.items()
        if not each.is_waiting
    ]
    st.download_button(
        "Grades for Moodle",
        grades_csv(stored.assignment.title, grades, roster).encode(),
        "grades.csv",
        "text/csv",
        key="grades-csv",
        icon=":material/download:",
        on_click="ignore",
    )
    if waiting := [escape_markdown(names[owner]) for owner, each in standings.items() if each.is_waiting]:
        st.caption(f"Still being scored, and not in that file yet: {', '.join(waiting)}.")
    st.caption(
        "In Moodle: Grades, Import, CSV file; map “Email address” or “ID number”, the grade, and the feedback. "
        + (
            f"{len(roster):,} participants are known."
            if roster
            else "Addresses come from logins at the school, or from the list below."
        )
    )
    instant_uploader(
        "Grade export or participants of the course (.csv)",
        name="roster",
        kind="csv",
        max_megabytes=max(MAX_ROSTER_BYTES // 2**20, 1),
        read=_read_roster,
    )
    counted = [each.at_deadline for each in standings.values() if each.at_deadline]
    button = {"icon": ":material/download:", "on_click": "ignore"}
    st.download_button(
        "Signed zips of what counts",
        partial(signed_zips, person, counted, names),
        "submissions.zip",
        key="signed-zips",
        disabled=not counted,
        **button,  # type: ignore[arg-type]
    )
    key = cluster().assignments.signing_key(person)
    st.download_button("Key for signatures", key, "key.txt", key="signing-key", **button)  # type: ignore[arg-type]
    st.download_button(
        "Assignment",
        stored.assignment.model_dump_json(indent=2),
        "assignment.json",
        key="assignment-json",
        **button,  # type: ignore[arg-type]
    )
    st.caption("`python -m cnnviz grade FOLDER --key key.txt` computes all results again from the zips, anywhere.")


def _read_roster(path: Path) -> None:
    session_dict(ROSTER_KEY)["roster"] = read_roster(path.read_bytes())


def feedback(assignment: Assignment, standing: Standing) -> str:
    """Returns the sentences of the checks of what counts, for a student to read in Moodle."""
    if standing.at_deadline is None:
        return "Nothing was handed in that counts."
    return " ".join(result.sentence for result in standing.at_deadline.results(assignment))


def signed_zips(person: Person, submissions: Sequence[Submission], names: Mapping[str, str]) -> bytes:
    """Returns a zip of the signed zips of these submissions; those that cannot be written have the reason instead."""
    files: dict[str, bytes] = {}
    size = 0
    for submission in submissions:
        name = "".join(letter if letter.isalnum() else "-" for letter in names[submission.owner])
        try:
            content = cluster().assignments.signed_zip(person, submission)
        except CnnvizError as error:
            files[f"{name}-{submission.id[:8]}.txt"] = str(error).encode()
            continue
        size += len(content)
        if size > MAX_ZIPS_BYTES:
            files["incomplete.txt"] = f"More than {MAX_ZIPS_BYTES:,} bytes: the others are left out.".encode()
            break
        files[f"{name}-{submission.id[:8]}.zip"] = content
    return write_zip(files)
