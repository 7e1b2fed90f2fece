"""Pools: each channel on its own, one number per window."""

from typing import ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, Padding2d, Size2d
from cnnviz.layers.window import expect_axes, per_axis, slide
from cnnviz.shapes import AXES, Shape, Window


class Pool2d(Layer):
    """A window that summarises each channel: (C, H, W) → (C, H_out, W_out)."""

    prefix: ClassVar[str] = "pool"

    kernel_size: Size2d = Field(description="Height and width of the window.", examples=[2])
    stride: Size2d | None = Field(None, description="Step of the window; empty means kernel_size (no overlap).")
    padding: Padding2d = Field(0, description="Added on every side, at most half of the window.")
    ceil_mode: bool = Field(False, description="Keep the last window even where it hangs over the edge.")

    def output_shape(self, shape: Shape) -> Shape:
        """(C, H, W) → (C, H_out, W_out).

        >>> MaxPool2d(kernel_size=4).output_shape((10, 90, 17))
        (10, 22, 4)
        """
        expect_axes(self.kind, shape, 3)
        windows = self._windows()
        for axis, window in zip(AXES[len(shape)][1:], windows, strict=True):
            if window.padding[0] > window.kernel_size // 2:  # torch takes no account of the dilation here
                raise ShapeError(
                    f"the padding of {window.padding[0]} in {axis} is more than half of the window of"
                    f" {window.kernel_size}; use at most {window.kernel_size // 2}",
                    {"padding": min(w.kernel_size // 2 for w in windows)},
                )
        return (shape[0], *slide(windows, shape))

    def formula(self, shape: Shape) -> str:
        """W_out with the numbers, a line per axis."""
        return "\n".join(w.text(size) for w, size in zip(self._windows(), shape[1:], strict=True))

    def _windows(self) -> tuple[Window, ...]:
        kernels = per_axis(self.kernel_size, 2)
        strides = kernels if self.stride is None else per_axis(self.stride, 2)
        paddings = ((p, p) for p in per_axis(self.padding, 2))
        dilations = per_axis(getattr(self, "dilation", 1), 2)
        return tuple(
            Window(k, s, p, d, self.ceil_mode) for k, s, p, d in zip(kernels, strides, paddings, dilations, strict=True)
        )


class MaxPool2d(Pool2d):
    """The largest value in each window.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """

    summary: ClassVar[str] = "Keeps the largest value in each window and so shrinks the picture."

    kind: Literal["MaxPool2d"] = "MaxPool2d"
    dilation: Size2d = Field(1, description="Distance between the samples that the window reads.")


class AvgPool2d(Pool2d):
    """The mean of each window.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
    """

    summary: ClassVar[str] = "Keeps the mean of each window and so shrinks the picture."

    kind: Literal["AvgPool2d"] = "AvgPool2d"
    count_include_pad: bool = Field(True, description="Count the zeros of the padding in the mean.")
