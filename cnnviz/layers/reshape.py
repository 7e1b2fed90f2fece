"""Layers that change the shape without computing anything."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from cnnviz.errors import ShapeError
from cnnviz.layers.axis_rules import Grouped, Repeated
from cnnviz.layers.base import Layer, PositiveInt, ReceptiveFields
from cnnviz.layers.window import expect_axes, output_sizes
from cnnviz.shapes import AXES, Shape, format_shape, numel
from cnnviz.windows import AxisRule


class Flatten(Layer):
    """Merges the axes from start_dim to end_dim into one; by default all axes of a sample: (C, H, W) → (C·H·W,).

    Axes are counted as in torch, with the batch as axis 0.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    summary: ClassVar[str] = "Puts all numbers of a sample in one row, as Linear needs them."
    prefix: ClassVar[str] = "flatten"

    kind: Literal["Flatten"] = "Flatten"
    start_dim: Annotated[int, Field(ge=1, le=4)] = Field(1, description="First axis to merge; 0 is the batch.")
    end_dim: Annotated[int, Field(ge=-4, le=4)] = Field(-1, description="Last axis to merge; −1 is the last one.")

    def output_shape(self, shape: Shape) -> Shape:
        """(C, H, W) → (C·H·W,).

        >>> Flatten().output_shape((10, 22, 4))
        (880,)
        """
        first, last = self._merged_axes(shape)
        return (*shape[:first], numel(shape[first : last + 1]), *shape[last + 1 :])

    def receptive_field(self, before: ReceptiveFields, shape: Shape) -> ReceptiveFields:
        """Keeps the receptive field where all axes or none are merged; None where only some are."""
        return before if len(self.output_shape(shape)) in (1, len(shape)) else None

    def formula(self, shape: Shape) -> str:
        """Returns the product of the merged axes' sizes."""
        first, last = self._merged_axes(shape)
        merged = shape[first : last + 1]
        return f"{' · '.join(map(str, merged))} = {numel(merged)}"

    def _merged_axes(self, shape: Shape) -> tuple[int, int]:
        """First and last merged axis of a sample without the batch."""
        axes = len(shape) + 1
        last = self.end_dim + axes if self.end_dim < 0 else self.end_dim
        if not 1 <= self.start_dim <= last < axes:
            raise ShapeError(
                f"cannot merge the axes from {self.start_dim} to {self.end_dim} of a sample of"
                f" {format_shape(shape)}, which has the axes 1 to {axes - 1}",
                {"start_dim": 1, "end_dim": -1},
            )
        return self.start_dim - 1, last - 1


class Unflatten(Layer):
    """Splits one axis into several: (C·H·W,) → (C, H, W). Axes are counted as in torch, with the batch as axis 0.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
    """

    summary: ClassVar[str] = "Splits an axis into several: the inverse of Flatten."
    prefix: ClassVar[str] = "unflatten"

    kind: Literal["Unflatten"] = "Unflatten"
    dim: Annotated[int, Field(ge=-4, le=4)] = Field(
        description="Axis to split; 0 is the batch, −1 the last axis.", examples=[1]
    )
    unflattened_size: Annotated[
        tuple[Annotated[int, Field(ge=-1, le=1_000_000)], ...], Field(strict=False, min_length=1, max_length=4)
    ] = Field(description="Sizes of the new axes; −1 for one that follows from the others.", examples=[(-1, 1)])

    @field_validator("unflattened_size", mode="before")
    @classmethod
    def _accept_one_number(cls, value: object) -> object:
        return (value,) if isinstance(value, int) else value

    @field_validator("unflattened_size")
    @classmethod
    def _refuse_two_unknown_sizes(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if value.count(-1) > 1:
            raise ValueError("can have −1 for one axis only: the size of one follows from the others")
        return value

    def output_shape(self, shape: Shape) -> Shape:
        """(C·H·W,) → (C, H, W).

        >>> Unflatten(dim=1, unflattened_size=(10, -1, 4)).output_shape((880,))
        (10, 22, 4)
        """
        axis = axis_of_sample(self.dim, shape)
        sizes, size = self._sizes(shape[axis]), shape[axis]
        if numel(sizes) != size:
            raise ShapeError(
                f"cannot split a {AXES[len(shape)][axis]} of {size} into {format_shape(self.unflattened_size)}".replace(
                    "features of", "row of"
                ),
                {"unflattened_size": (-1, *sizes[1:])}
                if size % max(numel(sizes[1:]), 1) == 0 and min(sizes[1:], default=1) > 0
                else {"unflattened_size": (-1, 1)},
            )
        after = (*shape[:axis], *sizes, *shape[axis + 1 :])
        if len(after) not in AXES:
            raise ShapeError(f"gives {len(after)} axes, {format_shape(after)}; a sample has at most {max(AXES)}")
        return after

    def receptive_field(self, before: ReceptiveFields, shape: Shape) -> ReceptiveFields:
        """Keeps it where a flat sample gets the positions back that it had, or where all of it was read alike."""
        after = self.output_shape(shape)
        if not before or len(after) == len(shape):
            return before
        if len(shape) > 1 or len(after) - 1 != len(before):
            return None
        positions = tuple(len(field.reads.firsts) for field in before)
        if positions == after[1:]:
            return before
        return tuple(map(type(before[0]).read_as_one, before, after[1:])) if set(positions) == {1} else None

    def formula(self, shape: Shape) -> str:
        """Returns the size of the axis as a product of the new ones."""
        size = shape[axis_of_sample(self.dim, shape)]
        return f"{size} = {' · '.join(map(str, self._sizes(size)))}"

    def _sizes(self, size: int) -> tuple[int, ...]:
        """Returns the sizes of the new axes, with a number in place of one −1."""
        known = numel(tuple(number for number in self.unflattened_size if number != -1))
        if self.unflattened_size.count(-1) != 1 or known < 1 or size % known:
            return self.unflattened_size
        return tuple(size // known if number == -1 else number for number in self.unflattened_size)


def axis_of_sample(dim: int, shape: Shape) -> int:
    """Returns the axis of a sample that torch counts as `dim`; raises ShapeError for the batch, or where none is.

    >>> axis_of_sample(1, (10, 22, 4)), axis_of_sample(-1, (10, 22, 4))
    (0, 2)
    """
    axes = len(shape)
    if not (1 <= dim <= axes or -axes <= dim <= -1):
        what = "would mix the samples of a batch: axis 0" if dim in (0, -axes - 1) else f"has no axis {dim}"
        raise ShapeError(
            f"{what} in a sample of {format_shape(shape)}; use a dim from 1 to {axes}, or from −{axes} to −1",
            {"dim": 1},
        )
    return dim - 1 if dim > 0 else dim + axes


class PixelShuffle(Layer):
    """Moves channels into height and width: (C·r², H, W) → (C, H·r, W·r).

    Source: Shi et al., "Real-Time Single Image and Video Super-Resolution" (2016).
    """

    summary: ClassVar[str] = "Makes a picture larger by laying groups of channels side by side."
    prefix: ClassVar[str] = "pixel_shuffle"

    kind: Literal["PixelShuffle"] = "PixelShuffle"
    upscale_factor: PositiveInt = Field(
        description="Factor r of height and width; r² divides the channels.", examples=[2]
    )

    def output_shape(self, shape: Shape) -> Shape:
        """(C·r², H, W) → (C, H·r, W·r).

        >>> PixelShuffle(upscale_factor=2).output_shape((16, 8, 8))
        (4, 16, 16)
        """
        expect_axes(shape, 3)
        group = self.upscale_factor**2
        if shape[0] % group:
            fitting = max(r for r in range(1, self.upscale_factor + 1) if shape[0] % r**2 == 0)
            raise ShapeError(
                f"makes one channel of {group}, which does not divide {shape[0]} channels", {"upscale_factor": fitting}
            )
        return (shape[0] // group, *output_sizes(self.axis_rules(shape), shape))

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns a factor for height and width."""
        return (Repeated(self.upscale_factor),) * 2


class PixelUnshuffle(Layer):
    """Moves height and width into channels: (C, H·r, W·r) → (C·r², H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """

    summary: ClassVar[str] = "Makes a picture smaller without losing a value: neighbours become channels."
    prefix: ClassVar[str] = "pixel_unshuffle"

    kind: Literal["PixelUnshuffle"] = "PixelUnshuffle"
    downscale_factor: PositiveInt = Field(description="Divisor r of height and width.", examples=[2])

    def output_shape(self, shape: Shape) -> Shape:
        """(C, H·r, W·r) → (C·r², H, W).

        >>> PixelUnshuffle(downscale_factor=2).output_shape((4, 16, 16))
        (16, 8, 8)
        """
        expect_axes(shape, 3)
        try:
            sizes = output_sizes(self.axis_rules(shape), shape)
        except ShapeError as error:
            both = [r for r in range(1, self.downscale_factor) if shape[1] % r == 0 and shape[2] % r == 0]
            raise ShapeError(str(error), {"downscale_factor": max(both)}) from None
        return (shape[0] * self.downscale_factor**2, *sizes)

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns a divisor for height and width."""
        return (Grouped(self.downscale_factor),) * 2


class ChannelShuffle(Layer):
    """Deals the channels of groups out in turn, so that the next grouped convolution mixes them.

    Source: Zhang et al., "ShuffleNet" (2017).
    """

    summary: ClassVar[str] = "Mixes the order of the channels, so that groups of a convolution exchange what they know."
    prefix: ClassVar[str] = "shuffle"

    kind: Literal["ChannelShuffle"] = "ChannelShuffle"
    groups: PositiveInt = Field(description="Groups whose channels are dealt out.", examples=[2])

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; groups must divide the channels."""
        expect_axes(shape, 2, 3, 4)
        if shape[0] % self.groups:
            fitting = max(n for n in range(1, min(self.groups, shape[0]) + 1) if shape[0] % n == 0)
            raise ShapeError(f"{self.groups} groups do not divide {shape[0]} channels evenly", {"groups": fitting})
        return shape


class Identity(Layer):
    """x as it is.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """

    summary: ClassVar[str] = "Passes the sample on as it is: a place for a layer that may come later."
    prefix: ClassVar[str] = "identity"

    kind: Literal["Identity"] = "Identity"

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is."""
        return shape


KINDS: tuple[type[Layer], ...] = (
    Flatten,
    Unflatten,
    PixelShuffle,
    PixelUnshuffle,
    ChannelShuffle,
    Identity,
)
"""The kinds in this file, in the order in which the palette shows them."""
