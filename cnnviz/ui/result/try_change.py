"""Try a change: a finished run again, with one thing changed."""

import streamlit as st

from cnnviz.architecture import trace
from cnnviz.data import available_datasets
from cnnviz.insight.recommended_changes import recommended_changes
from cnnviz.insight.single_differences import Aspect, Setup, find_differences
from cnnviz.insight.suggested_changes import SuggestedChange, change_both, suggest_changes
from cnnviz.runs.cluster import cluster
from cnnviz.runs.compared_runs import run_setup
from cnnviz.runs.label import fitting_title
from cnnviz.runs.run import Run, Status
from cnnviz.training.duration import expected_epoch_seconds
from cnnviz.ui.navigation import open_page
from cnnviz.ui.result.verdicts import summarize_run
from cnnviz.ui.state import current_owner, open_design, open_run_later
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import has_notice, notify_errors
from cnnviz.words import format_duration

RECOMMENDED = ":material/lightbulb:"
"""Mark of a change that a verdict or the advice recommends."""


def try_change_view(run: Run) -> None:
    """Draws the changes to try on a run that has ended."""
    if run.active or run.status == Status.PAUSED:
        st.info("Once this run has ended, you can change one thing about it here.", icon=":material/hourglass_empty:")
        return
    with st.container(border=True, key="one-change"):
        _change_card(run)


def _change_card(run: Run) -> None:
    st.markdown(
        ":material/science: **Change one thing**  \nThe same run again, except for what you choose: only then can you"
        " say what helped."
    )
    start = run_setup(run)
    changes = suggest_changes(start, recommended_changes(summarize_run(run)))
    net = _choice("In the net", [change for change in changes if change.difference.aspect == Aspect.NET], run)
    setting = _choice("In its training", [change for change in changes if change.difference.aspect != Aspect.NET], run)
    if any(change.is_recommended for change in changes):
        st.caption(f"{RECOMMENDED} recommended by the verdict on this run, or by the advice on its net.")
    changed = change_both(net, setting, start)
    differences = find_differences(start, changed)
    name = " and ".join(difference.label for difference in differences)
    with st.container(horizontal=True, vertical_alignment="center", key="change-buttons"):
        if st.button(
            "Train with this change" if len(differences) < 2 else f"Train with {len(differences)} changes",
            type="primary",
            icon=":material/play_arrow:",
            key=f"train-change-{run.id}",
            disabled=not differences,
        ):
            _train(run, changed, name)
        if st.button(
            "Change something else",
            icon=":material/content_copy:",
            key=f"change-else-{run.id}",
            help="Opens the net on the Design page and its settings on the Train page. What you train next is listed"
            " as started from this run. Undo brings your net back.",
        ):
            with notify_errors():
                open_design(run.architecture, run.config, parent_run_id=run.id)
            if not has_notice():
                open_page("pages/design.py")
            st.rerun()
    if len(differences) > 1:
        st.warning(
            "Two changes at once: you will see what they bring together, but not what each one brings.",
            icon=":material/call_split:",
        )
    elif differences:
        st.caption(
            f"The new run will be called “{escape_markdown(fitting_title(name))}”.{_duration_text(run, changed)}"
        )
    else:
        st.caption("Choose a change above. One from each row is two changes at once.")


def _choice(label: str, changes: list[SuggestedChange], run: Run) -> SuggestedChange | None:
    """Draws changes of one kind, of which one can be chosen."""
    by_label = {change.label: change for change in changes}

    def marked(name: str) -> str:
        return f"{RECOMMENDED} {escape_markdown(name)}" if by_label[name].is_recommended else escape_markdown(name)

    chosen = st.pills(label, list(by_label), key=f"{label}-{run.id}", format_func=marked)
    return by_label.get(chosen or "")


def _duration_text(run: Run, setup: Setup) -> str:
    """Returns how long a training is expected to take, judging by this run; nothing where that cannot be told."""
    dataset = available_datasets(current_owner()).get(setup.config.dataset)
    speed = cluster().next_device.speed
    if dataset is None or speed is None or not run.worked:
        return ""

    def expected_seconds(training: Setup) -> float:
        steps = trace(training.architecture)
        return training.config.epochs * expected_epoch_seconds(steps, training.config, dataset, speed)

    ratio = expected_seconds(setup) / expected_seconds(run_setup(run))
    return f" It will take about {format_duration(ratio * run.worked)}, judging by this run."


def _train(run: Run, setup: Setup, name: str) -> None:
    with notify_errors():
        child = cluster().submit(
            current_owner(), setup.architecture, setup.config, title=fitting_title(name), parent=run.id
        )
        open_run_later(child.id)
    if not has_notice():
        open_page("pages/train.py")
    st.rerun()
