"""Upsample: interpolation between the values of a sample."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.axis_rules import Interpolation
from cnnviz.layers.base import Layer, PositiveInt
from cnnviz.layers.window import expect_axes, output_sizes
from cnnviz.shapes import Shape
from cnnviz.windows import AxisRule

Factor = Annotated[float, Field(gt=0, le=1000)]
UpsampleMode = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear"]
AXES_OF_MODE: dict[str, int] = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""The number of axes behind the channels that a mode is for; the others are for any."""


class Upsample(Layer):
    """A sample of another size, computed between the values of the given one: (C, …) → (C, …).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html
    """

    summary: ClassVar[str] = "Makes the sample larger: repeats its values, or draws lines between them."
    prefix: ClassVar[str] = "upsample"

    kind: Literal["Upsample"] = "Upsample"
    size: PositiveInt | Annotated[tuple[PositiveInt, ...], Field(strict=False, min_length=1, max_length=3)] | None = (
        Field(None, description="Size of the output along each axis; empty where scale_factor is given.")
    )
    scale_factor: Factor | Annotated[tuple[Factor, ...], Field(strict=False, min_length=1, max_length=3)] | None = (
        Field(None, description="What the size of each axis is multiplied by.", examples=[2.0])
    )
    mode: UpsampleMode = Field(
        "nearest", description="nearest repeats values; the others compute new ones between them, for 1, 2 or 3 axes."
    )
    align_corners: bool | None = Field(
        None, description="Keep the values at the corners where they are; only for modes other than nearest."
    )

    def output_shape(self, shape: Shape) -> Shape:
        """(C, …) → (C, …), each further axis of the size that is wanted.

        >>> Upsample(scale_factor=2.0).output_shape((10, 45, 8))
        (10, 90, 16)
        """
        expect_axes(shape, 2, 3, 4)
        axes = len(shape) - 1
        if (self.size is None) == (self.scale_factor is None):
            raise ShapeError(
                "needs a size or a scale_factor, and not both", {"size": None, "scale_factor": self.scale_factor or 2.0}
            )
        if AXES_OF_MODE.get(self.mode, axes) != axes:
            fitting = {1: "linear", 2: "bilinear", 3: "trilinear"}[axes]
            raise ShapeError(
                f"mode '{self.mode}' is for {AXES_OF_MODE[self.mode]} axes behind the channels, not for {axes}",
                {"mode": fitting},
            )
        if self.align_corners is not None and self.mode.startswith("nearest"):
            raise ShapeError(f"mode '{self.mode}' has no corners to align", {"align_corners": None})
        for name, given in (("size", self.size), ("scale_factor", self.scale_factor)):
            if isinstance(given, tuple) and len(given) != axes:
                raise ShapeError(
                    f"has {len(given)} numbers as {name} for {axes} axes behind the channels", {name: given[0]}
                )
        return (shape[0], *output_sizes(self.axis_rules(shape), shape))

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns where each axis is read."""
        axes = len(shape) - 1
        sizes = self.size if isinstance(self.size, tuple) else (self.size,) * axes
        factors = self.scale_factor if isinstance(self.scale_factor, tuple) else (self.scale_factor,) * axes
        neighbours = 1 if self.mode.startswith("nearest") else 4 if self.mode == "bicubic" else 2
        centred, aligned = self.mode == "nearest-exact", bool(self.align_corners)
        return tuple(
            Interpolation(size, factor, neighbours, align_corners=aligned, centred=centred)
            for size, factor in zip(sizes, factors, strict=True)
        )
