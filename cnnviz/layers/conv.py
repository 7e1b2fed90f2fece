"""Convolutions: one filter bank slid over all channels of a group."""

from math import gcd, prod
from typing import ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, Padding2d, PositiveInt, Size2d
from cnnviz.layers.window import expect_axes, per_axis, slide
from cnnviz.shapes import AXES, Shape, Window

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


class Conv2d(Layer):
    """Cross-correlation of a (C_in, H, W) sample with `out_channels` filters → (out_channels, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    summary: ClassVar[str] = "Slides out_channels learned filters over the picture; each gives one feature map."
    prefix: ClassVar[str] = "conv"

    kind: Literal["Conv2d"] = "Conv2d"
    out_channels: PositiveInt = Field(description="Number of filters, and so of feature maps.", examples=[16])
    kernel_size: Size2d = Field(description="Height and width of a filter.", examples=[3])
    stride: Size2d = Field(1, description="Step by which the filter moves.")
    padding: Padding2d | Literal["same", "valid"] = Field(
        0, description="Rows and columns added on every side; 'same' keeps the size (stride 1 only), 'valid' is 0."
    )
    dilation: Size2d = Field(1, description="Distance between the samples that a filter reads.")
    groups: PositiveInt = Field(1, description="Blocks of channels that are convolved apart from each other.")
    bias: bool = Field(True, description="Add a learned constant to every feature map.")
    padding_mode: PaddingMode = Field("zeros", description="What the padding is filled with.")

    def output_shape(self, shape: Shape) -> Shape:
        """(C_in, H, W) → (out_channels, H_out, W_out).

        >>> Conv2d(out_channels=10, kernel_size=10).output_shape((1, 99, 26))
        (10, 90, 17)
        """
        expect_axes(self.kind, shape, 3)
        self._check_groups(shape[0])
        windows = self._windows()
        if self.padding_mode in ("reflect", "circular"):
            self._check_wrapping(shape, windows)
        return (self.out_channels, *slide(windows, shape))

    def inferred(self, shape: Shape) -> dict[str, object]:
        """in_channels: the channels of the input."""
        return {"in_channels": shape[0]}

    def parameters(self, shape: Shape) -> int:
        """out_channels · (C_in / groups) · k_H · k_W weights, and a bias each."""
        weights = self.out_channels * (shape[0] // self.groups) * prod(per_axis(self.kernel_size, 2))
        return weights + (self.out_channels if self.bias else 0)

    def formula(self, shape: Shape) -> str:
        """W_out with the numbers, a line per axis."""
        return "\n".join(w.text(size) for w, size in zip(self._windows(), shape[1:], strict=True))

    def _windows(self) -> tuple[Window, ...]:
        kernels, strides, dilations = (per_axis(v, 2) for v in (self.kernel_size, self.stride, self.dilation))
        if self.padding == "same":
            if any(stride != 1 for stride in strides):
                raise ShapeError(
                    f"padding='same' keeps the size only with a stride of 1, not {self.stride}", {"stride": 1}
                )
            total = (d * (k - 1) for k, d in zip(kernels, dilations, strict=True))
            paddings = tuple((t // 2, t - t // 2) for t in total)
        else:
            paddings = tuple((p, p) for p in per_axis(0 if self.padding == "valid" else self.padding, 2))
        return tuple(map(Window, kernels, strides, paddings, dilations))

    def _check_groups(self, in_channels: int) -> None:
        for name, channels in (("input channels", in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise ShapeError(
                    f"{self.groups} groups do not divide {channels} {name} evenly",
                    {"groups": gcd(self.groups, in_channels, self.out_channels)},
                )

    def _check_wrapping(self, shape: Shape, windows: tuple[Window, ...]) -> None:
        for axis, size, window in zip(AXES[len(shape)][1:], shape[1:], windows, strict=True):
            limit = size - 1 if self.padding_mode == "reflect" else size
            if max(window.padding) > limit:
                raise ShapeError(
                    f"padding_mode '{self.padding_mode}' can add at most {limit} to a {axis} of {size},"
                    f" not {max(window.padding)}",
                    {"padding_mode": "zeros"},
                )
