"""What the canvas draws: a row per layer, and the gaps and headings between them."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from cnnviz.architecture import Architecture, Path, Step, every, number, trace
from cnnviz.layers import Block, Layer, family
from cnnviz.shapes import Reach, Shape, show

DEPTH, HEIGHT, WIDTH = (3, 26), (7, 40), (6, 52)
"""Smallest and largest edge of a drawn tensor, in pixels; edges grow with the root of what they stand for."""
WAITS = "waits for the layer above"

Row = dict[str, Any]


def rows(architecture: Architecture) -> list[Row]:
    """All rows from the top of the net to its end: layers, those in blocks included, and the ends of stacks."""
    steps = trace(architecture)
    shapes = [architecture.input_shape, *(step.output_shape for step in every(steps) if step.output_shape)]
    return list(_stack(architecture.layers, steps, architecture.input_shape, (), _Scale(shapes)))


def totals(architecture: Architecture) -> str:
    """What all layers add up to."""
    steps = trace(architecture)
    if not steps:
        return "An empty net: add a layer."
    reached = "" if steps[-1].error is None else ", up to the layer that refuses"
    return (
        f"{sum(step.parameters for step in steps):,} trainable parameters · "
        f"{sum(step.multiply_adds for step in steps):,} multiply-adds · "
        f"{memory(sum(step.activation_bytes for step in steps))} of activations for one sample{reached}"
    )


def memory(size: int) -> str:
    """Bytes as people write them.

    >>> memory(140), memory(61_200), memory(3 * 2**20)
    ('140 B', '59.8 KiB', '3.0 MiB')
    """
    value, units = float(size), ["B", "KiB", "MiB", "GiB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"


def short(count: int) -> str:
    """A large number in few characters.

    >>> short(0), short(4_096), short(1_530_000), short(7_600_000_000)
    ('', '4,096', '1.53 M', '7.60 G')
    """
    for size, unit in ((10**9, "G"), (10**6, "M")):
        if count >= size:
            return f"{count / size:.2f} {unit}" if count < 1000 * size else f"{count / size:,.0f} {unit}"
    return f"{count:,}" if count else ""


def field(reach: tuple[Reach, ...] | None, net: Shape) -> str:
    """The receptive field as people write it.

    >>> field((Reach(13), Reach(13)), (1, 99, 26)), field((Reach.whole(99), Reach.whole(26)), (1, 99, 26))
    ('13 × 13', 'all')
    """
    if not reach:
        return "" if reach is None or len(net) > 1 else "all"
    if all(one.jump == 0 for one in reach):
        return "all"
    return show(tuple(one.size for one in reach))


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
    stack: Sequence[Layer], steps: Sequence[Step], shape: Shape | None, at: Path, scale: _Scale
) -> Iterator[Row]:
    net = steps[0].input_shape if steps and not at else ()
    for index, layer in enumerate(stack):
        path = (*at, index)
        step = steps[index] if index < len(steps) else None
        yield _row(layer, step, path, net or (1, 1), scale)
        if isinstance(layer, Block):
            before = show(step.input_shape) if step else ""
            for branch, inside in enumerate(layer.stacks):
                yield {
                    "stack": True,
                    "path": [*path, branch],
                    "depth": len(path) // 2 + 1,
                    "title": layer.title(branch),
                    "input": before,
                    "empty": not inside,
                    "removable": layer.kind == "Parallel" and len(layer.stacks) > 1,
                }
                inner = step.stacks[branch] if step and step.stacks else ()
                yield from _stack(inside, inner, step.input_shape if step else None, (*path, branch), scale)
        out = step.output_shape if step else None
        yield {"end": True, "path": [*at, index + 1], "shape": show(out) if out else ""}


def _row(layer: Layer, step: Step | None, path: Path, net: Shape, scale: _Scale) -> Row:
    out = step.output_shape if step else None
    # a refusal inside a block is told by the layer inside
    inside = step is not None and any(stack and stack[-1].error for stack in step.stacks)
    error = step.error if step and not inside else None
    code = layer.code(step.input_shape) if step and out and not isinstance(layer, Block) else ""
    return {
        "path": list(path),
        "depth": len(path) // 2,
        "number": number(path),
        "kind": layer.kind,
        "family": family(layer.kind),
        "block": isinstance(layer, Block),
        "arguments": code.partition("(")[2][:-1],
        "formula": (step.formula if step and out else "") or ("a layer in it refuses" if inside else WAITS),
        "quiet": not (step and out) or step.formula == "shape unchanged",
        "shape": show(out) if out else "",
        "box": scale.box(out) if out else None,
        "parameters": f"{step.parameters:,}" if step and step.parameters else "",
        "multiply": short(step.multiply_adds) if step else "",
        "memory": memory(step.activation_bytes) if step and out else "",
        "reach": field(step.reach, net) if step and out else "",
        "error": error,
        "mends": [mend.text for mend in step.mends] if step and error else [],
    }
