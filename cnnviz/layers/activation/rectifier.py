"""ReLU and its relatives: positive values pass, negative ones are stopped or get a smaller slope."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.activation.elementwise import Elementwise
from cnnviz.layers.base import Layer, PositiveInt
from cnnviz.shapes import Shape


class ReLU(Elementwise):
    """max(0, x)."""

    summary: ClassVar[str] = "Keeps positive values, sets negative ones to 0."
    prefix: ClassVar[str] = "relu"

    kind: Literal["ReLU"] = "ReLU"


class ReLU6(Elementwise):
    """min(max(0, x), 6)."""

    summary: ClassVar[str] = "ReLU that stops at 6, for nets that will run with few bits."
    prefix: ClassVar[str] = "relu6_"

    kind: Literal["ReLU6"] = "ReLU6"


class LeakyReLU(Elementwise):
    """x where positive, negative_slope · x elsewhere."""

    summary: ClassVar[str] = "ReLU with a small slope for negative values, so that no unit dies."
    prefix: ClassVar[str] = "leaky_relu"

    kind: Literal["LeakyReLU"] = "LeakyReLU"
    negative_slope: Annotated[float, Field(ge=0, le=100)] = Field(0.01, description="Slope for negative values.")


class PReLU(Elementwise):
    """x where positive, a · x elsewhere, with one learned a for all channels or one for each."""

    summary: ClassVar[str] = "Leaky ReLU whose slope for negative values is learned."
    prefix: ClassVar[str] = "prelu"

    kind: Literal["PReLU"] = "PReLU"
    num_parameters: PositiveInt = Field(1, description="Slopes to learn: 1 for all, or one for each channel.")
    init: Annotated[float, Field(ge=-100, le=100)] = Field(0.25, description="Slope before training.")

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; there must be one slope for all channels, or one for each."""
        if self.num_parameters not in (1, shape[0]):
            raise ShapeError(
                f"has {self.num_parameters} slopes for {shape[0]} channels; use 1 or {shape[0]}",
                {"num_parameters": shape[0]},
                {"num_parameters": 1},
            )
        return shape

    def parameters(self, shape: Shape) -> int:
        """Returns the number of learned slopes."""
        return self.num_parameters


class RReLU(Elementwise):
    """x where positive, a · x elsewhere, with a drawn between lower and upper for each value while training.

    Source: Xu et al., "Empirical Evaluation of Rectified Activations in Convolutional Network" (2015).
    """

    summary: ClassVar[str] = "Leaky ReLU whose slope is drawn at random while training, and is the mean in evaluation."
    prefix: ClassVar[str] = "rrelu"

    kind: Literal["RReLU"] = "RReLU"
    lower: Annotated[float, Field(ge=0, le=100)] = Field(1 / 8, description="Smallest slope for negative values.")
    upper: Annotated[float, Field(ge=0, le=100)] = Field(1 / 3, description="Largest slope for negative values.")

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; lower must not be above upper."""
        if self.lower > self.upper:
            raise ShapeError(
                f"has a lower of {self.lower:g} above its upper of {self.upper:g}", {"lower": 1 / 8, "upper": 1 / 3}
            )
        return shape


KINDS: tuple[type[Layer], ...] = (
    ReLU,
    ReLU6,
    LeakyReLU,
    PReLU,
    RReLU,
)
"""The kinds in this file, in the order in which the palette shows them."""
