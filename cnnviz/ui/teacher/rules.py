"""What the teacher sets for the lesson: a message, a freeze, limits, and what can be chosen."""

import streamlit as st

from cnnviz.data import CLASS_OWNER, DATASETS, shared_uploads
from cnnviz.presets import PRESETS
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.cluster import cluster
from cnnviz.ui.teacher.lesson import lesson_view
from cnnviz.ui.widgets.fields import field
from cnnviz.ui.widgets.notice import notify_done, notify_errors

LIMITS = ("max_active_runs", "max_epochs", "max_parameters", "idle_minutes")


def rules_view() -> None:
    """Draws the rules in force; each change is in force at once."""
    lesson_view()
    rules = cluster().desk.rules
    info = ClassRules.model_fields
    st.text_area(
        str(info["message"].title),
        rules.message,
        key="rule-message",
        max_chars=500,
        help=info["message"].description,
        height=80,
        on_change=lambda: _change("message", st.session_state["rule-message"].strip()),
        width=640,
    )
    st.toggle(
        str(info["frozen"].title),
        rules.frozen,
        key="rule-frozen",
        help=info["frozen"].description,
        on_change=lambda: _change("frozen", st.session_state["rule-frozen"]),
    )
    with st.container(horizontal=True, key="rule-limits"):
        for name in LIMITS:
            field(rules, name, key=f"rule-{name}", on_change=_save, width=180)
    datasets = DATASETS | shared_uploads().datasets_of(CLASS_OWNER)
    _choice("datasets", rules.datasets, {name: dataset.title for name, dataset in datasets.items()})
    _choice("presets", rules.presets, {name: preset.title for name, preset in PRESETS.items()})
    st.caption("Each change is in force at once, for all students and for runs that are started from then on.")


def _choice(name: str, chosen: tuple[str, ...], titles: dict[str, str]) -> None:
    info, key = ClassRules.model_fields[name], f"rule-{name}"
    st.multiselect(
        str(info.title),
        list(titles),
        [value for value in chosen if value in titles],
        format_func=titles.__getitem__,
        placeholder="all",
        key=key,
        help=info.description,
        on_change=lambda: _change(name, tuple(st.session_state[key])),
        width=640,
    )


def _save(name: str, value: object) -> None:
    cluster().desk.set_rules(cluster().desk.rules.changed(**{name: value}))


def _change(name: str, value: object) -> None:
    with notify_errors():
        _save(name, value)
        notify_done("In force.")
