"""A step of a trace: one layer between its input and its output, or the reason why it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from cnnviz.architecture.design import Architecture, Path, Stack, number
from cnnviz.errors import ShapeError
from cnnviz.layers import Block, Layer
from cnnviz.layers.base import Reaches
from cnnviz.shapes import AXES, AxisRule, Reach, Shape, show, size_of

if TYPE_CHECKING:
    from cnnviz.architecture.mend import Mend

MAX_NUMBERS = 10**12
"""Numbers in one sample behind a layer; no net that can be built comes near."""
FLOAT_BYTES = 4
"""Of a number in float32."""


@dataclass(frozen=True)
class Step:
    """One row of the table: a layer between its input and its output.

    `output_shape` is None where the layer refuses; then `error` says why and each of `mends` is an edit that helps.
    A block has the steps of its `stacks`, each up to and with the first layer that refuses.
    """

    layer: Layer
    input_shape: Shape
    output_shape: Shape | None
    path: Path
    stacks: tuple[tuple[Step, ...], ...] = ()
    error: str | None = None
    mends: tuple[Mend, ...] = ()
    changes: tuple[Mapping[str, object], ...] = ()
    """What the refusing layer itself says would help."""
    before: Step | None = field(default=None, repr=False, compare=False)
    """The step whose output is this one's input; None where that is the net's own."""

    @property
    def mend(self) -> Mend | None:
        """The first of the mends."""
        return self.mends[0] if self.mends else None

    @cached_property
    def reach(self) -> Reaches:
        """The receptive field of one output position, along each axis of the net's input behind the channels."""
        if not self.output_shape:
            return None
        before = self.before.reach if self.before else (Reach(),) * (len(self.net) - 1)
        return self.layer.reach(before, self.input_shape, self.net)

    @cached_property
    def axes(self) -> tuple[tuple[str, int, AxisRule], ...]:
        """The axes that the layer slides along: name, size before the layer, and rule of each."""
        rules = self.layer.rules(self.input_shape)
        return tuple(zip(AXES[len(self.input_shape)][1:], self.input_shape[1:], rules, strict=False))

    @cached_property
    def net(self) -> Shape:
        """Shape of the net's input."""
        return self.before.net if self.before else self.input_shape

    @cached_property
    def parameters(self) -> int:
        """Trainable numbers, those inside a block included."""
        if self.stacks:
            return sum(step.parameters for stack in self.stacks for step in stack)
        return self.layer.parameters(self.input_shape) if self.output_shape else 0

    @cached_property
    def multiply_adds(self) -> int:
        """Multiplications of an input by a weight for one sample, those inside a block included."""
        if self.stacks:
            return sum(step.multiply_adds for stack in self.stacks for step in stack)
        return self.layer.multiply_adds(self.input_shape) if self.output_shape else 0

    @cached_property
    def activation_bytes(self) -> int:
        """Bytes of the output of one sample in float32; for a block, of all outputs inside, too."""
        inside = sum(step.activation_bytes for stack in self.stacks for step in stack)
        return inside + (FLOAT_BYTES * size_of(self.output_shape) if self.output_shape else 0)

    @cached_property
    def formula(self) -> str:
        """How the output shape comes about, with the numbers, a line per axis; empty where the layer refuses."""
        return self.layer.formula(self.input_shape) if self.output_shape else ""


def every(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps, a block before those inside it."""
    for step in steps:
        yield step
        for stack in step.stacks:
            yield from every(stack)


def refusal(steps: Sequence[Step]) -> Step | None:
    """The step of the layer that refuses, inside a block where it stands there; None where all fit."""
    if not steps or steps[-1].error is None:
        return None
    inside = filter(None, map(refusal, steps[-1].stacks))
    return next(inside, steps[-1])


def shape_before(architecture: Architecture, path: Path) -> Shape | None:
    """Shape of a sample where `path` leads, the end of a stack included; None where none arrives."""
    steps, shape = walk(architecture), architecture.input_shape
    for place, branch in zip(path[:-1:2], path[1::2], strict=True):
        if place >= len(steps) or branch >= len(steps[place].stacks):
            return None
        steps, shape = steps[place].stacks[branch], steps[place].input_shape
    if path[-1] == 0:
        return shape
    return steps[path[-1] - 1].output_shape if path[-1] <= len(steps) else None


def walk(architecture: Architecture, like: Sequence[Step] = ()) -> tuple[Step, ...]:
    """The steps up to and with the first layer that refuses, without mends; never raises.

    Where the net begins as another one does, the steps of that one can be given and are taken over.
    """
    shape = architecture.input_shape
    pairs = zip(like, architecture.layers, strict=False)
    same = takewhile(lambda pair: pair[0].layer is pair[1] and not pair[0].error, pairs)
    begun = tuple(step for step, _ in same) if like and like[0].input_shape == shape else ()
    return _walk(architecture.layers, shape, (), None, begun)


def _walk(
    stack: Stack, shape: Shape, above: Path, before: Step | None, begun: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    steps = list(begun)
    if begun:
        before, shape = begun[-1], begun[-1].output_shape or shape
    for index, layer in enumerate(stack[len(begun) :], len(begun)):
        path = (*above, index)
        inside: tuple[tuple[Step, ...], ...] = ()
        try:
            if isinstance(layer, Block):
                inside = tuple(_walk(each, shape, (*path, i), before) for i, each in enumerate(layer.stacks))
                refused = next((steps[-1] for steps in inside if steps and steps[-1].error), None)
                if refused:
                    steps.append(Step(layer, shape, None, path, inside, refused.error, before=before))
                    break
                out = layer.join([(each[-1].output_shape if each else None) or shape for each in inside], shape)
            else:
                out = layer.output_shape(shape)
            if size_of(out) > MAX_NUMBERS:
                raise ShapeError(f"gives {show(out)} from {show(shape)}, more numbers than any machine can hold")
        except ShapeError as error:
            reason = f"Layer {number(path)}, {layer.kind}: {error}."
            steps.append(Step(layer, shape, None, path, inside, reason, (), error.changes, before))
            break
        before = Step(layer, shape, out, path, inside, before=before)
        steps.append(before)
        shape = out
    return tuple(steps)
