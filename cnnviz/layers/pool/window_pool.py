"""Pool, the base of pools whose window moves by a stride."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from pydantic import Field, field_validator

from cnnviz.errors import ShapeError
from cnnviz.layers.base import (
    Layer,
    Size3d,
)
from cnnviz.layers.window import (
    collapse_equal,
    expect_axes,
    per_axis,
    single_number,
    window_output_sizes,
    windows_per_axis,
)
from cnnviz.shapes import AXES, Shape
from cnnviz.windows import AxisRule, Window

Size = TypeVar("Size")


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

        >>> from cnnviz.layers import MaxPool2d
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
