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
from cnnviz.runs.label import MOST_TAG, MOST_TAGS, MOST_TITLE, Label, tags_of
from cnnviz.runs.run import FIND, Run
from cnnviz.runs.shelf import AWAY_SECONDS
from cnnviz.ui.acts import open_net
from cnnviz.ui.badges import BADGES
from cnnviz.ui.fields import escaped
from cnnviz.ui.named import REMOVED, begun, dataset_titles, parameters, run_name
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import choose_run, told
from cnnviz.ui.student import owner

PICKED = "picked"
"""Ids of the chosen runs in the session, whatever rows they stand in."""
UNDO = "put-away"
"""Ids of the runs that were deleted last."""
ORDERS: dict[str, Callable[[Run], object]] = {
    "Newest first": lambda run: -run.created,
    "Best validation accuracy": lambda run: -(run.score.accuracy or 0.0),
    "Fewest parameters": lambda run: parameters(run.architecture),
    "Shortest work": lambda run: run.worked,
    "Name": lambda run: run_name(run).casefold(),
}
"""Every order of the table by what it is called."""
EVERY = "all data sets"
MOST_SOUGHT = 80
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
class Choice:
    """The runs that the filter leaves, and which of them are chosen; in the order of the table."""

    shown: Sequence[Run]
    picked: Sequence[Run]


def shelf(mine: Sequence[Run]) -> Choice:
    """Filter, table and buttons of a student's trainings."""
    titles = dataset_titles()
    shown = _filtered([run for run in mine if run.kind != FIND], titles)
    buttons = st.container(horizontal=True, vertical_alignment="bottom", key="shelf-acts")
    if not shown:
        st.info("No run of yours is like that.", icon=":material/search_off:")
        picked: list[Run] = []
    else:
        picked = _table(shown, titles)
    with buttons:
        _acts(picked)
    return Choice(shown, picked)


def _filtered(runs: Sequence[Run], titles: dict[str, str]) -> list[Run]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="shelf-filter"):
        text = st.text_input(
            "Find",
            placeholder="name, tag, setting",
            key="find-runs",
            persist_state="session",
            width=280,
            help="The beginnings of words, all of which are found in it.",
        )[:MOST_SOUGHT]
        used = {run.config.dataset for run in runs}
        data = st.selectbox(
            "Data set",
            [EVERY, *sorted(used, key=lambda name: titles.get(name, REMOVED))],
            format_func=lambda name: titles.get(name, EVERY if name == EVERY else REMOVED),
            key="find-data",
            persist_state="session",
            width=200,
        )
        order = st.selectbox("Sort by", list(ORDERS), key="sort-runs", persist_state="session", width=220)
        states = st.pills(
            "Status",
            list(BADGES),
            selection_mode="multi",
            format_func=lambda status: BADGES[status].label,
            key="find-status",
            persist_state="session",
        )
        starred = st.toggle("★ only", key="find-starred", persist_state="session")
    words = [re.compile(rf"(?<!\w){re.escape(word)}") for word in text.casefold().split()]
    found = [
        run
        for run in runs
        if (data in (EVERY, run.config.dataset))
        and (not states or run.status in states)
        and (run.starred or not starred)
        and all(word.search(_text(run, titles)) for word in words)
    ]
    return sorted(found, key=ORDERS[order])  # type: ignore[arg-type]  # each order gives what compares with itself


def _text(run: Run, titles: dict[str, str]) -> str:
    """All of a run that can be searched for."""
    return " ".join([run_name(run), titles.get(run.config.dataset, REMOVED), _settings(run), *run.tags]).casefold()


def _settings(run: Run) -> str:
    config = run.config
    return f"{config.optimizer} {config.learning_rate:.3g}, {config.schedule}, batch {config.batch_size}"


def _table(shown: Sequence[Run], titles: dict[str, str]) -> list[Run]:
    """Draw the runs; those that are chosen. Other rows make another widget, which begins with the same choice."""
    ids = [run.id for run in shown]
    key = f"runs-{_digest(ids)}"
    kept = st.session_state.get(PICKED, ())

    def chosen() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        elsewhere = [run_id for run_id in st.session_state.get(PICKED, ()) if run_id not in ids]
        st.session_state[PICKED] = (*elsewhere, *(ids[row] for row in rows if row < len(ids)))

    st.dataframe(
        frame(shown, titles),
        key=key,
        on_select=chosen,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [place for place, each in enumerate(ids) if each in kept]}},
        hide_index=True,
        height=ROW_HEIGHT * (min(len(shown), MOST_ROWS) + 1) + 3,
        column_config=COLUMNS,
        placeholder="",
    )
    kept = st.session_state.get(PICKED, ())
    return [run for run in shown if run.id in kept]


def frame(runs: Sequence[Run], titles: dict[str, str]) -> pd.DataFrame:
    """A row for each run, in the columns of COLUMNS."""
    return pd.DataFrame(
        {
            "star": pd.array(["★" if run.starred else "" for run in runs], dtype="str"),
            "name": pd.array([run_name(run) for run in runs], dtype="str"),
            "status": pd.array([BADGES[run.status].label for run in runs], dtype="str"),
            "accuracy": pd.array([run.score.accuracy for run in runs], dtype="Float64"),
            "test": pd.array([run.score.test for run in runs], dtype="Float64"),
            "best": pd.array([run.score.best_epoch or None for run in runs], dtype="Int64"),
            "epochs": pd.array([f"{run.score.epoch} / {run.config.epochs}" for run in runs], dtype="str"),
            "parameters": [parameters(run.architecture) for run in runs],
            "worked": [run.worked for run in runs],
            "data": pd.array([titles.get(run.config.dataset, REMOVED) for run in runs], dtype="str"),
            "settings": pd.array([_settings(run) for run in runs], dtype="str"),
            "tags": [list(run.tags) for run in runs],
            "begun": [begun(run).replace(tzinfo=None) for run in runs],
        }
    )


def _acts(picked: Sequence[Run]) -> None:
    """What can be done with the chosen runs; with none, what was deleted last can be brought back."""
    one, some = len(picked) == 1, bool(picked)
    told_count = "1 run chosen" if one else f"{len(picked)} runs chosen" if some else "Choose runs in the table"
    st.caption(told_count, width="content")
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
        open_net(picked[0])
        open_page("pages/train.py")
    stars = some and all(run.starred for run in picked)
    st.button(
        "Unstar" if stars else "Star",
        icon=":material/star:",
        key="shelf-star",
        disabled=not some,
        on_click=_star,
        args=(picked, not stars),
    )
    with st.popover("Name and tags", icon=":material/edit:", disabled=not some, key="shelf-label"):
        _label(picked)
    st.button(
        "Delete",
        icon=":material/delete:",
        key="shelf-delete",
        disabled=not some,
        on_click=_delete,
        args=(picked,),
        help="For a day, it can be brought back. A run that goes on is stopped.",
    )
    if gone := st.session_state.get(UNDO):
        st.button(
            f"Bring {'it' if len(gone) == 1 else f'all {len(gone)}'} back",
            icon=":material/undo:",
            key="shelf-undo",
            type="primary",
            on_click=_bring_back,
            args=(gone,),
            help="What was deleted last. A day later it is gone for good.",
        )


def _label(picked: Sequence[Run]) -> None:
    if not picked:
        return
    with st.form("label", border=False):
        first = picked[0]
        name = (
            st.text_input(
                "Name", first.title, max_chars=MOST_TITLE, key=f"name-{first.id}", placeholder=run_name(first)
            )
            if len(picked) == 1
            else None
        )
        common = [tag for tag in first.tags if all(tag in run.tags for run in picked)]
        tags = st.text_input(
            "Tags, with commas between",
            ", ".join(common),
            key=f"tags-{_digest([*(run.id for run in picked), *common])}",
            max_chars=MOST_TAGS * (MOST_TAG + 2),
            help=f"Up to {MOST_TAGS} of up to {MOST_TAG} characters.",
        )
        if st.form_submit_button("Keep", type="primary"):
            wanted = tags_of(tags)
            with told():
                for run in picked:
                    own = [tag for tag in run.tags if tag not in common]
                    label = replace(_label_of(run), tags=(*own, *wanted), title=run.title if name is None else name)
                    cluster().shelf.label(owner(), run.id, label)
                st.toast("Kept.", icon=":material/check:")
            st.rerun()


def _digest(texts: Sequence[str]) -> str:
    """A short name for several texts."""
    return sha256(",".join(texts).encode()).hexdigest()[:16]


def _label_of(run: Run) -> Label:
    return Label(run.title, run.starred, run.tags)


def _star(picked: Sequence[Run], starred: bool) -> None:
    with told():
        for run in picked:
            cluster().shelf.label(owner(), run.id, replace(_label_of(run), starred=starred))


def _delete(picked: Sequence[Run]) -> None:
    ids = [run.id for run in picked]
    try:
        cluster().shelf.put_away(owner(), ids)
    except CnnvizError as error:
        st.session_state["notice"] = str(error)
        return
    st.session_state[UNDO] = ids
    st.session_state[PICKED] = tuple(each for each in st.session_state.get(PICKED, ()) if each not in ids)


def _bring_back(ids: Sequence[str]) -> None:
    with told():
        cluster().shelf.bring_back(owner(), ids)
        st.toast(
            f"{'It is' if len(ids) == 1 else f'All {len(ids)} are'} among your runs again.", icon=":material/undo:"
        )
    st.session_state.pop(UNDO, None)


def away() -> None:
    """The runs that were deleted within a day, to be brought back."""
    earliest = time.time() - AWAY_SECONDS
    gone = [run for run in cluster().store.of(owner(), deleted=True) if (run.deleted or 0) >= earliest]
    if not gone:
        return
    with st.expander(f"Deleted within a day: {len(gone)}", icon=":material/delete:"):
        for run in gone[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{escaped(run_name(run))}, {begun(run):%d %b %H:%M}", width="stretch")
                st.button("Bring back", key=f"back-{run.id}", on_click=_bring_back, args=([run.id],))
