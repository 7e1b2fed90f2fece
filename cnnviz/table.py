"""The table of a net: arguments, shape and cost of every layer, as numbers, text and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cnnviz.architecture import Architecture, LayerPath, Step, find_refusing_step, iter_steps, layer_number, trace
from cnnviz.layers import Block
from cnnviz.layers.base import ReceptiveFields
from cnnviz.shapes import Shape, format_shape

COLUMNS = (
    "#",
    "Layer",
    "Arguments",
    "Shape",
    "Formula",
    "Parameters",
    "Multiply-adds",
    "Activations",
    "Receptive field",
)
RIGHT_ALIGNED_COLUMNS = COLUMNS[5:8]
"""Columns of numbers."""


@dataclass(frozen=True)
class TableRow:
    """Row of one layer; numbers are for one sample in float32, and those of a block include the layers inside."""

    path: LayerPath
    kind: str
    arguments: str
    """Arguments of the torch constructor, without those at torch's default; empty for a block."""
    output_shape: Shape | None
    """None where the layer refuses."""
    formula: str
    """How the output shape is computed, a line per axis; empty where the layer refuses."""
    error: str | None
    """Why the layer refuses; None for a block around it."""
    parameters: int
    multiply_adds: int
    activation_bytes: int
    receptive_field: ReceptiveFields
    """Receptive field along each axis of the net's input, channels excepted; None where there is none."""

    @property
    def number(self) -> str:
        """Place in the net as people count: 3, or 3.a1 inside the third layer."""
        return layer_number(self.path)

    @property
    def depth(self) -> int:
        """Number of blocks around the layer."""
        return len(self.path) // 2


@dataclass(frozen=True)
class Totals:
    """Sums over all layers, for one sample in float32."""

    layers: int
    """Number of layers, blocks and the layers inside them included."""
    parameters: int
    multiply_adds: int
    activation_bytes: int


def table_rows(steps: Sequence[Step]) -> tuple[TableRow, ...]:
    """Returns a row for every step, a block before the layers inside it; the last may be of a layer that refuses.

    >>> from cnnviz.presets import PRESETS
    >>> first, *_ = table_rows(trace(PRESETS["lab-convnet"].architecture))
    >>> first.number, first.kind, first.arguments
    ('1', 'Conv2d', 'in_channels=1, out_channels=10, kernel_size=10')
    >>> first.parameters, first.multiply_adds, first.activation_bytes
    (1010, 1530000, 61200)
    """
    refused = find_refusing_step(steps)
    return tuple(
        TableRow(
            path=step.path,
            kind=step.layer.kind,
            arguments=_arguments_text(step),
            output_shape=step.output_shape,
            formula=step.formula,
            error=step.error if step is refused else None,
            parameters=step.parameters,
            multiply_adds=step.multiply_adds,
            activation_bytes=step.activation_bytes,
            receptive_field=step.receptive_field,
        )
        for step in iter_steps(steps)
    )


def totals(steps: Sequence[Step]) -> Totals:
    """Returns the sums over the steps of a net, each layer counted once."""
    return Totals(
        layers=sum(1 for _ in iter_steps(steps)),
        parameters=sum(step.parameters for step in steps),
        multiply_adds=sum(step.multiply_adds for step in steps),
        activation_bytes=sum(step.activation_bytes for step in steps),
    )


@lru_cache(4096)
def parameter_count(architecture: Architecture) -> int:
    """Returns the number of trainable parameters of a net."""
    return totals(trace(architecture)).parameters


def format_count(value: int) -> str:
    """Returns a number with commas between its thousands; nothing for 0.

    >>> format_count(1530000), format_count(0)
    ('1,530,000', '')
    """
    return f"{value:,}" if value else ""


def abbreviate(count: int) -> str:
    """Returns a large number in few characters; an empty text for zero.

    >>> abbreviate(0), abbreviate(4_096), abbreviate(1_530_000), abbreviate(7_600_000_000)
    ('', '4,096', '1.53 M', '7.60 G')
    """
    for size, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if count >= size:
            return f"{count / size:.2f} {unit}" if count < 1000 * size else f"{count / size:,.0f} {unit}"
    return format_count(count)


def format_bytes(value: int) -> str:
    """Returns a number of bytes in the unit that keeps it short.

    >>> format_bytes(140), format_bytes(61200), format_bytes(12 * 2**20), format_bytes(3 * 2**30 // 2)
    ('140 B', '59.8 KiB', '12.0 MiB', '1.5 GiB')
    """
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    place = min(max(value.bit_length() - 1, 0) // 10, len(units) - 1)
    return f"{value} B" if place == 0 else f"{value / 2 ** (10 * place):,.1f} {units[place]}"


def format_receptive_field(fields: ReceptiveFields) -> str:
    """Returns the receptive field in samples of the net's input.

    It is "whole input" where every output reads all of it, and "97 × 25 of 99 × 26" where every output reads the same
    part. A size above the input's means that only outputs in the middle read all of it.

    >>> from cnnviz.architecture import trace
    >>> from cnnviz.presets import PRESETS
    >>> steps = trace(PRESETS["lab-convnet"].architecture)
    >>> format_receptive_field(steps[1].receptive_field), format_receptive_field(steps[5].receptive_field)
    ('13 × 13', '97 × 25 of 99 × 26')
    >>> format_receptive_field(None)
    '—'
    """
    if not fields:
        return "—"
    if all(field.is_whole_axis for field in fields):
        return "whole input"
    sizes = format_shape(tuple(field.size for field in fields))
    reads_the_same = all(field.jump == 0 for field in fields)
    return f"{sizes} of {format_shape(tuple(field.axis_size for field in fields))}" if reads_the_same else sizes


def to_markdown(architecture: Architecture, steps: Sequence[Step] | None = None) -> str:
    """Returns the table as GitHub-flavoured Markdown: the input, every layer up to one that refuses, and the totals.

    `steps` are those of the architecture's trace; they are computed where they are not given.
    """
    net_input_shape, steps = architecture.input_shape, trace(architecture) if steps is None else steps
    sums, refused = totals(steps), find_refusing_step(steps)
    lines = [
        list(COLUMNS),
        ["---:" if column in RIGHT_ALIGNED_COLUMNS else "---" for column in COLUMNS],
        ["", "Input", "", format_shape(net_input_shape), *[""] * 5],
        *(_row_cells(row) for row in table_rows(steps)),
        [
            "",
            "**Total**",
            f"{sums.layers} layers" + (", up to the one that refuses" if refused else ""),
            "",
            "",
            f"**{sums.parameters:,}**",
            f"**{sums.multiply_adds:,}**",
            f"**{format_bytes(sums.activation_bytes)}**",
            "",
        ],
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row_cells(row: TableRow) -> list[str]:
    indent = "&emsp;" * row.depth
    fits = row.output_shape is not None
    return [
        indent + row.number,
        indent + row.kind,
        f"`{escape_cell(row.arguments)}`" if row.arguments else "",
        format_shape(row.output_shape) if row.output_shape else "—",
        escape_cell(row.formula or row.error or ""),
        format_count(row.parameters),
        format_count(row.multiply_adds),
        format_bytes(row.activation_bytes) if fits else "",
        format_receptive_field(row.receptive_field) if fits else "",
    ]


def _arguments_text(step: Step) -> str:
    if isinstance(step.layer, Block):
        return ""
    return ", ".join(f"{name}={value!r}" for name, value in step.layer.non_default_arguments(step.input_shape).items())


def escape_cell(text: str) -> str:
    """Returns a text that stays within one cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", "<br>")
