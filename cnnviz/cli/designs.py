"""Designs from files, and their tables."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnnviz.architecture import Architecture, find_refusing_step, trace
from cnnviz.architecture.design import MAX_JSON_LENGTH
from cnnviz.cli.files import read_text_file
from cnnviz.errors import CnnvizError, DesignError, ShapeError
from cnnviz.shapes import Shape
from cnnviz.table import TableRow, table_rows, totals


def read_design(path: Path) -> Architecture:
    """Returns the design in a file saved by the Design page; raises CnnvizError with the reason when it is invalid."""
    text = read_text_file(path, 4 * MAX_JSON_LENGTH)  # UTF-8 takes up to four bytes for a character
    try:
        return Architecture.from_json(text)
    except DesignError as error:
        raise DesignError(f"{path}: {error}") from None


def shape_problem(architecture: Architecture) -> CnnvizError | None:
    """Returns why a layer does not fit, with a fix if there is one; None when every layer fits."""
    refused = find_refusing_step(trace(architecture))
    if refused is None:
        return None
    return ShapeError(f"{refused.error}" + (f" {refused.mend.text}." if refused.mend else ""))


def check_shapes(architecture: Architecture) -> None:
    """Raises the `shape_problem` of a design that has one."""
    if error := shape_problem(architecture):
        raise error


def layer_table_json(architecture: Architecture) -> dict[str, Any]:
    """Returns the table of layers in JSON types, up to the first layer that does not fit."""
    steps = trace(architecture)
    refused_row = find_refusing_step(steps)
    return {
        "input_shape": architecture.input_shape,
        "layers": [_row_json(row) for row in table_rows(steps)],
        "totals": asdict(totals(steps)),
        "error": refused_row.error if refused_row else None,
        "mends": [mend.text for mend in refused_row.mends] if refused_row else [],
    }


def _row_json(row: TableRow) -> dict[str, Any]:
    receptive_field: Shape | None = tuple(axis.size for axis in row.receptive_field) if row.receptive_field else None
    copied_fields = (
        "kind",
        "arguments",
        "output_shape",
        "formula",
        "error",
        "parameters",
        "multiply_adds",
        "activation_bytes",
    )
    return (
        {"number": row.number}
        | {name: getattr(row, name) for name in copied_fields}
        | {"receptive_field": receptive_field}
    )
