"""Layers that hold stacks of their own: what comes out of the stacks is added, or put side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field
from torch import nn

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, ReceptiveFields
from cnnviz.layers.block_modules import ParallelModule, ResidualModule
from cnnviz.layers.conv import Conv, Conv1d, Conv2d, Conv3d
from cnnviz.layers.linear import Linear
from cnnviz.layers.pool import AvgPool, MaxPool
from cnnviz.layers.window import collapse_equal, per_axis
from cnnviz.shapes import AXES, ReceptiveField, Shape, format_shape

MAX_BRANCHES = 8
Stack = tuple[Layer, ...]

if TYPE_CHECKING:
    Layers = Stack
else:
    Layers = Annotated[tuple["AnyLayer", ...], Field(strict=False)]  # noqa: F821  AnyLayer is every kind: cnnviz.layers
CONV_BY_NDIM: dict[int, type[Conv1d] | type[Conv2d] | type[Conv3d]] = {2: Conv1d, 3: Conv2d, 4: Conv3d}
"""The convolution for a number of axes."""


class Block(Layer):
    """A layer made of stacks that all read the same input, and of `join`, which makes one output of theirs."""

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The stacks, each from its input to its output; an empty one hands its input on."""
        raise NotImplementedError

    def with_stacks(self, stacks: Sequence[Stack]) -> Block:
        """The same block around other stacks."""
        raise NotImplementedError

    def stack_title(self, stack: int) -> str:
        """What a stack is called."""
        raise NotImplementedError

    def joined_shape(self, outputs: Sequence[Shape], shape: Shape) -> Shape:
        """Shape behind the block, from those behind its stacks and the input's; raises ShapeError with the reason."""
        raise NotImplementedError

    def join_formula(self, shape: Shape) -> str:
        """How the outputs of the stacks become one, with the numbers."""
        raise NotImplementedError

    def output_shape(self, shape: Shape) -> Shape:
        """What join makes of the stacks' outputs; raises ShapeError with the first layer in it that refuses."""
        return self.joined_shape([self._shapes_along(stack, shape)[-1] for stack in self.stacks], shape)

    def formula(self, shape: Shape) -> str:
        """How the outputs become one."""
        return self.join_formula(shape)

    def parameters(self, shape: Shape) -> int:
        """Those of all layers inside."""
        return sum(layer.parameters(before) for layer, before in self._layers_with_inputs(shape))

    def multiply_adds(self, shape: Shape) -> int:
        """Those of all layers inside."""
        return sum(layer.multiply_adds(before) for layer, before in self._layers_with_inputs(shape))

    def receptive_field(self, before: ReceptiveFields, shape: Shape, net: Shape) -> ReceptiveFields:
        """From the first to the last sample that one of the stacks reads."""
        found = []
        for stack in self.stacks:
            inside = before
            for layer, shape_before in zip(stack, self._shapes_along(stack, shape), strict=False):
                inside = layer.receptive_field(inside, shape_before, net)
            if inside is None:
                return None
            found.append(inside)
        return tuple(_covering_field(axis) for axis in zip(*found, strict=True))

    def arguments(self, shape: Shape) -> dict[str, object]:
        """None that torch would know."""
        return {}

    def code(self, shape: Shape) -> str:
        """The block's name; `cnnviz.source` writes the stacks in it."""
        return f"{self.kind}(…)"

    def _layers_with_inputs(self, shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        for stack in self.stacks:
            yield from zip(stack, self._shapes_along(stack, shape), strict=False)

    def _shapes_along(self, stack: Stack, shape: Shape) -> list[Shape]:
        """The shape before the first layer of a stack, and behind each."""
        shapes = [shape]
        for layer in stack:
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"{layer.kind} in it {error}") from None
        return shapes

    def _stack_modules(self, shape: Shape) -> Iterator[nn.Sequential]:
        for stack in self.stacks:
            pairs = zip(stack, self._shapes_along(stack, shape), strict=False)
            yield nn.Sequential(*(layer.build_module(before) for layer, before in pairs))


class Residual(Block):
    """layers(x) + projection(x); without a projection, layers(x) + x.

    Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition" (2015).
    """

    summary: ClassVar[str] = "Adds what its layers make of the input to the input itself, so that gradients pass by."
    prefix: ClassVar[str] = "residual"

    kind: Literal["Residual"] = "Residual"
    layers: Layers = Field((), description="The stack whose output is added to the input.")
    projection: Layers = Field(
        (), description="Layers on the way past the stack; empty: the input itself. Needed where the stack changes it."
    )

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The layers and the projection."""
        return (self.layers, self.projection)

    def with_stacks(self, stacks: Sequence[Stack]) -> Residual:
        """Around other layers and another projection."""
        layers, projection = stacks
        return Residual(layers=layers, projection=projection)

    def stack_title(self, stack: int) -> str:
        """Layers or projection."""
        return ("layers", "projection")[stack]

    def joined_shape(self, outputs: Sequence[Shape], shape: Shape) -> Shape:
        """The same shape, if both are alike."""
        inside, past = outputs
        if inside != past:
            what = "the projection gives" if self.projection else "the input is"
            fitting = _fitting_projection(shape, inside)
            raise ShapeError(
                f"cannot add {format_shape(inside)} and {format_shape(past)}: the layers give {format_shape(inside)},"
                f" but {what} {format_shape(past)}",
                *([{"projection": fitting}] if fitting else []),
            )
        return inside

    def join_formula(self, shape: Shape) -> str:
        """A sum."""
        out = format_shape(self.output_shape(shape))
        return f"{out} + {out}"

    def build_module(self, shape: Shape) -> nn.Module:
        """A module that adds."""
        return ResidualModule(*self._stack_modules(shape))

    @classmethod
    def default(cls, shape: Shape = ()) -> Residual:
        """Two convolutions that keep the shape, as in the paper's basic block; empty for a flat sample."""
        if len(shape) not in CONV_BY_NDIM:
            return cls()
        from cnnviz.layers import PALETTE  # noqa: PLC0415 (the palette holds this class, too)

        conv = CONV_BY_NDIM[len(shape)](out_channels=shape[0], kernel_size=3, padding=1, bias=False)
        norm, relu = PALETTE[f"BatchNorm{len(shape) - 1}d"].default(), PALETTE["ReLU"].default()
        return cls(layers=(conv, norm, relu, conv, norm))


class Parallel(Block):
    """The outputs of all branches side by side, concatenated on the channels, as in Inception.

    Source: Szegedy et al., "Going Deeper with Convolutions" (2014).
    """

    summary: ClassVar[str] = "Several stacks read the same input; their channels are put side by side."
    prefix: ClassVar[str] = "parallel"

    kind: Literal["Parallel"] = "Parallel"
    branches: Annotated[tuple[Layers, ...], Field(strict=False, min_length=1, max_length=MAX_BRANCHES)] = Field(
        ((), ()), description="Stacks that read the same input; an empty one hands it on."
    )

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The branches."""
        return self.branches

    def with_stacks(self, stacks: Sequence[Stack]) -> Parallel:
        """Around other branches."""
        return Parallel(branches=tuple(stacks))

    def stack_title(self, stack: int) -> str:
        """The branch's number."""
        return f"branch {stack + 1}"

    def joined_shape(self, outputs: Sequence[Shape], shape: Shape) -> Shape:
        """The sum of all channels, if the other axes are alike."""
        first = outputs[0]
        for number, out in enumerate(outputs[1:], 2):
            if len(out) != len(first):
                raise ShapeError(
                    f"cannot put {format_shape(first)} and {format_shape(out)} side by side: branch 1 gives"
                    f" {len(first)} axes, branch"
                    f" {number} {len(out)}"
                )
            for axis, one, other in zip(AXES[len(first)][1:], first[1:], out[1:], strict=True):
                if one != other:
                    raise ShapeError(
                        f"cannot put {format_shape(first)} and {format_shape(out)} side by side: branch 1 has a {axis}"
                        f" of {one},"
                        f" branch {number} one of {other}; only the channels may differ",
                        {"branches": tuple(map(_with_same_size, self.branches))},
                    )
        return (sum(out[0] for out in outputs), *first[1:])

    def join_formula(self, shape: Shape) -> str:
        """A sum of channels."""
        channels = [self._shapes_along(stack, shape)[-1][0] for stack in self.branches]
        return f"{' + '.join(map(str, channels))} = {sum(channels)} channels"

    def build_module(self, shape: Shape) -> nn.Module:
        """A module that concatenates."""
        return ParallelModule(*self._stack_modules(shape))

    @classmethod
    def default(cls, shape: Shape = ()) -> Parallel:
        """Branches with windows of 1 and 3 that keep the size; empty for a flat sample."""
        if len(shape) not in CONV_BY_NDIM:
            return cls()
        conv = CONV_BY_NDIM[len(shape)]
        narrow, wide = conv(out_channels=8, kernel_size=1), conv(out_channels=8, kernel_size=3, padding=1)
        return cls(branches=((narrow,), (wide,)))


def _covering_field(fields: Sequence[ReceptiveField]) -> ReceptiveField:
    """From the first sample that one of them reads to the last."""
    start, end = min(r.start for r in fields), max(r.start + r.size for r in fields)
    return ReceptiveField(math.ceil(end - start), max(r.jump for r in fields), start)


def _fitting_projection(shape: Shape, out: Shape) -> Stack | None:
    """Layers that make an input of `shape` fit `out`: a convolution of 1 with a stride, or a Linear; None if none can.

    Source: option B of He et al. (2015), section 3.3.
    """
    if len(shape) != len(out):
        return None
    if len(shape) == 1:
        return (Linear(out_features=out[0]),)
    strides = []
    for size, wanted in zip(shape[1:], out[1:], strict=True):
        stride = -(-size // wanted)
        if (size - 1) // stride + 1 != wanted:
            return None
        strides.append(stride)
    step: Any = collapse_equal(strides)
    return (CONV_BY_NDIM[len(shape)](out_channels=out[0], kernel_size=1, stride=step),)


def _with_same_size(stack: Stack) -> Stack:
    """The same layers with stride and padding by which the sizes of all axes stay."""
    layers: list[Layer] = []
    for layer in stack:
        if isinstance(layer, Conv):
            layers.append(layer.model_copy(update={"stride": 1, "padding": "same"}))
        elif isinstance(layer, MaxPool | AvgPool):
            odd = collapse_equal([k | 1 for k in per_axis(layer.kernel_size, layer.axes)])
            half = collapse_equal([k // 2 for k in per_axis(odd, layer.axes)])
            change = {"kernel_size": odd, "stride": 1, "padding": half} | (
                {"dilation": 1} if isinstance(layer, MaxPool) else {}
            )
            layers.append(layer.model_copy(update=change))
        else:
            layers.append(layer)
    return tuple(layers)
