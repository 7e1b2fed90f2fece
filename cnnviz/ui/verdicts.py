"""What the numbers of a run say, each with what to try and buttons that make it."""

import streamlit as st

from cnnviz.insight.story import Story
from cnnviz.insight.verdict import Change, Finding, verdict
from cnnviz.runs.run import Run
from cnnviz.settings import settings
from cnnviz.ui.fields import escaped
from cnnviz.ui.followed import only, read
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import keep_config, keep_workbench, told, workbench
from cnnviz.ui.workbench import FIRST


def story_of(run: Run) -> Story:
    """The curves of a run of this student."""
    history = read(run.id)
    only({run.id})
    curves = {
        name: history.curve(split, metric)[1]
        for name, split, metric in (
            ("train_loss", "train", "loss"),
            ("train_accuracy", "train", "accuracy"),
            ("loss", "validation", "loss"),
            ("accuracy", "validation", "accuracy"),
        )
    }
    layers = {
        name: {split: history.curve(split, metric)[1] for split in history.splits(metric)}
        for name, metric in (("gradients", "gradient_norm"), ("updates", "update_ratio"))
    }
    return Story(
        architecture=run.architecture,
        config=run.config,
        goal=settings().goal,
        over=not run.active,
        message=run.message,
        gradients=layers["gradients"],
        updates=layers["updates"],
        **curves,
    )


def verdicts(run: Run) -> None:
    """A card for each finding."""
    found = verdict(story_of(run))
    for place, finding in enumerate(found):
        with st.container(border=True, key=f"finding-{place}"):
            _card(run, finding, place)
    if run.active:
        st.caption("It goes on; this is what the numbers say so far.")
    if any(finding.changes for finding in found):
        st.caption("A button opens the changed net and settings on the Train page. Undo brings your net back.")


def _card(run: Run, finding: Finding, place: int) -> None:
    icon = ":material/trophy:" if finding.good else ":material/troubleshoot:"
    st.markdown(f"{icon} **{escaped(finding.title)}**  \n{escaped(finding.text)}")
    if finding.attempt:
        st.markdown(f"*What to try:* {finding.attempt}")
    if not finding.changes:
        return
    with st.container(horizontal=True, key=f"changes-{place}"):
        for number, change in enumerate(finding.changes):
            if st.button(change.label, key=f"try-{run.id}-{place}-{number}", icon=":material/science:"):
                _take(change)


def _take(change: Change) -> None:
    with told():
        keep_workbench(workbench().restructured(change.architecture, FIRST))
        keep_config(change.config)
    if "notice" not in st.session_state:
        open_page("pages/train.py")
    st.rerun()
