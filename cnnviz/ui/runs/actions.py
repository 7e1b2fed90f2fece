"""What can be done with chosen runs: look closer, use again, name, star, delete and restore."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.label import MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH, Label, parse_tags
from cnnviz.runs.library import RESTORABLE_SECONDS
from cnnviz.runs.run import Run
from cnnviz.settings import Mode, settings
from cnnviz.ui.navigation import open_page
from cnnviz.ui.runs.labels import created_at, run_name
from cnnviz.ui.runs.sharing import share_run_form
from cnnviz.ui.state import choose_run, current_owner, last_deleted_runs, open_design, save_last_deleted_runs
from cnnviz.ui.widgets.counter import count_up, counter
from cnnviz.ui.widgets.fields import attempt, escape_markdown, problem, show_problem
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.ui.widgets.row_selection import deselect_rows, digest

PICKED_KEY = "picked"
"""Name of the table's selection: the ids of the chosen runs, those that the filter hides included."""

LABELS_SAVED = "labels-saved"
"""Counter of the forms that were saved."""


def picked_actions(picked: Sequence[Run]) -> None:
    """Draws the buttons for the chosen runs, and the one that restores those deleted last."""
    one, some = len(picked) == 1, bool(picked)
    count_text = "1 run chosen" if one else f"{len(picked)} runs chosen" if some else "Choose runs in the table"
    st.caption(count_text, width="content")
    if st.button(
        "Look closely",
        icon=":material/search:",
        key="look-closely",
        disabled=not one,
        help="One run: its verdict, its mistakes, and its files to download.",
    ):
        choose_run(picked[0].id)
        open_page("pages/result.py")
    if st.button(
        "Use its net and settings",
        icon=":material/content_copy:",
        key="shelf-clone",
        disabled=not one,
        help="Opens the net and the settings of this run, so that you can change something and train again.",
    ):
        with notify_errors():
            open_design(picked[0].architecture, picked[0].config, parent_run_id=picked[0].id)
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
    popover_key = f"shelf-label-{counter(LABELS_SAVED)}"  # another one, which is closed, after it has saved
    with st.popover("Name and tags", icon=":material/edit:", disabled=not some, key=popover_key):
        _label_form(picked)
    if settings().mode == Mode.CLASS:
        with st.popover("Share", icon=":material/visibility:", disabled=not one, key="shelf-share"):
            if one:
                share_run_form(picked[0])
    st.button(
        "Delete",
        icon=":material/delete:",
        key="shelf-delete",
        disabled=not some,
        on_click=_delete_runs,
        args=(picked,),
        help="You can bring it back for a day. A run that is still training is stopped.",
    )
    if deleted_ids := last_deleted_runs():
        st.button(
            f"Bring {'it' if len(deleted_ids) == 1 else f'all {len(deleted_ids)}'} back",
            icon=":material/undo:",
            key="shelf-undo",
            type="primary",
            on_click=_restore_runs,
            args=(deleted_ids,),
            help="Restores what you deleted last. After a day it is gone for good.",
        )


def _label_form(picked: Sequence[Run]) -> None:
    if not picked:
        return
    with st.form("label", border=False):
        first = picked[0]
        name = (
            st.text_input(
                "Name",
                first.title,
                key=f"name-{first.id}",
                placeholder=run_name(first),
                help=f"Up to {MAX_TITLE_LENGTH} characters.",
            )
            if len(picked) == 1
            else None
        )
        common = [tag for tag in first.tags if all(tag in run.tags for run in picked)]
        tags_key = f"tags-{digest([*(run.id for run in picked), *common])}"
        st.text_input(
            "Tags, separated by commas",
            ", ".join(common),
            key=tags_key,
            help=f"Up to {MAX_TAGS} tags of up to {MAX_TAG_LENGTH} characters.",
        )
        reason = st.container()
        if st.form_submit_button("Save", type="primary"):
            attempt(tags_key, partial(_save_labels, picked, name, common))
            if problem(tags_key) is None:
                st.toast("Saved.", icon=":material/check:")
                count_up(LABELS_SAVED)
                st.rerun()
        with reason:
            show_problem(tags_key)


def _save_labels(picked: Sequence[Run], name: str | None, common: Sequence[str], tags: object) -> None:
    """Gives all these runs the typed tags in place of their common ones, and a single run its name."""
    for run in picked:
        own = [tag for tag in run.tags if tag not in common]
        label = replace(
            _current_label(run), tags=(*own, *parse_tags(str(tags))), title=run.title if name is None else name
        )
        cluster().library.set_label(current_owner(), run.id, label)


def _current_label(run: Run) -> Label:
    return Label(run.title, run.starred, run.tags)


def _set_star(picked: Sequence[Run], starred: bool) -> None:
    with notify_errors():
        for run in picked:
            cluster().library.set_label(current_owner(), run.id, replace(_current_label(run), starred=starred))


def _delete_runs(picked: Sequence[Run]) -> None:
    ids = [run.id for run in picked]
    with notify_errors():
        cluster().library.delete(current_owner(), ids)
        save_last_deleted_runs(ids)
        deselect_rows(PICKED_KEY, ids)


def _restore_runs(ids: Sequence[str]) -> None:
    with notify_errors():
        cluster().library.restore(current_owner(), ids)
        st.toast(f"{'It is' if len(ids) == 1 else f'All {len(ids)} are'} back in your runs.", icon=":material/undo:")
    save_last_deleted_runs([])


def deleted_runs() -> None:
    """Draws the runs that were deleted in the last day, each with a button that restores it."""
    earliest = time.time() - RESTORABLE_SECONDS
    deleted = [run for run in cluster().store.runs_of(current_owner(), deleted=True) if (run.deleted or 0) >= earliest]
    if not deleted:
        return
    with st.expander(f"Deleted in the last day: {len(deleted)}", icon=":material/delete:"):
        for run in deleted[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{escape_markdown(run_name(run))}, {created_at(run):%d %b %H:%M}", width="stretch")
                st.button("Bring back", key=f"back-{run.id}", on_click=_restore_runs, args=([run.id],))
