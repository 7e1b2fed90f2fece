"""Pools whose windows stand at random places."""

from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.axis_rules import FractionalWindow
from cnnviz.layers.base import Layer, Size2d, Size3d
from cnnviz.layers.window import collapse_equal, expect_axes, output_sizes, per_axis
from cnnviz.shapes import AXES, Shape
from cnnviz.windows import AxisRule

Size = TypeVar("Size")
Ratio = TypeVar("Ratio")
Share = Annotated[float, Field(gt=0, lt=1)]


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


KINDS: tuple[type[Layer], ...] = (
    FractionalMaxPool2d,
    FractionalMaxPool3d,
)
"""The kinds in this file, in the order in which the palette shows them."""
