"""What each change brought: the single differences between chosen runs, and the single changes that are missing."""

from collections.abc import Mapping, Sequence

import streamlit as st

from cnnviz.insight.change_tree import ChangeNode, SeedGroup, build_change_tree, compare_groups, find_steps
from cnnviz.insight.single_differences import Difference, Setup, apply_differences, without_seed
from cnnviz.runs.cluster import cluster
from cnnviz.runs.compared_runs import run_setup, runs_by_setup
from cnnviz.runs.label import fitting_title
from cnnviz.runs.run import LR_FINDER_RUN, Run
from cnnviz.ui.runs.change_tree import shown_nodes
from cnnviz.ui.runs.compared_runs import (
    compared_run,
    differences_text,
    effect_badge,
    effect_verdict,
    group_text,
)
from cnnviz.ui.runs.labels import legend_labels
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_errors

MAX_SINGLE_CHANGES = 8
"""Differences of two runs of which each one alone is offered."""
MARGIN_NOTE = (
    "± is an interval of 95 % around the difference of the best validation accuracies. All seeds that you have trained"
    " of these nets count."
)


def attribution(runs: Sequence[Run]) -> None:
    """Draws which single differences between the chosen runs came with how much."""
    if len(runs) < 2:
        st.info("Choose two or more runs to see how they differ, and what that changed.", icon=":material/rule:")
        return
    all_mine = cluster().store.runs_of(current_owner())
    mine = runs_by_setup(all_mine)
    labels = legend_labels(runs)
    names: dict[str, str] = {}
    alike: dict[str, Run] = {}
    for run in runs:
        for seed in mine.get(without_seed(run_setup(run)), ()):
            names.setdefault(seed.id, labels[run.id])
            alike[seed.id] = seed
    nodes = build_change_tree(tuple(map(compared_run, alike.values())))
    st.markdown("**What each change brought**")
    for position, node in enumerate(nodes):
        if node.parent is None:
            seeds = "" if len(node.group.runs) < 2 else ", runs that differ in their seeds alone"
            st.markdown(f"- **{escape_markdown(names[node.group.runs[0].id])}**: {group_text(node.group)}{seeds}")
            continue
        st.markdown(_node_text(node, names))
        if len(node.differences) > 1:
            _steps_pointer(node.parent, node, all_mine)
            _single_changes(node.parent, node, position, mine)
    notes = [MARGIN_NOTE]
    if sum(node.parent is None for node in nodes) > 1:
        notes.append("Runs on other data, or validated on other samples, are not compared with each other.")
    st.caption(" ".join(notes))


def _node_text(node: ChangeNode, labels: dict[str, str]) -> str:
    first, before = node.group.runs[0], node.parent.runs[0] if node.parent else node.group.runs[0]
    names = f"{escape_markdown(labels[before.id])} → **{escape_markdown(labels[first.id])}**"
    text = f"- {names}: {differences_text(node.differences)}: {_brought(node)} → {group_text(node.group)}"
    if len(node.differences) < 2:
        return text
    return f"{text}.  \n  These runs do not tell which of these changes made the difference."


def _brought(node: ChangeNode) -> str:
    if node.effect is None:
        return "one of them was not trained to its end"
    return f"{effect_badge(node.effect)} {effect_verdict(node.effect)}"


def _steps_pointer(before: SeedGroup, node: ChangeNode, mine: Sequence[Run]) -> None:
    """Draws where to find what each step brought, where these runs are the ends of a chain of them."""
    trainings = [run for run in mine if run.kind != LR_FINDER_RUN]
    steps = find_steps(shown_nodes(trainings), before.runs[0].id, node.group.runs[0].id)
    if len(steps) > 1:
        names = "; ".join(differences_text(step.differences) for step in steps)
        st.markdown(
            f":material/account_tree: You went from the one to the other in {len(steps)} steps: {names}. **Changes**,"
            " above, shows what each of them brought. Layers are numbered as in the net before each step."
        )


def _single_changes(before: SeedGroup, node: ChangeNode, position: int, mine: Mapping[Setup, Sequence[Run]]) -> None:
    """Draws, for each of several differences, what it brought alone, or a button that trains the run to tell."""
    if len(node.differences) > MAX_SINGLE_CHANGES:
        st.caption(f"These are {len(node.differences)} changes: the nets have too little in common to separate them.")
        return
    missing: list[tuple[Difference, Setup]] = []
    lines = []
    for difference in node.differences:
        single = apply_differences(before.setup, node.group.setup, [difference])
        if single is None:
            continue
        if trained := mine.get(without_seed(single)):
            _, effect = compare_groups(before, SeedGroup(tuple(map(compared_run, trained))))
            brought = f"{effect_badge(effect)} {effect_verdict(effect)}" if effect else "not trained to its end yet"
            lines.append(f"    - {escape_markdown(difference.label)} alone: {brought}")
        else:
            missing.append((difference, single))
    if lines:
        st.markdown("\n".join(["- Each one alone:", *lines]))
    with st.container(horizontal=True, key=f"single-changes-{position}"):
        for number, (difference, single) in enumerate(missing):
            if st.button(
                f"Train with {escape_markdown(difference.label)} alone",
                key=f"single-{before.runs[0].id}-{node.group.runs[0].id}-{number}",
                icon=":material/science:",
            ):
                _train(before.runs[0].id, single, difference.label)


def _train(parent_id: str, setup: Setup, label: str) -> None:
    with notify_errors():
        cluster().submit(
            current_owner(), setup.architecture, setup.config, title=fitting_title(label), parent=parent_id
        )
        st.toast(f"“{escape_markdown(label)}” waits for its turn.", icon=":material/check:")
    st.rerun()
