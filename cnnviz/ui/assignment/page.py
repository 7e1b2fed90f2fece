"""The Assignment page: which one, what it asks for, how far the student is; and for teachers, the class and a form."""

import streamlit as st

from cnnviz.runs.assignment_store import StoredAssignment
from cnnviz.runs.assignments import Assignments
from cnnviz.runs.cluster import cluster
from cnnviz.ui.assignment.class_view import class_view
from cnnviz.ui.assignment.form import assignment_form
from cnnviz.ui.assignment.hand_in import own_work_view
from cnnviz.ui.assignment.task import task_view
from cnnviz.ui.state import assignment_choice_key, current_person
from cnnviz.words import unique_labels

TASK, CLASS, FORM = "As students see it", "The class", "Write"


def assignment_page() -> None:
    """Draws the choice among assignments, and the chosen one."""
    person, assignments = current_person(), cluster().assignments
    stored = _assignment_picker(assignments)
    view = TASK
    if person.is_teacher:
        view = st.segmented_control(
            "View",
            (TASK, CLASS, FORM),
            default=TASK,
            required=True,
            key="assignment-view",
            label_visibility="collapsed",
        )
    if view == CLASS:
        class_view(person, stored)
    elif view == FORM:
        assignment_form(person, stored)
    else:
        _task_page(stored)


def _assignment_picker(assignments: Assignments) -> StoredAssignment:
    """Draws the choice among the assignments that are open, and returns the chosen one; at first the newest."""
    visible = assignments.visible_to(current_person())
    titles = unique_labels({id_: stored.assignment.title for id_, stored in reversed(visible.items())})
    if len(titles) == 1:
        return next(iter(visible.values()))
    chosen = st.selectbox(
        "Assignment",
        list(titles),
        format_func=titles.__getitem__,
        key=assignment_choice_key(list(titles)),
        width=420,
    )
    return visible[chosen]


def _task_page(stored: StoredAssignment) -> None:
    person, assignments = current_person(), cluster().assignments
    if not person.is_teacher:
        assignments.begin(person, stored.id)
    standing = assignments.standing(person, stored.id)
    own = [extension for extension in assignments.extensions(stored.id) if extension.owner == person.owner]
    with st.container(horizontal=True, gap="large", key="assignment-room"):
        with st.container(key="assignment-text"):
            task_view(stored, standing, own[0] if own else None)
        with st.container(key="assignment-work"):
            own_work_view(person, stored)
