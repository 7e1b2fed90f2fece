"""What the cells of a live module's table say, whatever they are drawn with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnviz.explanation.rows import ExplainedRow
from cnnviz.explanation.totals import ExplainedTotals
from cnnviz.shapes import Shape, format_shape
from cnnviz.table import format_bytes, format_count, format_receptive_field
from cnnviz.words import count_label

COLUMNS = (
    "#",
    "Name",
    "Layer",
    "Arguments",
    "Shape",
    "Formula",
    "Parameters",
    "Multiply-adds",
    "Activations",
    "Receptive field",
)
RIGHT_ALIGNED_COLUMNS = ("#", "Parameters", "Multiply-adds", "Activations")
"""Columns of numbers."""


def row_cells(row: ExplainedRow) -> dict[str, str]:
    """Returns the text of every cell of a row by its column; lines of a formula are lines."""
    fits = not row.error
    return dict(
        zip(
            COLUMNS,
            (
                str(row.number),
                row.name,
                row.kind,
                row.arguments,
                ", ".join(map(shape_text, row.output_shapes)) or "—",
                row.formula,
                format_count(row.parameters),
                "?" if row.multiply_adds is None else format_count(row.multiply_adds),
                format_bytes(row.activation_bytes) if fits else "",
                format_receptive_field(row.receptive_field) if fits else "",
            ),
            strict=True,
        )
    )


def input_cells(shapes: Sequence[Shape]) -> dict[str, str]:
    """Returns the cells of the line above all rows."""
    return dict.fromkeys(COLUMNS, "") | {"Name": "Input", "Shape": ", ".join(map(shape_text, shapes))}


def total_cells(rows: Sequence[ExplainedRow], totals: ExplainedTotals) -> dict[str, str]:
    """Returns the cells of the line under all rows."""
    at_least = "" if totals.are_multiply_adds_known and totals.is_complete else "≥ "
    label = count_label(len(rows), "row") + ("" if totals.is_complete else ", up to the one that fails")
    return dict.fromkeys(COLUMNS, "") | {
        "Name": "Total",
        "Layer": label,
        "Parameters": f"{totals.parameters:,}",
        "Multiply-adds": f"{at_least}{totals.multiply_adds:,}",
        "Activations": f"{'' if totals.is_complete else '≥ '}{format_bytes(totals.activation_bytes)}",
    }


MAX_NAMES = 4
"""Attributes that a remark names."""


def remarks(totals: ExplainedTotals) -> Iterator[str]:
    """Yields what is to be said of the sums."""
    if totals.trainable_parameters != totals.parameters:
        yield f"{totals.trainable_parameters:,} of the {totals.parameters:,} parameters are trained."
    if totals.parameters_without_row:
        where = "were not reached" if not totals.is_complete else "belong to no row: nothing called their module alone"
        yield f"{totals.parameters_without_row:,} parameters {where}."
    if not totals.are_multiply_adds_known:
        yield "Multiply-adds marked ? have no rule here."
    if totals.not_put_back:
        names = ", ".join(f"self.{name[:80]}" for name in totals.not_put_back[:MAX_NAMES])
        more = ", …" if len(totals.not_put_back) > MAX_NAMES else ""
        yield f"What forward changes in {names}{more} could not be put back: an iterator, or too much to be copied."


def shape_text(shape: Shape) -> str:
    """Returns a shape, or words for that of a single number."""
    return format_shape(shape) or "one number"
