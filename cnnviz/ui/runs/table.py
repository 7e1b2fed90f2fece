"""All runs of a student in a table: found, sorted, chosen, and what can be done with the chosen ones."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import pandas as pd
import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.runs.cluster import cluster
from cnnviz.runs.label import MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH, Label, parse_tags
from cnnviz.runs.library import RESTORABLE_SECONDS
from cnnviz.runs.run import LR_FINDER_RUN, Run
from cnnviz.ui.identity import current_owner
from cnnviz.ui.navigation import open_page
from cnnviz.ui.runs.labels import REMOVED_LABEL, created_at, dataset_titles, parameter_count, run_name
from cnnviz.ui.state import choose_run, notify_errors
from cnnviz.ui.training.run_actions import open_run_design
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.status_badge import STATUS_BADGES

PICKED_KEY = "picked"
"""Ids of the chosen runs in the session, whatever rows they stand in."""
DELETED_KEY = "put-away"
"""Ids of the runs that were deleted last."""
ORDERS: dict[str, Callable[[Run], object]] = {
    "Newest first": lambda run: -run.created,
    "Best validation accuracy": lambda run: -(run.score.accuracy or 0.0),
    "Fewest parameters": lambda run: parameter_count(run.architecture),
    "Shortest work": lambda run: run.worked,
    "Name": lambda run: run_name(run).casefold(),
}
"""Every order of the table by what it is called."""
ALL_DATASETS = "all data sets"
MAX_QUERY_LENGTH = 80
"""Characters to find runs by."""
ROW_HEIGHT, MOST_ROWS = 35, 12
COLUMNS = {
    "star": st.column_config.TextColumn("★", width=32, help="Runs with a star, to find them again."),
    "name": st.column_config.TextColumn("Name", width=160),
    "status": st.column_config.TextColumn("Status", width=80),
    "accuracy": st.column_config.NumberColumn(
        "Val. accuracy", format="%.3f", help="Validation accuracy of the best epoch."
    ),
    "test": st.column_config.NumberColumn("Test", format="%.3f", help="Accuracy, measured once, at the end."),
    "best": st.column_config.NumberColumn("Best epoch", help="With the highest validation accuracy."),
    "epochs": st.column_config.TextColumn("Epochs", help="Those that are done, of those that were asked for."),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "worked": st.column_config.NumberColumn("Work in s", format="%.0f", help="Seconds that the device worked for it."),
    "data": st.column_config.TextColumn("Data"),
    "settings": st.column_config.TextColumn("Settings", help="Optimizer, learning rate, schedule, batch size."),
    "tags": st.column_config.ListColumn("Tags", width=75),
    "begun": st.column_config.DatetimeColumn("Begun", format="DD MMM HH:mm:ss", width=130),
}


@dataclass(frozen=True)
class RunSelection:
    """The runs that the filter leaves, and which of them are chosen; in the order of the table."""

    shown: Sequence[Run]
    picked: Sequence[Run]


def runs_table(mine: Sequence[Run]) -> RunSelection:
    """Filter, table and buttons of a student's trainings."""
    titles = dataset_titles()
    shown = _filter_runs([run for run in mine if run.kind != LR_FINDER_RUN], titles)
    buttons = st.container(horizontal=True, vertical_alignment="bottom", key="shelf-acts")
    if not shown:
        st.info("No run of yours is like that.", icon=":material/search_off:")
        picked: list[Run] = []
    else:
        picked = _selectable_table(shown, titles)
    with buttons:
        _picked_actions(picked)
    return RunSelection(shown, picked)


def _filter_runs(runs: Sequence[Run], titles: dict[str, str]) -> list[Run]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="shelf-filter"):
        text = st.text_input(
            "Find",
            placeholder="name, tag, setting",
            key="find-runs",
            persist_state="session",
            width=280,
            help="The beginnings of words, all of which are found in it.",
        )[:MAX_QUERY_LENGTH]
        used = {run.config.dataset for run in runs}
        data = st.selectbox(
            "Data set",
            [ALL_DATASETS, *sorted(used, key=lambda name: titles.get(name, REMOVED_LABEL))],
            format_func=lambda name: titles.get(name, ALL_DATASETS if name == ALL_DATASETS else REMOVED_LABEL),
            key="find-data",
            persist_state="session",
            width=200,
        )
        order = st.selectbox("Sort by", list(ORDERS), key="sort-runs", persist_state="session", width=220)
        states = st.pills(
            "Status",
            list(STATUS_BADGES),
            selection_mode="multi",
            format_func=lambda status: STATUS_BADGES[status].label,
            key="find-status",
            persist_state="session",
        )
        starred = st.toggle("★ only", key="find-starred", persist_state="session")
    words = [re.compile(rf"(?<!\w){re.escape(word)}") for word in text.casefold().split()]
    matching = [
        run
        for run in runs
        if (data in (ALL_DATASETS, run.config.dataset))
        and (not states or run.status in states)
        and (run.starred or not starred)
        and all(word.search(_searchable_text(run, titles)) for word in words)
    ]
    return sorted(matching, key=ORDERS[order])  # type: ignore[arg-type]  # each order gives what compares with itself


def _searchable_text(run: Run, titles: dict[str, str]) -> str:
    """All of a run that can be searched for."""
    return " ".join(
        [run_name(run), titles.get(run.config.dataset, REMOVED_LABEL), _settings_text(run), *run.tags]
    ).casefold()


def _settings_text(run: Run) -> str:
    config = run.config
    return f"{config.optimizer} {config.learning_rate:.3g}, {config.schedule}, batch {config.batch_size}"


def _selectable_table(shown: Sequence[Run], titles: dict[str, str]) -> list[Run]:
    """Draw the runs; those that are chosen. Other rows make another widget, which begins with the same choice."""
    ids = [run.id for run in shown]
    key = f"runs-{_digest(ids)}"
    picked_ids = st.session_state.get(PICKED_KEY, ())

    def save_selection() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        elsewhere = [run_id for run_id in st.session_state.get(PICKED_KEY, ()) if run_id not in ids]
        st.session_state[PICKED_KEY] = (*elsewhere, *(ids[row] for row in rows if row < len(ids)))

    st.dataframe(
        runs_frame(shown, titles),
        key=key,
        on_select=save_selection,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [row for row, run_id in enumerate(ids) if run_id in picked_ids]}},
        hide_index=True,
        height=ROW_HEIGHT * (min(len(shown), MOST_ROWS) + 1) + 3,
        column_config=COLUMNS,
        placeholder="",
    )
    picked_ids = st.session_state.get(PICKED_KEY, ())
    return [run for run in shown if run.id in picked_ids]


def runs_frame(runs: Sequence[Run], titles: dict[str, str]) -> pd.DataFrame:
    """A row for each run, in the columns of COLUMNS."""
    return pd.DataFrame(
        {
            "star": pd.array(["★" if run.starred else "" for run in runs], dtype="str"),
            "name": pd.array([run_name(run) for run in runs], dtype="str"),
            "status": pd.array([STATUS_BADGES[run.status].label for run in runs], dtype="str"),
            "accuracy": pd.array([run.score.accuracy for run in runs], dtype="Float64"),
            "test": pd.array([run.score.test for run in runs], dtype="Float64"),
            "best": pd.array([run.score.best_epoch or None for run in runs], dtype="Int64"),
            "epochs": pd.array([f"{run.score.epoch} / {run.config.epochs}" for run in runs], dtype="str"),
            "parameters": [parameter_count(run.architecture) for run in runs],
            "worked": [run.worked for run in runs],
            "data": pd.array([titles.get(run.config.dataset, REMOVED_LABEL) for run in runs], dtype="str"),
            "settings": pd.array([_settings_text(run) for run in runs], dtype="str"),
            "tags": [list(run.tags) for run in runs],
            "begun": [created_at(run).replace(tzinfo=None) for run in runs],
        }
    )


def _picked_actions(picked: Sequence[Run]) -> None:
    """What can be done with the chosen runs; with none, what was deleted last can be brought back."""
    one, some = len(picked) == 1, bool(picked)
    count_text = "1 run chosen" if one else f"{len(picked)} runs chosen" if some else "Choose runs in the table"
    st.caption(count_text, width="content")
    if st.button(
        "Look closely",
        icon=":material/search:",
        key="look-closely",
        disabled=not one,
        help="One run: its verdict, its mistakes, and all of it to take home.",
    ):
        choose_run(picked[0].id)
        open_page("pages/result.py")
    if st.button(
        "Use its net and settings",
        icon=":material/content_copy:",
        key="shelf-clone",
        disabled=not one,
        help="Opens the net of one run and its settings, to change something and train again.",
    ):
        open_run_design(picked[0])
        open_page("pages/train.py")
    all_starred = some and all(run.starred for run in picked)
    st.button(
        "Unstar" if all_starred else "Star",
        icon=":material/star:",
        key="shelf-star",
        disabled=not some,
        on_click=_set_star,
        args=(picked, not all_starred),
    )
    with st.popover("Name and tags", icon=":material/edit:", disabled=not some, key="shelf-label"):
        _label_form(picked)
    st.button(
        "Delete",
        icon=":material/delete:",
        key="shelf-delete",
        disabled=not some,
        on_click=_delete_runs,
        args=(picked,),
        help="For a day, it can be brought back. A run that goes on is stopped.",
    )
    if deleted_ids := st.session_state.get(DELETED_KEY):
        st.button(
            f"Bring {'it' if len(deleted_ids) == 1 else f'all {len(deleted_ids)}'} back",
            icon=":material/undo:",
            key="shelf-undo",
            type="primary",
            on_click=_restore_runs,
            args=(deleted_ids,),
            help="What was deleted last. A day later it is gone for good.",
        )


def _label_form(picked: Sequence[Run]) -> None:
    if not picked:
        return
    with st.form("label", border=False):
        first = picked[0]
        name = (
            st.text_input(
                "Name", first.title, max_chars=MAX_TITLE_LENGTH, key=f"name-{first.id}", placeholder=run_name(first)
            )
            if len(picked) == 1
            else None
        )
        common = [tag for tag in first.tags if all(tag in run.tags for run in picked)]
        tags = st.text_input(
            "Tags, with commas between",
            ", ".join(common),
            key=f"tags-{_digest([*(run.id for run in picked), *common])}",
            max_chars=MAX_TAGS * (MAX_TAG_LENGTH + 2),
            help=f"Up to {MAX_TAGS} of up to {MAX_TAG_LENGTH} characters.",
        )
        if st.form_submit_button("Keep", type="primary"):
            wanted = parse_tags(tags)
            with notify_errors():
                for run in picked:
                    own = [tag for tag in run.tags if tag not in common]
                    label = replace(
                        _current_label(run), tags=(*own, *wanted), title=run.title if name is None else name
                    )
                    cluster().library.set_label(current_owner(), run.id, label)
                st.toast("Kept.", icon=":material/check:")
            st.rerun()


def _digest(texts: Sequence[str]) -> str:
    """A short name for several texts."""
    return sha256(",".join(texts).encode()).hexdigest()[:16]


def _current_label(run: Run) -> Label:
    return Label(run.title, run.starred, run.tags)


def _set_star(picked: Sequence[Run], starred: bool) -> None:
    with notify_errors():
        for run in picked:
            cluster().library.set_label(current_owner(), run.id, replace(_current_label(run), starred=starred))


def _delete_runs(picked: Sequence[Run]) -> None:
    ids = [run.id for run in picked]
    try:
        cluster().library.delete(current_owner(), ids)
    except CnnvizError as error:
        st.session_state["notice"] = str(error)
        return
    st.session_state[DELETED_KEY] = ids
    st.session_state[PICKED_KEY] = tuple(run_id for run_id in st.session_state.get(PICKED_KEY, ()) if run_id not in ids)


def _restore_runs(ids: Sequence[str]) -> None:
    with notify_errors():
        cluster().library.restore(current_owner(), ids)
        st.toast(
            f"{'It is' if len(ids) == 1 else f'All {len(ids)} are'} among your runs again.", icon=":material/undo:"
        )
    st.session_state.pop(DELETED_KEY, None)


def deleted_runs() -> None:
    """The runs that were deleted within a day, to be brought back."""
    earliest = time.time() - RESTORABLE_SECONDS
    deleted = [run for run in cluster().store.runs_of(current_owner(), deleted=True) if (run.deleted or 0) >= earliest]
    if not deleted:
        return
    with st.expander(f"Deleted within a day: {len(deleted)}", icon=":material/delete:"):
        for run in deleted[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{escape_markdown(run_name(run))}, {created_at(run):%d %b %H:%M}", width="stretch")
                st.button("Bring back", key=f"back-{run.id}", on_click=_restore_runs, args=([run.id],))
