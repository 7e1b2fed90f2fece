"""The form in which a teacher writes an assignment."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.classroom.assignment import MAX_TEXT_LENGTH, MAX_TITLE_LENGTH, Assignment
from cnnviz.classroom.checks import CHECKS, Check
from cnnviz.classroom.hidden_test import MAX_SHARE, MIN_SHARE
from cnnviz.data import own_uploads
from cnnviz.identity.person import Person
from cnnviz.presets import PRESETS
from cnnviz.runs.assignment_data import HiddenSource
from cnnviz.runs.assignment_store import StoredAssignment
from cnnviz.runs.cluster import cluster
from cnnviz.training.config import TrainConfig
from cnnviz.ui.assignment.times import local_datetime
from cnnviz.ui.runs.labels import dataset_titles, time_zone
from cnnviz.ui.state import current_config, current_workbench, session_dict
from cnnviz.ui.widgets.fields import field, number
from cnnviz.ui.widgets.notice import notify_done, notify_errors

DRAFT_KEY = "assignment-draft"
NEW, CHANGE = "A new one", "Change this one"
AS_IT_IS, ON_DESIGN_PAGE = "as it is", "on-design-page"
NO_TEST, SPLIT_OFF, ALL_OF = "none", "split a part off a data set of mine", "all of a data set of mine"
DEFAULT_SHARE = 0.2


def assignment_form(person: Person, stored: StoredAssignment) -> None:
    """Draws the form: begun from the chosen assignment, stored as a new one or in its place."""
    is_own = person.owner == stored.owner
    what: str | None = NEW
    if is_own:
        what = st.segmented_control(
            "What", (NEW, CHANGE), default=NEW, required=True, key=f"what-{stored.id}", label_visibility="collapsed"
        )
    start = _draft(stored)
    with st.container(border=True, key="assignment-form"):
        title = st.text_input("Title", start.title, max_chars=MAX_TITLE_LENGTH, key=f"title-{stored.id}")
        text = st.text_area(
            "What to do, in Markdown", start.text, height=260, max_chars=MAX_TEXT_LENGTH, key=f"text-{stored.id}"
        )
        design, config = _start_fields(stored.id, start)
        st.markdown("**Checks**")
        _check_fields(stored)
        limits = _limit_fields(stored.id, start)
        hidden = _hidden_fields(person) if what == NEW else None
        if st.button(
            "Publish" if what == NEW else "Change it", type="primary", icon=":material/publish:", key="publish"
        ):
            with notify_errors():
                values: dict[str, Any] = {
                    "title": title,
                    "text": text,
                    "design": design,
                    "config": config,
                    "checks": start.checks,
                    **limits,
                }
                _publish(person, stored, start.changed(**values), hidden, what)
            st.rerun()


def _publish(
    person: Person, stored: StoredAssignment, assignment: Assignment, hidden: HiddenSource | None, what: str | None
) -> None:
    assignments = cluster().assignments
    if what == NEW:
        assignments.add(person, assignment, hidden)
        notify_done(
            "It is there for the class." if assignment.is_open(datetime.now(UTC).timestamp()) else "It is kept."
        )
    else:
        assignments.change(person, stored.id, assignment)
        notify_done("The class sees it as it is now.")
    session_dict(DRAFT_KEY).pop(stored.id, None)


def _draft(stored: StoredAssignment) -> Assignment:
    """Returns the assignment with the checks that the form has now."""
    draft: Assignment = session_dict(DRAFT_KEY).get(stored.id, stored.assignment)
    return draft


def _save_checks(stored: StoredAssignment, checks: tuple[Check, ...]) -> None:
    session_dict(DRAFT_KEY)[stored.id] = _draft(stored).changed(checks=checks)


def _start_fields(form: str, start: Assignment) -> tuple[Architecture, TrainConfig]:
    """Draws data, net and settings to start from."""
    designs = {AS_IT_IS: "as it is here", ON_DESIGN_PAGE: "the net on my Design page"}
    designs |= {name: preset.title for name, preset in PRESETS.items()}
    with st.container(horizontal=True, key="assignment-start"):
        titles = dataset_titles()
        names = list(titles)
        dataset = st.selectbox(
            "Data set",
            names,
            index=names.index(start.config.dataset) if start.config.dataset in names else 0,
            format_func=titles.__getitem__,
            key=f"dataset-{form}",
            help="One of your own is copied for the class.",
        )
        design = st.selectbox("Starting net", list(designs), format_func=designs.__getitem__, key=f"design-{form}")
        settings_choice = st.selectbox(
            "Settings", ["as they are here", "those on my Train page"], key=f"settings-{form}"
        )
    config = start.config if settings_choice == "as they are here" else current_config()
    architecture = start.design
    if design == ON_DESIGN_PAGE:
        architecture = current_workbench().architecture
    elif design in PRESETS:
        architecture = PRESETS[design].architecture
    return architecture, config.changed(dataset=dataset)


def _check_fields(stored: StoredAssignment) -> None:
    """Draws the fields of every check; each change is kept at once."""
    checks = _draft(stored).checks
    for place, check in enumerate(checks):
        with st.container(border=True, horizontal=True, vertical_alignment="bottom", key=f"check-{stored.id}-{place}"):
            st.markdown(f"**{check.title}**", width=210)
            names = [name for name in type(check).model_fields if name not in ("kind", "points")]
            for name in (*names, "points"):
                field(
                    check,
                    name,
                    key=f"check-{stored.id}-{len(checks)}-{place}-{name}",
                    on_change=partial(_change_check, stored, place),
                    width=150,
                )
            st.button(
                "Remove",
                icon=":material/delete:",
                key=f"remove-{stored.id}-{len(checks)}-{place}",
                disabled=len(checks) == 1,
                on_click=partial(_save_checks, stored, (*checks[:place], *checks[place + 1 :])),
            )
    with st.container(horizontal=True, vertical_alignment="bottom", key="add-check-row"):
        titles = {kind: check.title for kind, check in CHECKS.items()}
        kind = st.selectbox("One more check", list(titles), format_func=titles.__getitem__, key="check-kind", width=320)
        st.button(
            "Add it",
            icon=":material/add:",
            key="add-check",
            on_click=partial(_save_checks, stored, (*checks, CHECKS[kind].model_validate({"kind": kind}))),
        )


def _change_check(stored: StoredAssignment, place: int, name: str, value: object) -> None:
    checks = list(_draft(stored).checks)
    checks[place] = checks[place].changed(**{name: value})
    _save_checks(stored, tuple(checks))


def _limit_fields(form: str, start: Assignment) -> dict[str, Any]:
    """Draws times and limits, and returns them as fields of an assignment."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="assignment-limits"):
        per_hour = number(
            "Submissions an hour",
            start.submissions_per_hour,
            whole=True,
            step=1,
            bounds=(1, 1000),
            key=f"per-hour-{form}",
            width=170,
        )
        epochs = number(
            "Most epochs (0: any)",
            start.max_epochs or 0,
            whole=True,
            step=1,
            bounds=(0, 1000),
            key=f"epochs-{form}",
            width=170,
        )
        parameters = number(
            "Most parameters (0: any)",
            start.max_parameters or 0,
            whole=True,
            step=1,
            bounds=(0, 10**9),
            key=f"parameters-{form}",
            width=190,
        )
    with st.container(horizontal=True, vertical_alignment="bottom", key="assignment-times"):
        opens = _time_fields("Opens", f"opens-{form}", start.opens)
        deadline = _time_fields("Deadline", f"deadline-{form}", start.deadline)
    return {
        "submissions_per_hour": int(per_hour),
        "max_epochs": int(epochs) or None,
        "max_parameters": int(parameters) or None,
        "opens": opens,
        "deadline": deadline,
    }


def _time_fields(label: str, key: str, now: datetime | None) -> datetime | None:
    """Draws a day and a time, both of the teacher's clock; returns the time in UTC, None without a day."""
    local = local_datetime(now.timestamp()) if now else None
    day = st.date_input(f"{label}, day", local.date() if local else None, key=f"{key}-day", width=150)
    clock = st.time_input(
        f"{label}, time", local.time() if local else "12:00", key=f"{key}-clock", width=110, disabled=day is None
    )
    if day is None or clock is None:
        return None
    return datetime.combine(day, clock, tzinfo=time_zone(st.context.timezone) or UTC).astimezone(UTC)


def _hidden_fields(person: Person) -> HiddenSource | None:
    """Draws from where a hidden test comes; None without one."""
    uploads = own_uploads().datasets_of(person.owner)
    choice = st.selectbox(
        "Hidden test",
        [NO_TEST, *([SPLIT_OFF, ALL_OF] if uploads else [])],
        key="hidden-kind",
        help="Samples that nobody can look at. First upload them, as a data set of yours, on the Data page.",
        width=420,
    )
    if choice == NO_TEST or not uploads:
        return None
    name = st.selectbox(
        "Of which data set", list(uploads), format_func=lambda key: uploads[key].title, key="hidden-data", width=420
    )
    if choice == ALL_OF:
        st.caption("It leaves your data sets: from then on only nets that are handed in see it.")
        return HiddenSource(name)
    share = st.slider("Share that is split off", MIN_SHARE, MAX_SHARE, DEFAULT_SHARE, key="hidden-share", width=420)
    st.caption("The class gets the rest as a data set. Delete the original from your data sets when you are done.")
    return HiddenSource(name, share)
