"""Charts on a page, each with its picture and its data to download."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cnnviz.charts import Figure

_TOOLS = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "svg", "filename": "cnnviz"},
    "modeBarButtonsToAdd": ["downloadJson"],
}
"""Of a plotly figure: its picture as SVG, which any browser or word processor takes, and its data."""


def plot(figure: Figure, *, key: str) -> None:
    """Draw a plotly figure."""
    st.plotly_chart(figure, key=key, config=_TOOLS)


def chart(
    spec: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    *,
    key: str,
    alt: str,
    selection_mode: Sequence[str] = ("zoom",),
) -> Any:
    """Draw a Vega-Lite chart with its data by name; what is selected in it.

    Streamlit gives it tools for its picture as PNG and its data as CSV. Its data lie in its specification, so that
    browsers begin with them. A selection is kept when data change; a zoom that is none would be thrown away.
    """
    modes = [mode for mode in selection_mode if mode in _parameters(spec)]
    return st.vega_lite_chart(
        {**spec, "datasets": dict(tables)},
        key=key,
        on_select="rerun" if modes else "ignore",
        selection_mode=modes or None,
        alt=alt,
    )


def _parameters(spec: Mapping[str, Any]) -> set[str]:
    """Names of the selections that a chart knows."""
    own = {each["name"] for each in spec.get("params", ())}
    return own.union(*(_parameters(layer) for layer in spec.get("layer", ())))
