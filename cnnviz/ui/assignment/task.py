"""What an assignment asks for: its text, its times and rules, and the net to start from."""

import time

import streamlit as st

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.standing import Extension, Standing
from cnnviz.presets import net_name
from cnnviz.runs.assignment_store import StoredAssignment
from cnnviz.ui.assignment.times import local_time
from cnnviz.ui.navigation import open_page
from cnnviz.ui.runs.labels import REMOVED_LABEL, dataset_titles
from cnnviz.ui.state import open_design
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.words import count_label


def task_view(stored: StoredAssignment, standing: Standing, extension: Extension | None) -> None:
    """Draws the assignment, and the button that opens its net and settings."""
    assignment = stored.assignment
    with st.container(border=True, key="assignment-task"):
        st.subheader(escape_markdown(assignment.title), anchor=False)
        st.markdown(_times_text(standing.deadline, extension))
        st.markdown(assignment.text)
        st.caption(_rules_text(assignment))
        if st.button("Start from the assignment's net", icon=":material/stacks:", key=f"start-{stored.id}"):
            started = False
            with notify_errors():
                open_design(assignment.design, assignment.config)
                started = True
            if started:
                open_page("pages/design.py")


def _times_text(deadline: float | None, extension: Extension | None) -> str:
    if deadline is None:
        return ":material/event_available: No deadline."
    text = f":material/event: **Until {local_time(deadline)}**"
    if extension is not None and extension.deadline == deadline:
        note = f": {escape_markdown(extension.note)}" if extension.note else "."
        text += f", a longer time that is yours alone{note}"
    if deadline < time.time():
        text += "  \nThis time is over. What is handed in now is kept beside what was there then."
    return text


def _rules_text(assignment: Assignment) -> str:
    titles = dataset_titles()
    rules = [
        f"Data: {escape_markdown(titles.get(assignment.config.dataset, REMOVED_LABEL))}",
        f"starts from: {escape_markdown(net_name(assignment.design))}",
        f"{assignment.submissions_per_hour} submissions an hour",
    ]
    if assignment.max_epochs:
        rules.append(f"at most {count_label(assignment.max_epochs, 'epoch')}")
    if assignment.max_parameters:
        rules.append(f"at most {count_label(assignment.max_parameters, 'parameter')}")
    return " · ".join(rules)
