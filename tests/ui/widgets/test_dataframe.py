"""What leaves a page as CSV is no formula to a spreadsheet."""

import ast
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import streamlit as st

from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.dataframe import spreadsheet_frame, spreadsheet_table

UI = Path(__file__).parents[3] / "cnnviz/ui"
FORMULAS = ["=HYPERLINK(1)", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "＝1"]


def begins_as_formula(csv: str) -> list[str]:
    cells = [cell.strip('"') for line in csv.split("\n") for cell in line.split(",")]
    return [cell for cell in cells if cell[:1] and cell[0] in "=+-@\t\r＝＋－＠" and not is_number(cell)]


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_name_or_list_begins_a_formula_and_nothing_else_changes(formula: str) -> None:
    frame = pd.DataFrame(
        {
            "title": pd.array(["a net", formula], dtype="str"),
            formula: [-0.5, None],
            "tags": [["one"], [formula, "two"]],
        },
        index=[formula, "row"],
    )
    safe = spreadsheet_frame(frame)
    assert not begins_as_formula(safe.to_csv())
    assert not any(tag.startswith(formula) for tags in safe["tags"] for tag in tags)
    assert [str(kind) for kind in safe.dtypes] == [str(kind) for kind in frame.dtypes]
    assert safe.iloc[0, 1] == -0.5
    assert safe["title"].iloc[0] == "a net"
    assert safe["title"].iloc[1].endswith(formula)


def test_a_harmless_table_is_the_very_table() -> None:
    frame = pd.DataFrame({"title": pd.array(["a=1", "1+1"], dtype="str"), "value": [-1, 2]})
    assert spreadsheet_frame(frame) is frame


def test_the_data_of_a_chart_and_its_scale_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, object]] = []
    monkeypatch.setattr(st, "vega_lite_chart", lambda spec, **_: drawn.append(spec))
    table = pd.DataFrame({"run": ["=1", "net"], "loss": [0.5, 0.1]})
    spec = {"encoding": {"color": {"field": "run", "scale": {"domain": ["=1", "net"]}}, "y": {"format": "+.2f"}}}
    vega_chart(spec, {"points": table}, key="chart", alt="a chart")
    ((spec_drawn,),) = [drawn]
    encoding, points = spec_drawn["encoding"], spec_drawn["datasets"]["points"]  # type: ignore[index]
    assert encoding["color"]["scale"]["domain"] == list(points["run"])  # type: ignore[index]
    assert encoding["y"] == {"format": "+.2f"}  # type: ignore[index]
    assert not begins_as_formula(points.to_csv(index=False))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_table_of_arrows_has_the_texts_that_one_of_pandas_has(formula: str) -> None:
    frame = pd.DataFrame({"run": pd.array(["a net", formula, None, "b"], dtype="str"), "loss": [-0.5, 1.0, 2.0, None]})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    safe = spreadsheet_table(table)
    assert safe.schema.equals(table.schema)
    assert safe.to_pandas().equals(spreadsheet_frame(frame))
    harmless = table.slice(2)
    assert spreadsheet_table(harmless) is harmless


def test_a_chart_of_arrows_table_agrees_with_its_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, Any]] = []
    monkeypatch.setattr(st, "vega_lite_chart", lambda spec, **_: drawn.append(spec))
    spec = {"encoding": {"color": {"field": "run", "scale": {"domain": ["=1", "net"]}}}}
    vega_chart(spec, {"points": pa.table({"run": ["=1", "net"], "loss": [0.5, 0.1]})}, key="chart", alt="a chart")
    points = drawn[0]["datasets"]["points"].to_pandas()
    assert drawn[0]["encoding"]["color"]["scale"]["domain"] == list(points["run"])
    assert not begins_as_formula(points.to_csv(index=False))


def test_every_table_is_drawn_so() -> None:
    for path in UI.rglob("*.py"):
        if path.name != "dataframe.py":
            calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
            drawn = [node.attr for node in calls if ast.unparse(node.value) == "st"]
            assert not {"dataframe", "table", "data_editor"} & set(drawn), path
