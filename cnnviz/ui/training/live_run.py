"""The student's runs: which one to look at, and how it is going."""

from functools import partial
from operator import attrgetter

import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.insight.preparation import preparation_text
from cnnviz.runs.cluster import cluster
from cnnviz.runs.facts import ScaleParameters
from cnnviz.runs.history import History
from cnnviz.runs.run import LR_FINDER_RUN, Run, Status
from cnnviz.settings import Mode, settings
from cnnviz.ui.runs.comments import comments_view
from cnnviz.ui.runs.labels import REMOVED_LABEL, run_label, run_name
from cnnviz.ui.state import current_owner, run_choice_key, started_run
from cnnviz.ui.training.chart_options import ChartOptions, chart_options
from cnnviz.ui.training.curves import run_curves
from cnnviz.ui.training.design_line import run_net_line
from cnnviz.ui.training.lr_finder import lr_finder_view
from cnnviz.ui.training.remarks import run_remarks
from cnnviz.ui.training.run_actions import run_actions
from cnnviz.ui.training.run_history import export_buttons, read_history
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.live_fragment import live_fragment
from cnnviz.ui.widgets.scroll import scroll_into_sight
from cnnviz.ui.widgets.status_badge import STATUS_BADGES
from cnnviz.words import format_duration, unique_labels

MAX_HOLDERS = 5
"""Names of those who have the device that a waiting run shows."""
REFRESH_SECONDS = 0.5
"""Seconds between two looks at a run that goes on."""


def live_run() -> None:
    """Draws the choice among the student's runs, and the chosen one, live."""
    scroll_into_sight("training-run", started_run())
    mine = cluster().store.runs_of(current_owner())
    if not mine:
        st.info("Press **Train** and watch the loss fall and the accuracy rise, live.", icon=":material/show_chart:")
        return
    datasets = available_datasets(current_owner())
    titles = {name: dataset.title for name, dataset in datasets.items()}
    labels = unique_labels({run.id: run_label(run, titles) for run in mine})
    run_id = st.selectbox(
        "My runs",
        list(labels),
        format_func=labels.__getitem__,
        key=run_choice_key(list(labels)),
        label_visibility="collapsed",
    )
    run_shown = next(run for run in mine if run.id == run_id)
    dataset = run_shown.config.dataset
    st.subheader(escape_markdown(_headline(run_shown, titles)), anchor=False)
    run_net_line(run_shown)
    trainings = {run.id: labels[run.id] for run in mine if run.kind != LR_FINDER_RUN and run.config.dataset == dataset}
    options = ChartOptions() if run_shown.kind == LR_FINDER_RUN else chart_options(run_id, trainings)
    run_actions(run_shown)  # not in the live part: they change with the status alone, and then all is drawn anew
    live_fragment(
        partial(cluster().run, current_owner(), run_id),
        partial(_run_view, options, len(datasets[dataset].classes) if dataset in datasets else None),
        is_active=attrgetter("active"),
        watched=lambda run: {run.id, *options.compared},
        seconds=REFRESH_SECONDS,
    )
    export_buttons(run_id)


def _headline(run: Run, titles: dict[str, str]) -> str:
    """Returns the name of a run's net, what is done with it, and the data set."""
    name = run_name(run)
    task = "learning-rate finder" if run.kind == LR_FINDER_RUN else titles.get(run.config.dataset, REMOVED_LABEL)
    return f"{name[0].upper()}{name[1:]} · {task}"


def _run_view(options: ChartOptions, classes: int | None, run: Run) -> None:
    history = read_history(run)
    with st.container(horizontal=True, vertical_alignment="center", key="status"):
        label, colour, icon = STATUS_BADGES[run.status]
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        st.markdown(_status_text(run, history), width="content")
    st.progress(1.0 if run.status == Status.DONE else _done_share(run, history))
    with st.container():  # with or without a message, the charts stay where they are
        if run.message:
            (st.error if run.status == Status.FAILED else st.info)(escape_markdown(run.message))
        comments_view(run.id)
        run_remarks(run, history, classes)
    if run.kind == LR_FINDER_RUN:
        lr_finder_view(run, history)
    else:
        run_curves(run, history, options)
    if not run.active:
        facts = cluster().store.facts(run.id)
        scale = facts.scale or ScaleParameters()
        st.caption(preparation_text(run.config, facts.parts or (), scale.mean or (), scale.std or ()))


def _holders(run: Run) -> str:
    """Returns who has the device that a run waits for; nothing where nobody has a name."""
    if settings().mode == Mode.SINGLE:
        return ""
    names = {account.owner: account.person.name for account in cluster().store.people.all()}
    holders = [names[owner] for owner in cluster().outlook.owners_in_turn(run) if owner in names]
    shown = ", ".join(map(escape_markdown, holders[:MAX_HOLDERS]))
    more = f" and {len(holders) - MAX_HOLDERS} more" if len(holders) > MAX_HOLDERS else ""
    return f" · training now: {shown}{more}" if holders else ""


def _done_share(run: Run, history: History) -> float:
    """Returns the share of a run's steps that are done."""
    return min(history.step / run.steps, 1.0) if run.steps else 0.0


def _status_text(run: Run, history: History) -> str:
    left = cluster().outlook.seconds_left(run) if run.active else None
    ahead = cluster().outlook.runs_ahead(run) if run.status == Status.QUEUED else None
    if ahead is not None:
        place = f"waits for its turn, after {ahead} other{'s' * (ahead != 1)}" if ahead else "is next in line"
        return f"{place}{_holders(run)}"
    if run.status == Status.QUEUED and cluster().outlook.is_held(run):
        soon = f", in about **{format_duration(left)}**" if left is not None else ""
        return f"waits until one of your other runs has ended{soon}"
    if run.status == Status.RUNNING and not run.steps:
        done, total = cluster().store.facts(run.id).loading or (0, 0)
        return f"reading its data: {done:,} of {total:,}" if total else "reading its data"
    if run.kind == LR_FINDER_RUN:
        parts = [f"step **{history.step}**" + f" of at most {run.steps}" * run.active]
    else:
        parts = [f"epoch **{history.epoch}** of {run.config.epochs}"]
    if run.status == Status.QUEUED:
        parts.append("waits for its next turn")
    if run.active and left is not None:
        parts.append(f"about **{format_duration(left)}** left")
    if not run.active and run.worked:
        parts.append(f"{format_duration(run.worked)} of training")
    best, accuracy = history.best()
    if best:
        parts.append(f"best validation accuracy **{accuracy:.3f}** (epoch {best})")
    if run.score.test is not None:
        parts.append(f"test accuracy **{run.score.test:.3f}**")
    return " · ".join(parts)
