"""Designs from files, and their tables."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnnviz.architecture import Architecture, refusal, trace
from cnnviz.architecture.design import MAX_JSON
from cnnviz.cli.files import read_text
from cnnviz.errors import CnnvizError, DesignError, ShapeError
from cnnviz.shapes import Shape
from cnnviz.table import Row, rows, totals


def read_design(path: Path) -> Architecture:
    """The design in a file that the Design page has saved; raises CnnvizError with the reason where it holds none."""
    text = read_text(path, 4 * MAX_JSON)  # UTF-8 takes up to four bytes for a character
    try:
        return Architecture.from_json(text)
    except DesignError as error:
        raise DesignError(f"{path}: {error}") from None


def misfit(architecture: Architecture) -> CnnvizError | None:
    """The reason of the layer that refuses, and a mend; None where every layer fits."""
    refused = refusal(trace(architecture))
    if refused is None:
        return None
    return ShapeError(f"{refused.error}" + (f" {refused.mend.text}." if refused.mend else ""))


def check_fit(architecture: Architecture) -> None:
    """Raise the `misfit` of a design that has one."""
    if error := misfit(architecture):
        raise error


def table(architecture: Architecture) -> dict[str, Any]:
    """The table of a net as JSON holds it, up to a layer that refuses."""
    steps = trace(architecture)
    refused = refusal(steps)
    return {
        "input_shape": architecture.input_shape,
        "layers": [_row(row) for row in rows(steps)],
        "totals": asdict(totals(steps)),
        "error": refused.error if refused else None,
        "mends": [mend.text for mend in refused.mends] if refused else [],
    }


def _row(row: Row) -> dict[str, Any]:
    reach: Shape | None = tuple(axis.size for axis in row.reach) if row.reach else None
    told = ("kind", "arguments", "output_shape", "formula", "error", "parameters", "multiply_adds", "activation_bytes")
    return {"number": row.number} | {name: getattr(row, name) for name in told} | {"receptive_field": reach}
