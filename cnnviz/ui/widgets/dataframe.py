"""Tables on a page, whose toolbar downloads them as CSV: no text in them is a formula to a spreadsheet."""

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st
from pandas.io.formats.style import Styler

from cnnviz.words import spreadsheet_text


def dataframe(frame: pd.DataFrame, *, style: Callable[[pd.DataFrame], Styler] | None = None, **options: Any) -> Any:
    """Draws a table, and returns what was selected in it; the options are those of `st.dataframe`."""
    safe = spreadsheet_frame(frame)
    return st.dataframe(style(safe) if style else safe, **options)


def number_editor(frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Draws a table whose numbers can be changed, and returns it; the options are those of `st.data_editor`."""
    edited: pd.DataFrame = st.data_editor(spreadsheet_frame(frame), **options)
    return edited


def spreadsheet_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns a table with every text, also those of its lists, its index and its columns, as `spreadsheet_text`.

    It is the table itself where no text needs to change.
    """
    safe = frame
    for place, dtype in enumerate(frame.dtypes):
        if not _holds_text(dtype):
            continue
        column = frame.iloc[:, place]
        if _has_formulas(column):
            safe = frame.copy() if safe is frame else safe
            safe.isetitem(place, column.map(_safe_cell).astype(column.dtype).array)
    for axis in ("index", "columns"):
        if _has_formulas(names := getattr(frame, axis)):
            safe = safe.set_axis(names.map(_safe_cell), axis=axis)
    return safe


def spreadsheet_table(table: pa.Table) -> pa.Table:
    """Returns a table of Arrow's, of numbers and texts, with every text in its columns as `spreadsheet_text`."""
    safe = table
    for place, field in enumerate(table.schema):
        if not pa.types.is_large_string(field.type) and not pa.types.is_string(field.type):
            continue
        if any(
            text is not None and spreadsheet_text(text) != text for text in table.column(place).unique().to_pylist()
        ):
            texts = [text and spreadsheet_text(text) for text in table.column(place).to_pylist()]
            safe = safe.set_column(place, field, pa.array(texts, field.type))
    return safe


def _holds_text(dtype: Any) -> bool:
    return bool(pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype))


def _has_formulas(values: "pd.Series[Any] | pd.Index[Any]") -> bool:
    if not _holds_text(values.dtype):
        return False
    different: Iterable[object]
    try:
        different = values.unique()
    except TypeError:  # lists
        different = values
    return any(_safe_cell(value) != value for value in different if isinstance(value, str | list))


def _safe_cell(value: object) -> object:
    if isinstance(value, str):
        return spreadsheet_text(value)
    return [_safe_cell(item) for item in value] if isinstance(value, list) else value
