"""Convolutions and transposed convolutions in one, two and three dimensions."""

from collections.abc import Sequence
from dataclasses import replace
from math import gcd, prod
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import Field, field_validator

from cnnviz.errors import ShapeError
from cnnviz.layers.base import ONE, ZERO, Layer, Padding1d, Padding2d, Padding3d, PositiveInt, Size1d, Size2d, Size3d
from cnnviz.layers.window import (
    collapse_equal,
    expect_axes,
    output_sizes,
    per_axis,
    single_number,
    window_output_sizes,
    windows_per_axis,
)
from cnnviz.shapes import AXES, Shape, numel
from cnnviz.windows import AxisRule, PaddingMode, TransposedWindow, Window

Size = TypeVar("Size")
Padding = TypeVar("Padding")


class ConvBase(Layer, Generic[Size, Padding]):
    """Learned filters over a (C_in, …) sample with `axes` axes behind the channels → (out_channels, …)."""

    axes: ClassVar[int]

    out_channels: PositiveInt = Field(description="Number of filters, and so of feature maps.", examples=[16])
    kernel_size: Size = Field(description="Size of a filter along each axis.", examples=[3])
    stride: Size = Field(ONE, description="Step by which the filter moves.")
    padding: Padding = Field(ZERO, description="Samples added on every side.")
    dilation: Size = Field(ONE, description="Distance between the samples that a filter reads.")
    groups: PositiveInt = Field(1, description="Groups of channels, each of which is convolved on its own.")
    bias: bool = Field(True, description="Add a learned constant to every feature map.")

    @field_validator("stride", "padding", "dilation", "output_padding", mode="before", check_fields=False)
    @classmethod
    def _accept_tuple_of_one(cls, value: object) -> object:
        return single_number(value)

    @field_validator("kernel_size", mode="before")
    @classmethod
    def _accept_kernel_of_one_axis(cls, value: object) -> object:
        return single_number(value) if cls.axes == 1 else value  # torch takes (3,) for a kernel along one axis

    def inferred_arguments(self, shape: Shape) -> dict[str, object]:
        """Returns in_channels, the channels of the input."""
        return {"in_channels": shape[0]}

    def _weight_count(self, in_channels: int) -> int:
        return self.out_channels * in_channels // self.groups * prod(per_axis(self.kernel_size, self.axes))  # type: ignore[arg-type]

    def parameters(self, shape: Shape) -> int:
        """Counts out_channels · C_in / groups · (product of kernel_size) weights, and a bias per feature map."""
        return self._weight_count(shape[0]) + (self.out_channels if self.bias else 0)

    def _sizes_per_axis(self, *names: str) -> list[tuple[int, ...]]:
        return [per_axis(getattr(self, name), self.axes) for name in names]

    def _check_groups(self, in_channels: int) -> None:
        for name, channels in (("input channels", in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                changes: list[dict[str, object]] = [{"groups": gcd(self.groups, in_channels, self.out_channels)}]
                if in_channels % self.groups == 0:
                    changes.append({"out_channels": -(-self.out_channels // self.groups) * self.groups})
                raise ShapeError(f"{self.groups} groups do not divide {channels} {name} evenly", *changes)


class Conv(ConvBase[Size, Padding], Generic[Size, Padding]):
    """Cross-correlation of a sample with `out_channels` filters."""

    prefix: ClassVar[str] = "conv"

    padding: Padding | Literal["same", "valid"] = Field(  # type: ignore[assignment]
        ZERO, description="Samples added on every side; 'same' keeps the size (stride 1 only), 'valid' is 0."
    )
    padding_mode: PaddingMode = Field("zeros", description="What the padding is filled with.")

    def output_shape(self, shape: Shape) -> Shape:
        """(C_in, …) → (out_channels, …), each further axis by the window rule.

        >>> Conv2d(out_channels=10, kernel_size=10).output_shape((1, 99, 26))
        (10, 90, 17)
        """
        expect_axes(shape, self.axes + 1)
        self._check_groups(shape[0])
        rules = self._windows()
        if self.padding_mode in ("reflect", "circular"):
            self._check_padding_mode(shape, rules)
        return (self.out_channels, *window_output_sizes(rules, shape))

    def multiply_adds(self, shape: Shape) -> int:
        """Counts every weight once for each position of the filters."""
        return self._weight_count(shape[0]) * numel(output_sizes(self._windows(), shape))

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns a window for each axis."""
        return tuple(replace(window, padding_mode=self.padding_mode) for window in self._windows())

    def _windows(self) -> Sequence[Window]:
        if self.padding == "same":
            return self._same_padding_windows()
        padding = 0 if self.padding == "valid" else self.padding
        return windows_per_axis(self.axes, self.kernel_size, self.stride, padding, self.dilation)  # type: ignore[arg-type]

    def _same_padding_windows(self) -> Sequence[Window]:
        kernels, strides, dilations = self._sizes_per_axis("kernel_size", "stride", "dilation")
        total = [d * (k - 1) for k, d in zip(kernels, dilations, strict=True)]
        if any(stride != 1 for stride in strides):
            raise ShapeError(
                f"padding='same' keeps the size only with a stride of 1, not {self.stride}",
                {"stride": 1},
                {"padding": collapse_equal([t // 2 for t in total])},
            )
        return [Window(k, 1, (t // 2, t - t // 2), d) for k, t, d in zip(kernels, total, dilations, strict=True)]

    def _check_padding_mode(self, shape: Shape, windows: Sequence[Window]) -> None:
        for axis, size, window in zip(AXES[len(shape)][1:], shape[1:], windows, strict=True):
            limit = size - 1 if self.padding_mode == "reflect" else size
            if max(window.padding) > limit:
                raise ShapeError(
                    f"padding_mode '{self.padding_mode}' can add at most {limit} to a {axis} of {size},"
                    f" not {max(window.padding)}",
                    {"padding_mode": "zeros"},
                )


class Conv1d(Conv[Size1d, Padding1d]):
    """(C_in, L) → (out_channels, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html"""

    summary: ClassVar[str] = "Slides out_channels learned filters along the signal; each gives one feature map."
    axes: ClassVar[int] = 1

    kind: Literal["Conv1d"] = "Conv1d"


class Conv2d(Conv[Size2d, Padding2d]):
    """(C_in, H, W) → (out_channels, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    summary: ClassVar[str] = "Slides out_channels learned filters over the picture; each gives one feature map."
    axes: ClassVar[int] = 2

    kind: Literal["Conv2d"] = "Conv2d"


class Conv3d(Conv[Size3d, Padding3d]):
    """(C_in, D, H, W) → (out_channels, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
    """

    summary: ClassVar[str] = "Slides out_channels learned filters through the volume; each gives one feature map."
    axes: ClassVar[int] = 3

    kind: Literal["Conv3d"] = "Conv3d"


CONV_BY_NDIM: dict[int, type[Conv1d] | type[Conv2d] | type[Conv3d]] = {2: Conv1d, 3: Conv2d, 4: Conv3d}
"""The convolution for samples with this number of axes, channels included."""


class ConvTranspose(ConvBase[Size, Padding], Generic[Size, Padding]):
    """The gradient of a convolution, used as a layer: spreads every input sample over a window of the output."""

    prefix: ClassVar[str] = "deconv"

    padding: Padding = Field(ZERO, description="Samples cut off on every side of the output.")
    output_padding: Padding = Field(
        ZERO,
        description="Samples added at the end of the output: with a stride, several sizes are possible, and this"
        " chooses one.",
    )

    def output_shape(self, shape: Shape) -> Shape:
        """(C_in, …) → (out_channels, …), each further axis by the rule for transposed windows.

        >>> ConvTranspose2d(out_channels=8, kernel_size=4, stride=2, padding=1).output_shape((16, 7, 7))
        (8, 14, 14)
        """
        expect_axes(shape, self.axes + 1)
        self._check_groups(shape[0])
        windows = self._windows()
        for axis, window in zip(AXES[len(shape)][1:], windows, strict=True):
            limit = max(window.stride, window.dilation) - 1
            if window.output_padding > limit:
                raise ShapeError(
                    f"the output_padding of {window.output_padding} in {axis} is not smaller than the stride of"
                    f" {window.stride} or the dilation of {window.dilation}; use at most {limit}",
                    {"output_padding": min(max(w.stride, w.dilation) - 1 for w in windows)},
                )
        try:
            return (self.out_channels, *output_sizes(windows, shape))
        except ShapeError as error:
            raise ShapeError(str(error), {"padding": 0}) from None

    def multiply_adds(self, shape: Shape) -> int:
        """Counts every weight once for each input position."""
        return self._weight_count(shape[0]) * numel(shape[1:])

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns a transposed window for each axis."""
        return tuple(self._windows())

    def _windows(self) -> Sequence[TransposedWindow]:
        sizes = self._sizes_per_axis("kernel_size", "stride", "padding", "output_padding", "dilation")
        return [TransposedWindow(*axis_sizes) for axis_sizes in zip(*sizes, strict=True)]


class ConvTranspose1d(ConvTranspose[Size1d, Padding1d]):
    """(C_in, L) → (out_channels, L_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    """

    summary: ClassVar[str] = "Spreads every sample over a learned window: the signal gets longer."
    axes: ClassVar[int] = 1

    kind: Literal["ConvTranspose1d"] = "ConvTranspose1d"


class ConvTranspose2d(ConvTranspose[Size2d, Padding2d]):
    """(C_in, H, W) → (out_channels, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
    """

    summary: ClassVar[str] = "Spreads every pixel over a learned window: the picture gets larger."
    axes: ClassVar[int] = 2

    kind: Literal["ConvTranspose2d"] = "ConvTranspose2d"


class ConvTranspose3d(ConvTranspose[Size3d, Padding3d]):
    """(C_in, D, H, W) → (out_channels, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
    """

    summary: ClassVar[str] = "Spreads every voxel over a learned window: the volume gets larger."
    axes: ClassVar[int] = 3

    kind: Literal["ConvTranspose3d"] = "ConvTranspose3d"


KINDS: tuple[type[Layer], ...] = (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
"""The kinds in this file, in the order in which the palette shows them."""
