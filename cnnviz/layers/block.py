"""Layers that hold stacks of their own: what comes out of the stacks is added, or put side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field
from torch import nn

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, Reaches
from cnnviz.layers.conv import Conv, Conv1d, Conv2d, Conv3d
from cnnviz.layers.joining import ParallelModule, ResidualModule
from cnnviz.layers.linear import Linear
from cnnviz.layers.pool import AvgPool, MaxPool
from cnnviz.layers.window import alike, per_axis
from cnnviz.shapes import AXES, Reach, Shape, show

MAX_BRANCHES = 8
Stack = tuple[Layer, ...]

if TYPE_CHECKING:
    Layers = Stack
else:
    Layers = Annotated[tuple["AnyLayer", ...], Field(strict=False)]  # noqa: F821  AnyLayer is every kind: cnnviz.layers
CONVS: dict[int, type[Conv1d] | type[Conv2d] | type[Conv3d]] = {2: Conv1d, 3: Conv2d, 4: Conv3d}
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

    def title(self, stack: int) -> str:
        """What a stack is called."""
        raise NotImplementedError

    def join(self, outputs: Sequence[Shape], shape: Shape) -> Shape:
        """Shape behind the block, from those behind its stacks and the input's; raises ShapeError with the reason."""
        raise NotImplementedError

    def joined(self, shape: Shape) -> str:
        """How the outputs of the stacks become one, with the numbers."""
        raise NotImplementedError

    def output_shape(self, shape: Shape) -> Shape:
        """What join makes of the stacks' outputs; raises ShapeError with the first layer in it that refuses."""
        return self.join([self._behind(stack, shape)[-1] for stack in self.stacks], shape)

    def formula(self, shape: Shape) -> str:
        """How the outputs become one."""
        return self.joined(shape)

    def parameters(self, shape: Shape) -> int:
        """Those of all layers inside."""
        return sum(layer.parameters(before) for layer, before in self._inside(shape))

    def multiply_adds(self, shape: Shape) -> int:
        """Those of all layers inside."""
        return sum(layer.multiply_adds(before) for layer, before in self._inside(shape))

    def reach(self, before: Reaches, shape: Shape, net: Shape) -> Reaches:
        """From the first to the last sample that one of the stacks reads."""
        found = []
        for stack in self.stacks:
            inside = before
            for layer, shape_before in zip(stack, self._behind(stack, shape), strict=False):
                inside = layer.reach(inside, shape_before, net)
            if inside is None:
                return None
            found.append(inside)
        return tuple(_union(axis) for axis in zip(*found, strict=True))

    def arguments(self, shape: Shape) -> dict[str, object]:
        """None that torch would know."""
        return {}

    def code(self, shape: Shape) -> str:
        """The block's name; `cnnviz.source` writes the stacks in it."""
        return f"{self.kind}(…)"

    def _inside(self, shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        for stack in self.stacks:
            yield from zip(stack, self._behind(stack, shape), strict=False)

    def _behind(self, stack: Stack, shape: Shape) -> list[Shape]:
        """The shape before the first layer of a stack, and behind each."""
        shapes = [shape]
        for layer in stack:
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"{layer.kind} in it {error}") from None
        return shapes

    def _modules(self, shape: Shape) -> Iterator[nn.Sequential]:
        for stack in self.stacks:
            befores = zip(stack, self._behind(stack, shape), strict=False)
            yield nn.Sequential(*(layer.module(before) for layer, before in befores))


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

    def title(self, stack: int) -> str:
        """Layers or projection."""
        return ("layers", "projection")[stack]

    def join(self, outputs: Sequence[Shape], shape: Shape) -> Shape:
        """The same shape, if both are alike."""
        inside, past = outputs
        if inside != past:
            what = "the projection gives" if self.projection else "the input is"
            fitting = _projection(shape, inside)
            raise ShapeError(
                f"cannot add {show(inside)} and {show(past)}: the layers give {show(inside)}, but {what} {show(past)}",
                *([{"projection": fitting}] if fitting else []),
            )
        return inside

    def joined(self, shape: Shape) -> str:
        """A sum."""
        out = show(self.output_shape(shape))
        return f"{out} + {out}"

    def module(self, shape: Shape) -> nn.Module:
        """A module that adds."""
        return ResidualModule(*self._modules(shape))

    @classmethod
    def fresh(cls, shape: Shape = ()) -> Residual:
        """Two convolutions that keep the shape, as in the paper's basic block; empty for a flat sample."""
        if len(shape) not in CONVS:
            return cls()
        from cnnviz.layers import PALETTE  # noqa: PLC0415 (the palette holds this class, too)

        conv = CONVS[len(shape)](out_channels=shape[0], kernel_size=3, padding=1, bias=False)
        norm, relu = PALETTE[f"BatchNorm{len(shape) - 1}d"].fresh(), PALETTE["ReLU"].fresh()
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

    def title(self, stack: int) -> str:
        """The branch's number."""
        return f"branch {stack + 1}"

    def join(self, outputs: Sequence[Shape], shape: Shape) -> Shape:
        """The sum of all channels, if the other axes are alike."""
        first = outputs[0]
        for number, out in enumerate(outputs[1:], 2):
            if len(out) != len(first):
                raise ShapeError(
                    f"cannot put {show(first)} and {show(out)} side by side: branch 1 gives {len(first)} axes, branch"
                    f" {number} {len(out)}"
                )
            for axis, one, other in zip(AXES[len(first)][1:], first[1:], out[1:], strict=True):
                if one != other:
                    raise ShapeError(
                        f"cannot put {show(first)} and {show(out)} side by side: branch 1 has a {axis} of {one},"
                        f" branch {number} one of {other}; only the channels may differ",
                        {"branches": tuple(map(_size_keeping, self.branches))},
                    )
        return (sum(out[0] for out in outputs), *first[1:])

    def joined(self, shape: Shape) -> str:
        """A sum of channels."""
        channels = [self._behind(stack, shape)[-1][0] for stack in self.branches]
        return f"{' + '.join(map(str, channels))} = {sum(channels)} channels"

    def module(self, shape: Shape) -> nn.Module:
        """A module that concatenates."""
        return ParallelModule(*self._modules(shape))

    @classmethod
    def fresh(cls, shape: Shape = ()) -> Parallel:
        """Branches with windows of 1 and 3 that keep the size; empty for a flat sample."""
        if len(shape) not in CONVS:
            return cls()
        conv = CONVS[len(shape)]
        narrow, wide = conv(out_channels=8, kernel_size=1), conv(out_channels=8, kernel_size=3, padding=1)
        return cls(branches=((narrow,), (wide,)))


def _union(reaches: Sequence[Reach]) -> Reach:
    """From the first sample that one of them reads to the last."""
    start, end = min(r.start for r in reaches), max(r.start + r.size for r in reaches)
    return Reach(math.ceil(end - start), max(r.jump for r in reaches), start)


def _projection(shape: Shape, out: Shape) -> Stack | None:
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
    step: Any = alike(strides)
    return (CONVS[len(shape)](out_channels=out[0], kernel_size=1, stride=step),)


def _size_keeping(stack: Stack) -> Stack:
    """The same layers with stride and padding by which the sizes of all axes stay."""
    kept: list[Layer] = []
    for layer in stack:
        if isinstance(layer, Conv):
            kept.append(layer.model_copy(update={"stride": 1, "padding": "same"}))
        elif isinstance(layer, MaxPool | AvgPool):
            odd = alike([k | 1 for k in per_axis(layer.kernel_size, layer.axes)])
            half = alike([k // 2 for k in per_axis(odd, layer.axes)])
            change = {"kernel_size": odd, "stride": 1, "padding": half} | (
                {"dilation": 1} if isinstance(layer, MaxPool) else {}
            )
            kept.append(layer.model_copy(update=change))
        else:
            kept.append(layer)
    return tuple(kept)
