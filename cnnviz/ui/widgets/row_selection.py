"""A table whose rows can be selected, and stay selected wherever a filter or an order moves them."""

from collections.abc import Container, Sequence
from hashlib import sha256
from typing import Any

import pandas as pd
import streamlit as st


def selectable_rows(frame: pd.DataFrame, ids: Sequence[str], *, name: str, **table_args: Any) -> list[str]:
    """Draws a table with a row for each id, and returns the ids of the selected rows that are shown.

    Other rows make another widget, which begins with the same selection.
    """
    key = f"{name}-{digest(ids)}"

    def save_selection() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        hidden = [selected for selected in selected_ids(name) if selected not in ids]
        st.session_state[name] = (*hidden, *(ids[row] for row in rows if row < len(ids)))

    selected = selected_ids(name)
    st.dataframe(
        frame,
        key=key,
        on_select=save_selection,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [row for row, each_id in enumerate(ids) if each_id in selected]}},
        hide_index=True,
        **table_args,
    )
    selected = selected_ids(name)
    return [each_id for each_id in ids if each_id in selected]


def selected_ids(name: str) -> tuple[str, ...]:
    """Returns every selected id of a table, those of rows that a filter hides included."""
    selected: tuple[str, ...] = st.session_state.get(name, ())
    return selected


def deselect_rows(name: str, ids: Container[str]) -> None:
    """Takes ids out of the selection of a table."""
    st.session_state[name] = tuple(each_id for each_id in selected_ids(name) if each_id not in ids)


def digest(texts: Sequence[str]) -> str:
    """Returns a short name for several texts."""
    return sha256(",".join(texts).encode()).hexdigest()[:16]
