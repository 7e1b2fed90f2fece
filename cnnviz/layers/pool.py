"""Pools: one number per window, from each channel on its own."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, field_validator

from cnnviz.errors import ShapeError
from cnnviz.layers.axis_rules import FractionalWindow
from cnnviz.layers.base import (
    ONE,
    ZERO,
    Layer,
    OutputSize2d,
    OutputSize3d,
    Padding1d,
    Padding2d,
    Padding3d,
    PositiveInt,
    Size1d,
    Size2d,
    Size3d,
)
from cnnviz.layers.window import (
    collapse_equal,
    expect_axes,
    output_sizes,
    per_axis,
    single_number,
    window_output_sizes,
    windows_per_axis,
)
from cnnviz.shapes import AXES, Shape
from cnnviz.windows import AdaptiveWindow, AxisRule, Window

Size = TypeVar("Size")
Padding = TypeVar("Padding")
Ratio = TypeVar("Ratio")
Share = Annotated[float, Field(gt=0, lt=1)]


class Pool(Layer, Generic[Size]):
    """A window that summarises each channel of a sample with `axes` axes behind the channels."""

    prefix: ClassVar[str] = "pool"
    axes: ClassVar[int]

    kernel_size: Size = Field(description="Size of the window along each axis.", examples=[2])
    stride: Size | None = Field(
        None, description="Step by which the window moves; empty means kernel_size (no overlap)."
    )
    ceil_mode: bool = Field(False, description="Keep the last window even where it reaches past the edge.")

    @field_validator("stride", "padding", "dilation", mode="before", check_fields=False)
    @classmethod
    def _accept_tuple_of_one(cls, value: object) -> object:
        return single_number(value)

    def output_shape(self, shape: Shape) -> Shape:
        """(C, …) → (C, …), each further axis by the window rule.

        >>> MaxPool2d(kernel_size=4).output_shape((10, 90, 17))
        (10, 22, 4)
        """
        expect_axes(shape, self.axes + 1)
        axis_rules = self._windows()
        for axis, window in zip(AXES[len(shape)][1:], axis_rules, strict=True):
            if window.padding[0] > window.kernel_size // 2:  # torch takes no account of the dilation here
                raise ShapeError(
                    f"the padding of {window.padding[0]} in {axis} is more than half of the window of"
                    f" {window.kernel_size}; use at most {window.kernel_size // 2}",
                    {"padding": min(w.kernel_size // 2 for w in axis_rules)},
                    {"kernel_size": 2 * max(w.padding[0] for w in axis_rules)},
                )
        return (shape[0], *window_output_sizes(axis_rules, shape))

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns a window for each axis."""
        return tuple(self._windows())

    def _windows(self) -> Sequence[Window]:
        stride = self.kernel_size if self.stride is None else self.stride
        padding, dilation = getattr(self, "padding", 0), getattr(self, "dilation", 1)
        return windows_per_axis(self.axes, self.kernel_size, stride, padding, dilation, ceil_mode=self.ceil_mode)  # type: ignore[arg-type]


class MaxPool(Pool[Size], Generic[Size, Padding]):
    """A pool that keeps the largest value in each window."""

    summary: ClassVar[str] = "Keeps the largest value in each window and so shrinks the sample."

    padding: Padding = Field(ZERO, description="Added on every side, at most half of the window.")
    dilation: Size = Field(ONE, description="Distance between the samples that the window reads.")

    @field_validator("kernel_size", mode="before")
    @classmethod
    def _accept_kernel_in_tuple(cls, value: object) -> object:
        return single_number(value)


class MaxPool1d(MaxPool[Size1d, Padding1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["MaxPool1d"] = "MaxPool1d"


class MaxPool2d(MaxPool[Size2d, Padding2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["MaxPool2d"] = "MaxPool2d"


class MaxPool3d(MaxPool[Size3d, Padding3d]):
    """(C, D, H, W) → (C, …). Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html"""

    axes: ClassVar[int] = 3

    kind: Literal["MaxPool3d"] = "MaxPool3d"


class AvgPool(Pool[Size], Generic[Size, Padding]):
    """A pool that keeps the mean of each window."""

    summary: ClassVar[str] = "Keeps the mean of each window and so shrinks the sample."

    padding: Padding = Field(ZERO, description="Added on every side, at most half of the window.")
    count_include_pad: bool = Field(True, description="Count the zeros of the padding in the mean.")

    @field_validator("kernel_size", mode="before")
    @classmethod
    def _accept_kernel_in_tuple(cls, value: object) -> object:
        return single_number(value)


class AvgPool1d(AvgPool[Size1d, Padding1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["AvgPool1d"] = "AvgPool1d"


class DividedPool(AvgPool[Size, Padding], Generic[Size, Padding]):
    """A pool of sums, divided by the number of values or by another number."""

    divisor_override: PositiveInt | None = Field(
        None, description="What the sum of a window is divided by; empty means the number of its values."
    )


class AvgPool2d(DividedPool[Size2d, Padding2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["AvgPool2d"] = "AvgPool2d"


class MeanPool3d(Pool[Size3d]):
    """A pool of means in three dimensions, for which torch wants samples as large as the window without padding."""

    axes: ClassVar[int] = 3

    def output_shape(self, shape: Shape) -> Shape:
        """(C, D, H, W) → (C, …)."""
        expect_axes(shape, 4)
        kernels = per_axis(self.kernel_size, 3)
        for axis, size, kernel in zip(AXES[4][1:], shape[1:], kernels, strict=True):
            if size < kernel:
                raise ShapeError(
                    f"a window of {kernel} is larger than a {axis} of {size}, which torch refuses here whatever the"
                    f" padding; use a kernel_size of at most {size}",
                    {"kernel_size": collapse_equal([min(k, s) for k, s in zip(kernels, shape[1:], strict=True)])},
                )
        return super().output_shape(shape)


class AvgPool3d(MeanPool3d, DividedPool[Size3d, Padding3d]):
    """(C, D, H, W) → (C, …). Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html"""

    kind: Literal["AvgPool3d"] = "AvgPool3d"


class LPPool(Pool[Size], Generic[Size]):
    """A pool that keeps the p-norm of each window, (Σ xᵖ)^(1/p) with p = norm_type."""

    summary: ClassVar[str] = "Keeps the p-norm of each window: between the sum (p = 1) and the maximum (p large)."

    norm_type: Annotated[float, Field(ge=1, le=16)] = Field(description="The p of the norm.", examples=[2.0])


class LPPool1d(LPPool[Size1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["LPPool1d"] = "LPPool1d"


class LPPool2d(LPPool[Size2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["LPPool2d"] = "LPPool2d"


class LPPool3d(MeanPool3d, LPPool[Size3d]):
    """(C, D, H, W) → (C, …). Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html"""

    kind: Literal["LPPool3d"] = "LPPool3d"


class FractionalMaxPool(Layer, Generic[Size, Ratio]):
    """A pool that keeps the largest value in each of `output_size` windows, whose places are drawn at random.

    The output size is certain; where the windows stand is not, in evaluation neither.
    Source: Graham, "Fractional Max-Pooling" (2014).
    """

    summary: ClassVar[str] = "Keeps the largest value in windows at random places, so that it shrinks by any factor."
    prefix: ClassVar[str] = "pool"
    axes: ClassVar[int]

    kernel_size: Size = Field(description="Size of the window along each axis.", examples=[2])
    output_size: Size | None = Field(None, description="Size of the output; empty where output_ratio is given.")
    output_ratio: Ratio | None = Field(
        None, description="Size of the output as a share of that of the input, between 0 and 1.", examples=[0.5]
    )

    def output_shape(self, shape: Shape) -> Shape:
        """(C, …) → (C, *output_size), or each axis ⌊size · output_ratio⌋.

        >>> FractionalMaxPool2d(kernel_size=2, output_ratio=0.75).output_shape((10, 90, 17))
        (10, 67, 12)
        """
        expect_axes(shape, self.axes + 1)
        if (self.output_size is None) == (self.output_ratio is None):
            raise ShapeError(
                "needs an output_size or an output_ratio, and not both", {"output_size": None, "output_ratio": 0.5}
            )
        rules = self._windows(shape)
        for axis, size, rule in zip(AXES[len(shape)][1:], shape[1:], rules, strict=True):
            if rule.output_size < 1:
                raise ShapeError(f"leaves nothing of a {axis} of {size}", {"output_ratio": 0.5}, {"output_ratio": 0.9})
        try:
            return (shape[0], *output_sizes(rules, shape))
        except ShapeError as error:
            fitting = [max(rule.largest_output(size), 1) for size, rule in zip(shape[1:], rules, strict=True)]
            sizes = collapse_equal([min(rule.output_size, most) for rule, most in zip(rules, fitting, strict=True)])
            kernel = min(min(rule.kernel_size, size) for rule, size in zip(rules, shape[1:], strict=True))
            raise ShapeError(
                str(error), {"output_size": sizes, "output_ratio": None}, {"kernel_size": 1}, {"kernel_size": kernel}
            ) from None

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns windows at random places for each axis."""
        return self._windows(shape)

    def _windows(self, shape: Shape) -> tuple[FractionalWindow, ...]:
        ratio: float | tuple[float, ...] | None = self.output_ratio  # type: ignore[assignment]
        if ratio is None:
            sizes = per_axis(self.output_size, self.axes)  # type: ignore[arg-type]
        else:
            ratios = ratio if isinstance(ratio, tuple) else (ratio,) * self.axes
            sizes = tuple(int(size * share) for size, share in zip(shape[1:], ratios, strict=True))
        kernels = per_axis(self.kernel_size, self.axes)  # type: ignore[arg-type]
        spare = 1 if self.axes == 3 else 0
        return tuple(FractionalWindow(kernel, size, spare) for kernel, size in zip(kernels, sizes, strict=True))


class FractionalMaxPool2d(FractionalMaxPool[Size2d, Share | Annotated[tuple[Share, Share], Field(strict=False)]]):
    """(C, H, W) → (C, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html
    """

    axes: ClassVar[int] = 2

    kind: Literal["FractionalMaxPool2d"] = "FractionalMaxPool2d"


class FractionalMaxPool3d(
    FractionalMaxPool[Size3d, Share | Annotated[tuple[Share, Share, Share], Field(strict=False)]]
):
    """(C, D, H, W) → (C, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html
    """

    axes: ClassVar[int] = 3

    kind: Literal["FractionalMaxPool3d"] = "FractionalMaxPool3d"


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
