"""Charts on a page, with downloads of their picture and their data."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from cnnviz.charts import Figure
from cnnviz.ui.widgets.dataframe import spreadsheet_frame, spreadsheet_table
from cnnviz.words import spreadsheet_text

_PLOTLY_CONFIG = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "svg", "filename": "cnnviz"},
    "modeBarButtonsToAdd": ["downloadJson"],
}
"""Toolbar of a plotly figure: downloads of its data and of its picture, as SVG for browsers and word processors."""


def plotly_chart(figure: Figure, *, key: str, alt: str | None = None) -> None:
    """Draws a plotly figure with a toolbar to download its picture and its data.

    It is as wide as the page unless its layout has a width.
    """
    width = figure.layout.width
    st.plotly_chart(figure, key=key, config=_PLOTLY_CONFIG, alt=alt, width="stretch" if width is None else int(width))


def selectable_plotly_chart(figure: Figure, *, key: str, alt: str) -> list[int]:
    """Draws a plotly figure whose points a click, a box or a lasso selects; returns their custom data, whole numbers.

    What is not a whole number in the browser's answer is left out.
    """
    event: Any = st.plotly_chart(
        figure, key=key, config=_PLOTLY_CONFIG, on_select="rerun", selection_mode=("points", "box", "lasso"), alt=alt
    )
    numbers: dict[int, None] = {}
    for point in event.get("selection", {}).get("points", ()):
        data = point.get("customdata")
        data = data[0] if isinstance(data, list) and data else data
        if isinstance(data, int):
            numbers[data] = None
    return list(numbers)


def vega_chart(
    spec: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame | pa.Table],
    *,
    key: str,
    alt: str,
    selection_mode: Sequence[str] = ("zoom",),
) -> Any:
    """Draws a Vega-Lite chart with its tables by name, and returns what is selected in it.

    Streamlit's toolbar downloads the picture as PNG and the data as CSV. The data are part of the specification, so
    that a browser has them from the start. A selection survives a change of the data. A selection mode that the
    specification does not declare is dropped.
    """
    safe_tables = {
        name: spreadsheet_table(table) if isinstance(table, pa.Table) else spreadsheet_frame(table)
        for name, table in tables.items()
    }
    if any(safe_tables[name] is not table for name, table in tables.items()):
        spec = _replaced(spec, {cell for table in tables.values() for cell in _cells(table)})
    modes = [mode for mode in selection_mode if mode in _selection_names(spec)]
    return st.vega_lite_chart(
        {**spec, "datasets": safe_tables},
        key=key,
        on_select="rerun" if modes else "ignore",
        selection_mode=modes or None,
        alt=alt,
    )


def _cells(table: pd.DataFrame | pa.Table) -> Iterator[object]:
    frame = table.to_pandas() if isinstance(table, pa.Table) else table
    return iter(frame.to_numpy().flat)


def _replaced(value: Any, texts: Collection[object]) -> Any:
    """Returns a specification with these texts as the tables have them, such as in the domain of a scale."""
    if isinstance(value, Mapping):
        return {key: _replaced(item, texts) for key, item in value.items()}
    if isinstance(value, str):
        return spreadsheet_text(value) if value in texts else value
    return [_replaced(item, texts) for item in value] if isinstance(value, list | tuple) else value


def _selection_names(spec: Mapping[str, Any]) -> set[str]:
    """Returns the names of the selections that a chart and its layers declare."""
    names = {param["name"] for param in spec.get("params", ())}
    return names.union(*(_selection_names(layer) for layer in spec.get("layer", ())))
