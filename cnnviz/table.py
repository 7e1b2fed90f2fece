"""The table of a net: what every layer gets, gives and costs; as numbers, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
"""Columns written to the right."""


@dataclass(frozen=True)
class TableRow:
    """A layer in the table; numbers are for one sample in float32, those of a block include the layers inside."""

    path: LayerPath
    kind: str
    arguments: str
    """What the torch constructor gets, arguments at torch's default left out; empty for a block."""
    output_shape: Shape | None
    """None where the layer refuses."""
    formula: str
    """How the shape comes about, a line per axis; empty where the layer refuses."""
    error: str | None
    """Why the layer refuses; a block around it has none of its own."""
    parameters: int
    multiply_adds: int
    activation_bytes: int
    receptive_field: ReceptiveFields
    """The receptive field along each axis of the net's input behind its channels; None where it has none."""

    @property
    def number(self) -> str:
        """The place in the net as people count: 3, or 3.a1 inside the third layer."""
        return layer_number(self.path)

    @property
    def depth(self) -> int:
        """Blocks around the layer."""
        return len(self.path) // 2


@dataclass(frozen=True)
class Totals:
    """What all layers cost together, for one sample in float32."""

    layers: int
    """Those inside blocks, and the blocks, included."""
    parameters: int
    multiply_adds: int
    activation_bytes: int


def table_rows(steps: Sequence[Step]) -> tuple[TableRow, ...]:
    """A row for every step, a block before the layers inside it; the last one may be of a layer that refuses.

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
    """The sums over a net, every layer counted once."""
    return Totals(
        layers=sum(1 for _ in iter_steps(steps)),
        parameters=sum(step.parameters for step in steps),
        multiply_adds=sum(step.multiply_adds for step in steps),
        activation_bytes=sum(step.activation_bytes for step in steps),
    )


def format_count(value: int) -> str:
    """A number with its thousands apart; nothing for 0.

    >>> format_count(1530000), format_count(0)
    ('1,530,000', '')
    """
    return f"{value:,}" if value else ""


def format_bytes(value: int) -> str:
    """Bytes in the unit that leaves a handy number.

    >>> format_bytes(140), format_bytes(61200), format_bytes(12 * 2**20), format_bytes(3 * 2**30 // 2)
    ('140 B', '59.8 KiB', '12.0 MiB', '1.5 GiB')
    """
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    place = min(max(value.bit_length() - 1, 0) // 10, len(units) - 1)
    return f"{value} B" if place == 0 else f"{value / 2 ** (10 * place):,.1f} {units[place]}"


def format_receptive_field(reach: ReceptiveFields, net: Shape) -> str:
    """The samples of the net's input (of that shape) that one output reads, behind the channels.

    "whole input" where every output reads all of it; a size above that of the input says that one in the middle does.

    >>> from cnnviz.shapes import ReceptiveField
    >>> format_receptive_field((ReceptiveField(13, 4), ReceptiveField(13, 4)), (1, 99, 26))
    '13 × 13'
    >>> format_receptive_field((ReceptiveField.whole_axis(99), ReceptiveField.whole_axis(26)), (1, 99, 26))
    'whole input'
    >>> format_receptive_field(None, (1, 99, 26))
    '—'
    """
    if not reach:
        return "—"
    if all(axis.jump == 0 and axis.size >= size for axis, size in zip(reach, net[1:], strict=True)):
        return "whole input"
    return format_shape(tuple(axis.size for axis in reach))


def to_markdown(architecture: Architecture, steps: Sequence[Step] | None = None) -> str:
    """The table as GitHub-flavoured Markdown: the input, every layer up to one that refuses, and the totals.

    `steps` are those of its trace, where they are known.
    """
    net, steps = architecture.input_shape, trace(architecture) if steps is None else steps
    sums, refused = totals(steps), find_refusing_step(steps)
    lines = [
        list(COLUMNS),
        ["---:" if column in RIGHT_ALIGNED_COLUMNS else "---" for column in COLUMNS],
        ["", "Input", "", format_shape(net), *[""] * 5],
        *(_row_cells(row, net) for row in table_rows(steps)),
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


def _row_cells(row: TableRow, net: Shape) -> list[str]:
    inside = "&emsp;" * row.depth
    fits = row.output_shape is not None
    return [
        inside + row.number,
        inside + row.kind,
        f"`{_escape_cell(row.arguments)}`" if row.arguments else "",
        format_shape(row.output_shape) if row.output_shape else "—",
        _escape_cell(row.formula or row.error or ""),
        format_count(row.parameters),
        format_count(row.multiply_adds),
        format_bytes(row.activation_bytes) if fits else "",
        format_receptive_field(row.receptive_field, net) if fits else "",
    ]


def _arguments_text(step: Step) -> str:
    if isinstance(step.layer, Block):
        return ""
    return ", ".join(f"{name}={value!r}" for name, value in step.layer.non_default_arguments(step.input_shape).items())


def _escape_cell(text: str) -> str:
    """As one cell of a table."""
    return text.replace("|", "\\|").replace("\n", "<br>")
