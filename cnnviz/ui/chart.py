"""A Vega-Lite chart on a page: its data lie in its specification, so that browsers begin with them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st


def chart(
    spec: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    *,
    key: str,
    alt: str,
    selection_mode: Sequence[str] = ("zoom",),
) -> Any:
    """Draw it, with its data by name; what is selected in it.

    A selection is kept when data change; a zoom that is none would be thrown away.
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
