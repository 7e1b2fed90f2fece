"""The rows of the canvas: the table's layers with a drawn box each, the headings of stacks, and the gaps between."""

import math
from collections.abc import Iterator, Mapping, Sequence

from cnnviz import table
from cnnviz.architecture import Architecture, LayerPath, Step, find_refusing_step, iter_steps, layer_number
from cnnviz.layers import Block, Layer, family
from cnnviz.shapes import Shape, format_shape
from cnnviz.ui.design.canvas.messages import GapRow, LayerRow, Row, StackRow
from cnnviz.windows import Window

DEPTH, HEIGHT, WIDTH = (3, 26), (7, 40), (6, 52)
"""Smallest and largest edge of a drawn tensor in pixels; an edge grows with the square root of its axis."""


def canvas_rows(architecture: Architecture, steps: Sequence[Step]) -> list[Row]:
    """Returns all rows from the input of the net to its output, with those inside blocks.

    `steps` is the trace of the architecture; layers that it does not reach have a row without shape and numbers.
    """
    return list(_Rows(architecture, steps).stack(architecture.layers, ()))


def format_totals(steps: Sequence[Step]) -> str:
    """Returns a sentence with the sums over all layers."""
    if not steps:
        return "An empty net: add a layer."
    sums = table.totals(steps)
    scope = "" if find_refusing_step(steps) is None else ", up to the layer that refuses its input"
    return (
        f"{sums.parameters:,} trainable parameters · {sums.multiply_adds:,} multiply-adds · "
        f"{table.format_bytes(sums.activation_bytes)} of activations for one sample{scope}"
    )


def rule_legend(steps: Sequence[Step]) -> str:
    """Returns how the shape rules of the net are to be read: what they have in common, and what some of them add."""
    rules = [
        rule
        for step in iter_steps(steps)
        if step.output_shape is not None
        for rule in step.layer.axis_rules(step.input_shape)
        if isinstance(rule, Window)
    ]
    if not rules:
        return ""
    parts = ["Shape rule: ⌊(in + 2·padding − kernel_size) / stride⌋ + 1."]
    if any(rule.dilation > 1 for rule in rules):
        parts.append("With a dilation d, a window spans d·(kernel_size − 1) + 1 samples instead of kernel_size.")
    else:
        parts.append("The Shapes page writes d·(k − 1) + 1 in place of kernel_size: the same for a dilation d of 1.")
    if unequal := next((rule for rule in rules if rule.padding[0] != rule.padding[1]), None):
        before, after = unequal.padding
        parts.append(
            "Where padding='same' cannot be equal on both ends, both are written:"
            f" {before} + {after} is {before} before the input and {after} after it."
        )
    return " ".join(parts)


class _Scale:
    """Sizes of drawn tensors in proportion to the largest tensor of a net."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._channels = max((shape[0] for shape in shapes if len(shape) > 1), default=1)
        self._features = max((shape[0] for shape in shapes if len(shape) == 1), default=1)
        self._size = max((max(shape[1:]) for shape in shapes if len(shape) > 1), default=1)

    def box(self, shape: Shape) -> tuple[int, int, int]:
        """Depth, height and width in pixels."""
        if len(shape) == 1:
            return 4, _edge(shape[0], self._features, HEIGHT), WIDTH[0]
        height = _edge(shape[-2], self._size, HEIGHT) if len(shape) > 2 else HEIGHT[0]
        return _edge(shape[0], self._channels, DEPTH), height, _edge(shape[-1], self._size, WIDTH)


def _edge(value: int, largest: int, limits: tuple[int, int]) -> int:
    low, high = limits
    return round(low + (high - low) * math.sqrt(value / largest))


class _Rows:
    """The rows of one net, stack by stack."""

    def __init__(self, architecture: Architecture, steps: Sequence[Step]) -> None:
        reached = list(iter_steps(steps))
        self._net_input = architecture.input_shape
        self._steps: Mapping[LayerPath, Step] = {step.path: step for step in reached}
        self._table = {row.path: row for row in table.table_rows(steps)}
        self._scale = _Scale([self._net_input, *(step.output_shape for step in reached if step.output_shape)])

    def stack(self, layers: Sequence[Layer], prefix: LayerPath) -> Iterator[Row]:
        """The rows of one stack, whose layers have paths that begin with `prefix`."""
        for index, layer in enumerate(layers):
            path = (*prefix, index)
            step = self._steps.get(path)
            yield self._layer(layer, path)
            if isinstance(layer, Block):
                input_shape = format_shape(step.input_shape) if step else ""
                for number, inner_layers in enumerate(layer.stacks):
                    yield _stack_row(layer, (*path, number), input_shape)
                    yield from self.stack(inner_layers, (*path, number))
            shape = format_shape(step.output_shape) if step and step.output_shape else ""
            yield GapRow(path=(*prefix, index + 1), shape=shape)

    def _layer(self, layer: Layer, path: LayerPath) -> LayerRow:
        row = self._table.get(path)
        depth, number, group = len(path) // 2, layer_number(path), family(layer.kind)
        if row is None:
            return LayerRow(
                path=path,
                depth=depth,
                number=number,
                kind=layer.kind,
                family=group,
                formula="waits for the layer above",
                formula_is_trivial=True,
            )
        out = row.output_shape
        return LayerRow(
            path=path,
            depth=depth,
            number=number,
            kind=layer.kind,
            family=group,
            arguments=row.arguments if out else "",
            formula=row.formula or "a layer inside refuses its input",
            formula_is_trivial=row.formula in ("", "shape unchanged"),
            shape=format_shape(out) if out else "",
            box=self._scale.box(out) if out else None,
            parameters=table.format_count(row.parameters),
            multiply_adds=table.abbreviate(row.multiply_adds),
            memory=table.format_bytes(row.activation_bytes) if out else "",
            receptive_field=table.format_receptive_field(row.receptive_field) if out else "",
            error=row.error,
            mends=tuple(mend.text for mend in self._steps[path].mends) if row.error else (),
        )


def _stack_row(block: Block, path: LayerPath, input_shape: str) -> StackRow:
    return StackRow(
        path=path,
        depth=len(path) // 2,
        title=block.stack_title(path[-1]),
        input_shape=input_shape,
        is_empty=not block.stacks[path[-1]],
    )
