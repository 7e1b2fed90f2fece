"""Pools with a fixed number of windows, whatever the size of the input."""

from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import Field, field_validator

from cnnviz.layers.base import Layer, OutputSize2d, OutputSize3d, Size1d
from cnnviz.layers.window import expect_axes, per_axis, single_number
from cnnviz.shapes import Shape
from cnnviz.windows import AdaptiveWindow, AxisRule

Size = TypeVar("Size")


class AdaptivePool(Layer, Generic[Size]):
    """A pool with a fixed number of windows, whatever the input's size: (C, …) → (C, *output_size)."""

    prefix: ClassVar[str] = "pool"
    axes: ClassVar[int]

    output_size: Size = Field(description="Size of the output along each axis; 1 is a global pool.", examples=[1])

    @field_validator("output_size", mode="before")
    @classmethod
    def _accept_tuple_of_one(cls, value: object) -> object:
        return single_number(value) if cls.axes == 1 else value

    def output_shape(self, shape: Shape) -> Shape:
        """(C, …) → (C, *output_size).

        >>> AdaptiveAvgPool2d(output_size=1).output_shape((512, 7, 7))
        (512, 1, 1)
        """
        expect_axes(shape, self.axes + 1)
        return (shape[0], *self.sizes(shape))

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns a window for each axis that grows with the input."""
        return tuple(map(AdaptiveWindow, self.sizes(shape)))

    def sizes(self, shape: Shape) -> tuple[int, ...]:
        """Returns the size of the output along each axis, that of the input where output_size is None.

        >>> AdaptiveAvgPool2d(output_size=(None, 1)).sizes((512, 7, 9))
        (7, 1)
        """
        wanted = per_axis(self.output_size, self.axes)  # type: ignore[arg-type]
        return tuple(before if size is None else size for size, before in zip(wanted, shape[1:], strict=True))


class AdaptiveAvgPool(AdaptivePool[Size], Generic[Size]):
    """An adaptive pool that keeps the mean of each window."""

    summary: ClassVar[str] = "Means over windows that grow with the input, so that the output always has output_size."


class AdaptiveMaxPool(AdaptivePool[Size], Generic[Size]):
    """An adaptive pool that keeps the largest value of each window."""

    summary: ClassVar[str] = "Maxima of windows that grow with the input, so that the output always has output_size."


class AdaptiveAvgPool1d(AdaptiveAvgPool[Size1d]):
    """(C, L) → (C, output_size). Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["AdaptiveAvgPool1d"] = "AdaptiveAvgPool1d"


class AdaptiveAvgPool2d(AdaptiveAvgPool[OutputSize2d]):
    """(C, H, W) → (C, *output_size). Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["AdaptiveAvgPool2d"] = "AdaptiveAvgPool2d"


class AdaptiveAvgPool3d(AdaptiveAvgPool[OutputSize3d]):
    """(C, D, H, W) → (C, *output_size). Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html"""

    axes: ClassVar[int] = 3

    kind: Literal["AdaptiveAvgPool3d"] = "AdaptiveAvgPool3d"


class AdaptiveMaxPool1d(AdaptiveMaxPool[Size1d]):
    """(C, L) → (C, output_size). Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["AdaptiveMaxPool1d"] = "AdaptiveMaxPool1d"


class AdaptiveMaxPool2d(AdaptiveMaxPool[OutputSize2d]):
    """(C, H, W) → (C, *output_size). Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["AdaptiveMaxPool2d"] = "AdaptiveMaxPool2d"


class AdaptiveMaxPool3d(AdaptiveMaxPool[OutputSize3d]):
    """(C, D, H, W) → (C, *output_size). Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html"""

    axes: ClassVar[int] = 3

    kind: Literal["AdaptiveMaxPool3d"] = "AdaptiveMaxPool3d"


KINDS: tuple[type[Layer], ...] = (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
"""The kinds in this file, in the order in which the palette shows them."""
