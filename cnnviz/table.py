"""The table of a net: what every layer gets, gives and costs; as numbers, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.architecture import Architecture, Path, Step, every, number, refusal, trace
from cnnviz.layers import Block
from cnnviz.layers.base import Reaches
from cnnviz.shapes import Shape, show

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
NUMBERS = COLUMNS[5:8]
"""Columns written to the right."""


@dataclass(frozen=True)
class Row:
    """A layer in the table; numbers are for one sample in float32, those of a block include the layers inside."""

    path: Path
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
    reach: Reaches
    """The receptive field along each axis of the net's input behind its channels; None where it has none."""

    @property
    def number(self) -> str:
        """The place in the net as people count: 3, or 3.a1 inside the third layer."""
        return number(self.path)

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


def rows(steps: Sequence[Step]) -> tuple[Row, ...]:
    """A row for every step, a block before the layers inside it; the last one may be of a layer that refuses.

    >>> from cnnviz.presets import PRESETS
    >>> first, *_ = rows(trace(PRESETS["lab-convnet"].architecture))
    >>> first.number, first.kind, first.arguments
    ('1', 'Conv2d', 'in_channels=1, out_channels=10, kernel_size=10')
    >>> first.parameters, first.multiply_adds, first.activation_bytes
    (1010, 1530000, 61200)
    """
    refused = refusal(steps)
    return tuple(
        Row(
            path=step.path,
            kind=step.layer.kind,
            arguments=_arguments(step),
            output_shape=step.output_shape,
            formula=step.formula,
            error=step.error if step is refused else None,
            parameters=step.parameters,
            multiply_adds=step.multiply_adds,
            activation_bytes=step.activation_bytes,
            reach=step.reach,
        )
        for step in every(steps)
    )


def totals(steps: Sequence[Step]) -> Totals:
    """The sums over a net, every layer counted once."""
    return Totals(
        layers=sum(1 for _ in every(steps)),
        parameters=sum(step.parameters for step in steps),
        multiply_adds=sum(step.multiply_adds for step in steps),
        activation_bytes=sum(step.activation_bytes for step in steps),
    )


def count(value: int) -> str:
    """A number with its thousands apart; nothing for 0.

    >>> count(1530000), count(0)
    ('1,530,000', '')
    """
    return f"{value:,}" if value else ""


def memory(value: int) -> str:
    """Bytes in the unit that leaves a handy number.

    >>> memory(140), memory(61200), memory(12 * 2**20), memory(3 * 2**30 // 2)
    ('140 B', '59.8 KiB', '12.0 MiB', '1.5 GiB')
    """
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    place = min(max(value.bit_length() - 1, 0) // 10, len(units) - 1)
    return f"{value} B" if place == 0 else f"{value / 2 ** (10 * place):,.1f} {units[place]}"


def field(reach: Reaches, net: Shape) -> str:
    """The samples of the net's input (of that shape) that one output reads, behind the channels.

    "whole input" where every output reads all of it; a size above that of the input says that one in the middle does.

    >>> from cnnviz.shapes import Reach
    >>> field((Reach(13, 4), Reach(13, 4)), (1, 99, 26)), field((Reach.whole(99), Reach.whole(26)), (1, 99, 26))
    ('13 × 13', 'whole input')
    >>> field(None, (1, 99, 26))
    '—'
    """
    if not reach:
        return "—"
    if all(axis.jump == 0 and axis.size >= size for axis, size in zip(reach, net[1:], strict=True)):
        return "whole input"
    return show(tuple(axis.size for axis in reach))


def to_markdown(architecture: Architecture, steps: Sequence[Step] | None = None) -> str:
    """The table as GitHub-flavoured Markdown: the input, every layer up to one that refuses, and the totals.

    `steps` are those of its trace, where they are known.
    """
    net, steps = architecture.input_shape, trace(architecture) if steps is None else steps
    sums, refused = totals(steps), refusal(steps)
    lines = [
        list(COLUMNS),
        ["---:" if column in NUMBERS else "---" for column in COLUMNS],
        ["", "Input", "", show(net), *[""] * 5],
        *(_cells(row, net) for row in rows(steps)),
        [
            "",
            "**Total**",
            f"{sums.layers} layers" + (", up to the one that refuses" if refused else ""),
            "",
            "",
            f"**{sums.parameters:,}**",
            f"**{sums.multiply_adds:,}**",
            f"**{memory(sums.activation_bytes)}**",
            "",
        ],
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Row, net: Shape) -> list[str]:
    inside = "&emsp;" * row.depth
    reached = row.output_shape is not None
    return [
        inside + row.number,
        inside + row.kind,
        f"`{_escaped(row.arguments)}`" if row.arguments else "",
        show(row.output_shape) if row.output_shape else "—",
        _escaped(row.formula or row.error or ""),
        count(row.parameters),
        count(row.multiply_adds),
        memory(row.activation_bytes) if reached else "",
        field(row.reach, net) if reached else "",
    ]


def _arguments(step: Step) -> str:
    if isinstance(step.layer, Block):
        return ""
    return ", ".join(f"{name}={value!r}" for name, value in step.layer.given(step.input_shape).items())


def _escaped(text: str) -> str:
    """As one cell of a table."""
    return text.replace("|", "\\|").replace("\n", "<br>")
