"""Charts on a page, each with its picture and its data to download."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cnnviz.charts import Figure

_PLOTLY_CONFIG = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "svg", "filename": "cnnviz"},
    "modeBarButtonsToAdd": ["downloadJson"],
}
"""Of a plotly figure: its picture as SVG, which any browser or word processor takes, and its data."""


def plotly_chart(figure: Figure, *, key: str) -> None:
    """Draws a plotly figure."""
    st.plotly_chart(figure, key=key, config=_PLOTLY_CONFIG)


def vega_chart(
    spec: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    *,
    key: str,
    alt: str,
    selection_mode: Sequence[str] = ("zoom",),
) -> Any:
    """Draws a Vega-Lite chart with its tables by name, and returns what is selected in it.

    Streamlit gives it tools for its picture as PNG and its data as CSV. Its data lie in its specification, so that
    browsers begin with them. A selection is kept when data change; a zoom that is none would be thrown away.
    """
    modes = [mode for mode in selection_mode if mode in _selection_names(spec)]
    return st.vega_lite_chart(
        {**spec, "datasets": dict(tables)},
        key=key,
        on_select="rerun" if modes else "ignore",
        selection_mode=modes or None,
        alt=alt,
    )


def _selection_names(spec: Mapping[str, Any]) -> set[str]:
    """Names of the selections that a chart knows."""
    names = {param["name"] for param in spec.get("params", ())}
    return names.union(*(_selection_names(layer) for layer in spec.get("layer", ())))
