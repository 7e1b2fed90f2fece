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
    """The design in a file that the Design page has saved; raises CnnvizError with the reason where it holds none."""
    text = read_text_file(path, 4 * MAX_JSON_LENGTH)  # UTF-8 takes up to four bytes for a character
    try:
        return Architecture.from_json(text)
    except DesignError as error:
        raise DesignError(f"{path}: {error}") from None


def shape_problem(architecture: Architecture) -> CnnvizError | None:
    """The reason of the layer that refuses, and a mend; None where every layer fits."""
    refused = find_refusing_step(trace(architecture))
    if refused is None:
        return None
    return ShapeError(f"{refused.error}" + (f" {refused.mend.text}." if refused.mend else ""))


def check_shapes(architecture: Architecture) -> None:
    """Raise the `misfit` of a design that has one."""
    if error := shape_problem(architecture):
        raise error


def layer_table_json(architecture: Architecture) -> dict[str, Any]:
    """The table of a net as JSON holds it, up to a layer that refuses."""
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
