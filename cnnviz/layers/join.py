"""Joins: how the outputs of a block's stacks become one output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, Stack
from cnnviz.layers.conv import CONV_BY_NDIM, Conv
from cnnviz.layers.linear import Linear
from cnnviz.layers.pool.avg_pool import AvgPool
from cnnviz.layers.pool.max_pool import MaxPool
from cnnviz.layers.reshape import Unflatten
from cnnviz.layers.window import collapse_equal, per_axis
from cnnviz.shapes import AXES, Shape, format_shape


@dataclass(frozen=True)
class StackOutput:
    """What a join knows of one stack: its title, its layers and the shape of one sample behind them."""

    title: str
    stack: Stack
    shape: Shape


class Join:
    """A rule that makes one output of several; has no state.

    A new one says how shapes join (`output_shape`, `formula`), how tensors do (`tensors`), and how Python writes that
    (`expression_of_list`).
    """

    def output_shape(self, outputs: Sequence[StackOutput]) -> Shape:
        """Returns the shape of the joined output; raises ShapeError with the reason why these cannot be joined."""
        raise NotImplementedError

    def fitting_stacks(self, outputs: Sequence[StackOutput], shape: Shape) -> Sequence[Stack] | None:
        """Returns stacks for an input of `shape` whose outputs can be joined, in the same order; None if unknown."""
        return None

    def describe_fit(self, stacks: Mapping[str, Stack]) -> str:
        """Returns the instruction to put stacks of `fitting_stacks`, by their titles, in place of those there are."""
        return ", ".join(f"Use {_list_layers(stack)} as {_with_article(title)}" for title, stack in stacks.items())

    def formula(self, shapes: Sequence[Shape]) -> str:
        """Returns how the joined shape comes about, with the numbers."""
        raise NotImplementedError

    def tensors(self, outputs: Sequence[Tensor]) -> Tensor:
        """Returns the joined batch: several (N, …) → (N, …)."""
        raise NotImplementedError

    def expression(self, values: Sequence[str]) -> str:
        """Returns Python source that joins the tensors which these expressions stand for."""
        return self.expression_of_list(f"[{', '.join(values)}]")

    def expression_of_list(self, values: str) -> str:
        """Returns Python source that joins the tensors in a list, which is one expression."""
        raise NotImplementedError


class Sum(Join):
    """Adds outputs of one and the same shape."""

    def output_shape(self, outputs: Sequence[StackOutput]) -> Shape:
        """All the same shape → that shape."""
        first = outputs[0]
        for other in outputs[1:]:
            if other.shape != first.shape:
                raise ShapeError(
                    f"cannot add {format_shape(first.shape)} and {format_shape(other.shape)}:"
                    f" {format_shape(first.shape)} comes from {_origin(first)}, but {format_shape(other.shape)} from"
                    f" {_origin(other)}"
                )
        return first.shape

    def fitting_stacks(self, outputs: Sequence[StackOutput], shape: Shape) -> Sequence[Stack] | None:
        """Replaces every stack whose output differs from the first by one layer that gives the first one's shape."""
        target = outputs[0].shape
        fitting = fitting_projection(shape, target)
        return None if fitting is None else [out.stack if out.shape == target else fitting for out in outputs]

    def formula(self, shapes: Sequence[Shape]) -> str:
        """Writes the sum of the shapes.

        >>> SUM.formula([(8, 5), (8, 5)])
        '8 × 5 + 8 × 5'
        """
        return " + ".join(map(format_shape, shapes))

    def tensors(self, outputs: Sequence[Tensor]) -> Tensor:
        """Adds them; raises ValueError where shapes differ and torch would broadcast."""
        total = outputs[0]
        for other in outputs[1:]:
            if other.shape != total.shape:
                raise ValueError(f"cannot add {tuple(total.shape)} and {tuple(other.shape)}")
            total = total + other
        return total

    def expression(self, values: Sequence[str]) -> str:
        """Writes a sum.

        >>> SUM.expression(["a", "b"]), SUM.expression_of_list("outputs")
        ('a + b', 'sum(outputs)')
        """
        return " + ".join(values)

    def expression_of_list(self, values: str) -> str:
        """Writes a call of Python's own sum."""
        return f"sum({values})"


class Concat(Join):
    """Puts outputs side by side on the channels, axis 1 of a batch; all other axes must have the same size."""

    def output_shape(self, outputs: Sequence[StackOutput]) -> Shape:
        """(C_1, …), (C_2, …), … → (C_1 + C_2 + …, …)."""
        first = outputs[0]
        for other in outputs[1:]:
            both = f"{format_shape(first.shape)} and {format_shape(other.shape)}"
            if len(other.shape) != len(first.shape):
                raise ShapeError(
                    f"cannot put {both} side by side: {first.title} gives {len(first.shape)} axes, {other.title}"
                    f" {len(other.shape)}"
                )
            for axis, size, other_size in zip(
                AXES[len(first.shape)][1:], first.shape[1:], other.shape[1:], strict=True
            ):
                if size != other_size:
                    raise ShapeError(
                        f"cannot put {both} side by side: {first.title} has a {axis} of {size}, {other.title} one of"
                        f" {other_size}; only the channels may differ"
                    )
        return (sum(output.shape[0] for output in outputs), *first.shape[1:])

    def fitting_stacks(self, outputs: Sequence[StackOutput], shape: Shape) -> Sequence[Stack] | None:
        """Gives every layer in the stacks a stride and padding that keep the sizes of all axes."""
        if len({len(output.shape) for output in outputs}) > 1:
            return None
        return [_with_same_size(output.stack) for output in outputs]

    def describe_fit(self, stacks: Mapping[str, Stack]) -> str:
        """Says what all these stacks have to do."""
        *most, last = map(_with_article, stacks)
        titles = f"{', '.join(most)} and {last}" if most else last
        return f"Let {titles} keep the size (stride 1, padding)"

    def formula(self, shapes: Sequence[Shape]) -> str:
        """Writes the sum of the channels.

        >>> CONCAT.formula([(8, 5, 5), (16, 5, 5)])
        '8 + 16 = 24 channels'
        """
        channels = [shape[0] for shape in shapes]
        return f"{' + '.join(map(str, channels))} = {sum(channels)} channels"

    def tensors(self, outputs: Sequence[Tensor]) -> Tensor:
        """Concatenates on axis 1: (N, C_1, …), … → (N, C_1 + …, …)."""
        return torch.cat(list(outputs), dim=1)

    def expression_of_list(self, values: str) -> str:
        """Writes a call of torch.cat.

        >>> CONCAT.expression(["a", "b"])
        'torch.cat([a, b], dim=1)'
        """
        return f"torch.cat({values}, dim=1)"


class Product(Join):
    """Multiplies the second of two outputs by the first, whose axes of length 1 are stretched to the second's."""

    def output_shape(self, outputs: Sequence[StackOutput]) -> Shape:
        """(C, 1, 1), (C, H, W) → (C, H, W)."""
        factor, path = outputs
        fits = len(factor.shape) == len(path.shape)
        if not fits or any(size not in (1, wanted) for size, wanted in zip(factor.shape, path.shape, strict=True)):
            raise ShapeError(
                f"cannot multiply {format_shape(path.shape)} by {format_shape(factor.shape)}:"
                f" {format_shape(factor.shape)} comes from {_origin(factor)}, and each of its axes must be 1 or as long"
                f" as in {format_shape(path.shape)}"
            )
        return path.shape

    def fitting_stacks(self, outputs: Sequence[StackOutput], shape: Shape) -> Sequence[Stack] | None:
        """Puts an axis of length 1 behind flat factors, or a convolution of 1 behind those with other channels."""
        factor, path = outputs
        if len(factor.shape) == 1 and factor.shape[0] in (1, path.shape[0]):
            ones = (1,) * (len(path.shape) - 1)
            return [(*factor.stack, Unflatten(dim=1, unflattened_size=(factor.shape[0], *ones))), path.stack]
        sizes = zip(factor.shape[1:], path.shape[1:], strict=False)
        if len(factor.shape) != len(path.shape) or any(size not in (1, wanted) for size, wanted in sizes):
            return None
        if len(path.shape) == 1:
            return [(*factor.stack, Linear(out_features=path.shape[0])), path.stack]
        conv = CONV_BY_NDIM[len(path.shape)](out_channels=path.shape[0], kernel_size=1)
        return [(*factor.stack, conv), path.stack]

    def formula(self, shapes: Sequence[Shape]) -> str:
        """Writes the product of the shapes.

        >>> PRODUCT.formula([(8, 1, 1), (8, 5, 5)])
        '(8 × 5 × 5) · (8 × 1 × 1)'
        """
        return " · ".join(f"({format_shape(shape)})" for shape in reversed(shapes))

    def tensors(self, outputs: Sequence[Tensor]) -> Tensor:
        """Multiplies them; raises ValueError where torch would stretch the second one, too."""
        factor, path = outputs
        product = path * factor
        if product.shape != path.shape or factor.dim() != path.dim():
            raise ValueError(f"cannot multiply {tuple(path.shape)} by {tuple(factor.shape)}")
        return product

    def expression(self, values: Sequence[str]) -> str:
        """Writes a product.

        >>> PRODUCT.expression(["gate", "x"])
        'x * gate'
        """
        return " * ".join(reversed(values))


SUM = Sum()
CONCAT = Concat()
PRODUCT = Product()


def fitting_projection(shape: Shape, out: Shape) -> Stack | None:
    """Returns layers from an input of `shape` to `out`: a convolution of 1 with a stride, or a Linear; None if none.

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


def _origin(output: StackOutput) -> str:
    """Returns where an output comes from; a stack without layers passes the input on."""
    return _with_article(output.title) if output.stack else "the input"


def _with_article(title: str) -> str:
    """Returns a title as it stands in a sentence: "the projection", but "branch 2"."""
    return title if title[-1].isdigit() else f"the {title}"


def _list_layers(stack: Stack) -> str:
    """Lists layers with those of their parameters that are not at their defaults."""
    given = [(layer.kind, layer.model_dump(exclude_defaults=True).items()) for layer in stack]
    return ", ".join(
        f"{kind} with {' and '.join(f'{k} {v}' for k, v in values)}" if values else kind for kind, values in given
    )


def _with_same_size(stack: Stack) -> Stack:
    """Returns the same layers with a stride and padding that keep the sizes of all axes."""
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
