"""The tree of changes: which run started from which, what was changed, and what that brought."""

from collections.abc import Sequence

import streamlit as st

from cnnviz.insight.change_tree import ChangeNode, build_change_tree
from cnnviz.runs.run import Run
from cnnviz.ui.runs.compared_runs import compared_run, differences_text, effect_badge, effect_verdict, group_text
from cnnviz.ui.runs.labels import REMOVED_LABEL, created_at, dataset_titles, run_name
from cnnviz.ui.widgets.fields import escape_markdown

MAX_RUNS, MAX_DEPTH, MAX_DIFFERENCES = 60, 8, 8
"""Runs in the tree, the latest; changes in a row up to which each one is further to the right; and differences from an
earlier run up to which a run is taken for one that was made of it."""


ACCURACY_NOTE = (
    "Numbers are the best validation accuracy; those of several seeds are their mean. ± is an interval of 95 %: from"
    " the spread over seeds where a net was trained with several, otherwise from the number of validation samples"
    " alone, and other seeds may change more than that. Grey: no more than chance would explain."
)


def change_tree(runs: Sequence[Run]) -> None:
    """Draws the runs below those that they started from, each with its change and what that brought."""
    by_id = {run.id: run for run in runs}
    nodes = shown_nodes(runs)
    titles = dataset_titles()
    with st.container(key="change-tree"):
        st.markdown("\n".join(_line(node, by_id, titles) for node in nodes))
    notes = [ACCURACY_NOTE]
    if any(node.parent and not node.is_remembered for node in nodes):
        notes.append("≈: where this run started from is not known; it is shown below the earlier one most like it.")
    if len(runs) > MAX_RUNS:
        notes.append(f"The latest {MAX_RUNS} of the runs in the table.")
    st.caption("  \n".join(notes))


def shown_nodes(runs: Sequence[Run]) -> tuple[ChangeNode, ...]:
    """Returns the nodes of the tree of these runs, the latest `MAX_RUNS` of them."""
    latest = sorted(runs, key=lambda run: run.created)[-MAX_RUNS:]
    return build_change_tree(tuple(map(compared_run, latest)), MAX_DIFFERENCES)


def _line(node: ChangeNode, runs: dict[str, Run], titles: dict[str, str]) -> str:
    """Returns a node as an item of a list in Markdown."""
    run = runs[node.group.runs[0].id]
    indent = "    " * min(node.depth, MAX_DEPTH)
    if node.parent is None:
        data = escape_markdown(titles.get(run.config.dataset, REMOVED_LABEL))
        name = f"**{escape_markdown(run_name(run))}**, {created_at(run):%d %b %H:%M}, {data}"
        return f"{indent}- {name}: {group_text(node.group)}"
    guess = "" if node.is_remembered else "≈ "
    change = f"{guess}{differences_text(node.differences)}"
    if node.effect is None:
        return f"{indent}- {change}: {group_text(node.group)}"
    brought = f"{effect_badge(node.effect)} {effect_verdict(node.effect)}"
    return f"{indent}- {change}: {brought} → {group_text(node.group)}"
