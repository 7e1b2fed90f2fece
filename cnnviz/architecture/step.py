"""Step: one layer between its input and its output, or the reason why it refuses; the walk that makes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from cnnviz.architecture.design import Architecture, LayerPath, layer_number
from cnnviz.architecture.mend import Mend
from cnnviz.errors import ShapeError
from cnnviz.layers import Block, Layer
from cnnviz.layers.base import ReceptiveFields, Stack, all_or_none
from cnnviz.receptive_field import ReceptiveField
from cnnviz.shapes import AXES, Shape, format_shape, numel
from cnnviz.windows import AxisRule

MAX_VALUES = 10**12
"""Largest number of values in one sample behind a layer; no net that can be built comes near."""
FLOAT32_BYTES = 4
"""Bytes of one number in float32."""


@dataclass(frozen=True)
class Step:
    """One row of the table: a layer between its input and its output.

    `output_shape` is None where the layer refuses; then `error` says why, and each of `mends` is an edit that helps.
    For a block, `stacks` holds the steps of each of its stacks, up to and with the first layer that refuses.
    """

    layer: Layer
    input_shape: Shape
    output_shape: Shape | None
    path: LayerPath
    stacks: tuple[tuple[Step, ...], ...] = ()
    error: str | None = None
    mends: tuple[Mend, ...] = ()
    suggested_changes: tuple[Mapping[str, object], ...] = ()
    """Changes of its parameters that the refusing layer suggests."""
    previous: Step | None = field(default=None, repr=False, compare=False)
    """The step whose output is this one's input; None where the net's own input is."""

    @property
    def mend(self) -> Mend | None:
        """The smallest mend; None where there is none."""
        return self.mends[0] if self.mends else None

    @cached_property
    def receptive_field(self) -> ReceptiveFields:
        """Receptive field of one output position along each axis of the net's input, channels excepted."""
        if not self.output_shape:
            return None
        before = (
            self.previous.receptive_field
            if self.previous
            else all_or_none(map(ReceptiveField.of_input, self.net_input_shape[1:]))
        )
        return self.layer.receptive_field(before, self.input_shape)

    @cached_property
    def axes(self) -> tuple[tuple[str, int, AxisRule], ...]:
        """Name, size before the layer and rule of each axis that the layer slides along."""
        rules = self.layer.axis_rules(self.input_shape)
        return tuple(zip(AXES[len(self.input_shape)][1:], self.input_shape[1:], rules, strict=False))

    @cached_property
    def net_input_shape(self) -> Shape:
        """Shape of one sample before the first layer of the net."""
        return self.previous.net_input_shape if self.previous else self.input_shape

    @cached_property
    def parameters(self) -> int:
        """Number of trainable parameters, those inside a block included."""
        if self.stacks:
            return sum(step.parameters for stack in self.stacks for step in stack)
        return self.layer.parameters(self.input_shape) if self.output_shape else 0

    @cached_property
    def multiply_adds(self) -> int:
        """Number of multiplications of an input by a weight for one sample, those inside a block included."""
        if self.stacks:
            return sum(step.multiply_adds for stack in self.stacks for step in stack)
        return self.layer.multiply_adds(self.input_shape) if self.output_shape else 0

    @cached_property
    def activation_bytes(self) -> int:
        """Bytes of the output of one sample in float32, all outputs inside a block included."""
        inside = sum(step.activation_bytes for stack in self.stacks for step in stack)
        return inside + (FLOAT32_BYTES * numel(self.output_shape) if self.output_shape else 0)

    @cached_property
    def formula(self) -> str:
        """How the output shape is computed, with the numbers, a line per axis; empty where the layer refuses."""
        return self.layer.formula(self.input_shape) if self.output_shape else ""


def iter_steps(steps: Sequence[Step]) -> Iterator[Step]:
    """Yields all steps, a block before those inside it."""
    for step in steps:
        yield step
        for stack in step.stacks:
            yield from iter_steps(stack)


def find_refusing_step(steps: Sequence[Step]) -> Step | None:
    """Returns the step of the layer that refuses, which may be inside a block; None where all layers fit."""
    if not steps or steps[-1].error is None:
        return None
    inner = filter(None, map(find_refusing_step, steps[-1].stacks))
    return next(inner, steps[-1])


def input_shape_at(architecture: Architecture, path: LayerPath) -> Shape | None:
    """Returns the shape of a sample before a path, or at the end of a stack; None where no sample gets there."""
    steps, shape = trace_shapes(architecture), architecture.input_shape
    for place, branch in zip(path[:-1:2], path[1::2], strict=True):
        if place >= len(steps) or branch >= len(steps[place].stacks):
            return None
        steps, shape = steps[place].stacks[branch], steps[place].input_shape
    if path[-1] == 0:
        return shape
    return steps[path[-1] - 1].output_shape if path[-1] <= len(steps) else None


def trace_shapes(architecture: Architecture, reusable: Sequence[Step] = ()) -> tuple[Step, ...]:
    """Returns the steps up to and with the first layer that refuses, without mends; never raises.

    `reusable` are the steps of a net that may begin with the same layers; those of the common beginning are reused.
    """
    shape = architecture.input_shape
    pairs = zip(reusable, architecture.layers, strict=False)
    same = takewhile(lambda pair: pair[0].layer is pair[1] and not pair[0].error, pairs)
    reused = tuple(step for step, _ in same) if reusable and reusable[0].input_shape == shape else ()
    return _trace_stack(architecture.layers, shape, (), None, reused)


def _trace_stack(
    stack: Stack, shape: Shape, parent: LayerPath, previous: Step | None, reused: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    steps = list(reused)
    if reused:
        previous, shape = reused[-1], reused[-1].output_shape or shape
    for index, layer in enumerate(stack[len(reused) :], len(reused)):
        path = (*parent, index)
        stacks: tuple[tuple[Step, ...], ...] = ()
        try:
            if isinstance(layer, Block):
                stacks = tuple(_trace_stack(inner, shape, (*path, i), previous) for i, inner in enumerate(layer.stacks))
                refused = next((steps[-1] for steps in stacks if steps and steps[-1].error), None)
                if refused:
                    steps.append(Step(layer, shape, None, path, stacks, refused.error, previous=previous))
                    break
                output_shape = layer.joined_shape(
                    [(inner[-1].output_shape if inner else None) or shape for inner in stacks], shape
                )
            else:
                output_shape = layer.output_shape(shape)
            if numel(output_shape) > MAX_VALUES:
                raise ShapeError(
                    f"gives {format_shape(output_shape)} from {format_shape(shape)}, more numbers than any machine can"
                    " hold"
                )
        except ShapeError as error:
            reason = f"Layer {layer_number(path)}, {layer.kind}: {error}."
            steps.append(Step(layer, shape, None, path, stacks, reason, (), error.changes, previous))
            break
        previous = Step(layer, shape, output_shape, path, stacks, previous=previous)
        steps.append(previous)
        shape = output_shape
    return tuple(steps)
