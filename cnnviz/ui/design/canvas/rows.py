"""What the canvas draws: the rows of the table with a block each, and the gaps and headings between them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnnviz import table
from cnnviz.architecture import Architecture, LayerPath, Step, find_refusing_step, iter_steps, layer_number
from cnnviz.layers import Block, Layer, Parallel, family
from cnnviz.shapes import Shape, format_shape

DEPTH, HEIGHT, WIDTH = (3, 26), (7, 40), (6, 52)
"""Smallest and largest edge of a drawn tensor, in pixels; edges grow with the root of what they stand for."""

Drawn = dict[str, Any]


def rows(architecture: Architecture, steps: Sequence[Step]) -> list[Drawn]:
    """All rows from the top of the net to its end: layers, those in blocks included, and the ends of stacks."""
    shapes = [architecture.input_shape, *(step.output_shape for step in iter_steps(steps) if step.output_shape)]
    scale = _Scale(shapes)
    drawn = {
        row.path: _row(row, step, architecture.input_shape, scale)
        for row, step in zip(table.table_rows(steps), iter_steps(steps), strict=True)
    }
    return list(_stack(architecture.layers, (), {step.path: step for step in iter_steps(steps)}, drawn))


def totals(steps: Sequence[Step]) -> str:
    """What all layers add up to."""
    if not steps:
        return "An empty net: add a layer."
    sums = table.totals(steps)
    reached = "" if find_refusing_step(steps) is None else ", up to the layer that refuses"
    return (
        f"{sums.parameters:,} trainable parameters · {sums.multiply_adds:,} multiply-adds · "
        f"{table.format_bytes(sums.activation_bytes)} of activations for one sample{reached}"
    )


def short(count: int) -> str:
    """A large number in few characters.

    >>> short(0), short(4_096), short(1_530_000), short(7_600_000_000)
    ('', '4,096', '1.53 M', '7.60 G')
    """
    for size, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if count >= size:
            return f"{count / size:.2f} {unit}" if count < 1000 * size else f"{count / size:,.0f} {unit}"
    return table.format_count(count)


class _Scale:
    """Sizes of drawn tensors, in proportion to the largest of a net."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._channels = max((shape[0] for shape in shapes if len(shape) > 1), default=1)
        self._features = max((shape[0] for shape in shapes if len(shape) == 1), default=1)
        self._size = max((max(shape[1:]) for shape in shapes if len(shape) > 1), default=1)

    def box(self, shape: Shape) -> list[int]:
        """Depth, height and width in pixels."""
        if len(shape) == 1:
            return [4, _edge(shape[0], self._features, HEIGHT), WIDTH[0]]
        height = _edge(shape[-2], self._size, HEIGHT) if len(shape) > 2 else HEIGHT[0]
        return [_edge(shape[0], self._channels, DEPTH), height, _edge(shape[-1], self._size, WIDTH)]


def _edge(value: int, largest: int, limits: tuple[int, int]) -> int:
    low, high = limits
    return round(low + (high - low) * math.sqrt(value / largest))


def _stack(
    stack: Sequence[Layer], at: LayerPath, steps: Mapping[LayerPath, Step], drawn: Mapping[LayerPath, Drawn]
) -> Iterator[Drawn]:
    for index, layer in enumerate(stack):
        path = (*at, index)
        step = steps.get(path)
        known = {
            "path": path,
            "depth": len(path) // 2,
            "number": layer_number(path),
            "kind": layer.kind,
            "family": family(layer.kind),
            "block": isinstance(layer, Block),
            "full": isinstance(layer, Block) and len(layer.stacks) >= 8,
        }
        yield known | drawn.get(path, {"formula": "waits for the layer above", "quiet": True})
        if isinstance(layer, Block):
            before = format_shape(step.input_shape) if step else ""
            for branch, inside in enumerate(layer.stacks):
                yield _heading(layer, (*path, branch), before)
                yield from _stack(inside, (*path, branch), steps, drawn)
        out = step.output_shape if step else None
        yield {"end": True, "path": (*at, index + 1), "shape": format_shape(out) if out else ""}


def _heading(block: Block, path: LayerPath, before: str) -> Drawn:
    """The line over a stack in a block."""
    return {
        "stack": True,
        "path": path,
        "depth": len(path) // 2,
        "title": block.stack_title(path[-1]),
        "input": before,
        "empty": not block.stacks[path[-1]],
        "removable": isinstance(block, Parallel) and len(block.stacks) > 1,
    }


def _row(row: table.TableRow, step: Step, net: Shape, scale: _Scale) -> Drawn:
    out = row.output_shape
    return {
        "arguments": row.arguments if out else "",
        "formula": row.formula or "a layer in it refuses",
        "quiet": row.formula in ("", "shape unchanged"),
        "shape": format_shape(out) if out else "",
        "box": scale.box(out) if out else None,
        "parameters": table.format_count(row.parameters),
        "multiply": short(row.multiply_adds),
        "memory": table.format_bytes(row.activation_bytes) if out else "",
        "reach": table.format_receptive_field(row.receptive_field, net) if out else "",
        "error": row.error,
        "mends": [mend.text for mend in step.mends] if row.error else [],
    }
