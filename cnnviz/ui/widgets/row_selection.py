"""A table whose rows stay selected when it is filtered or sorted."""

from collections.abc import Container, Sequence
from hashlib import sha256
from typing import Any

import pandas as pd
import streamlit as st

from cnnviz.ui.widgets.dataframe import dataframe

ADDRESS_LETTERS, MAX_IDS_IN_ADDRESS = 10, 40
"""Letters of an id, and ids, that the address of the page holds."""


def selectable_rows(frame: pd.DataFrame, ids: Sequence[str], *, name: str, **table_args: Any) -> list[str]:
    """Draws a table with a row for each id, and returns the ids of the selected rows that are shown.

    If the rows change, a new widget replaces the table and begins with the same selection. The address of the page
    holds it, too, for a reload.
    """
    if name not in st.session_state and name in st.query_params:
        short_ids = st.query_params[name].split(",")
        st.session_state[name] = tuple(row_id for row_id in ids if row_id[:ADDRESS_LETTERS] in short_ids)
    key = f"{name}-{digest(ids)}"

    def save_selection() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        hidden = [selected for selected in selected_ids(name) if selected not in ids]
        _save(name, (*hidden, *(ids[row] for row in rows if row < len(ids))))

    selected = selected_ids(name)
    dataframe(
        frame,
        key=key,
        on_select=save_selection,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [row for row, row_id in enumerate(ids) if row_id in selected]}},
        hide_index=True,
        **table_args,
    )
    selected = selected_ids(name)
    return [row_id for row_id in ids if row_id in selected]


def selected_ids(name: str) -> tuple[str, ...]:
    """Returns every selected id of a table, including rows that a filter hides."""
    selected: tuple[str, ...] = st.session_state.get(name, ())
    return selected


def deselect_rows(name: str, ids: Container[str]) -> None:
    """Removes ids from the selection of a table."""
    _save(name, tuple(row_id for row_id in selected_ids(name) if row_id not in ids))


def _save(name: str, ids: tuple[str, ...]) -> None:
    st.session_state[name] = ids
    if ids:
        st.query_params[name] = ",".join(row_id[:ADDRESS_LETTERS] for row_id in ids[:MAX_IDS_IN_ADDRESS])
    else:
        st.query_params.pop(name, None)


def digest(texts: Sequence[str]) -> str:
    """Returns 16 hexadecimal digits that identify these texts, for the key of a widget."""
    return sha256(",".join(texts).encode()).hexdigest()[:16]
