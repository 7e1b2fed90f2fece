"""Activations that squeeze every value into a range."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.activation.elementwise import Elementwise
from cnnviz.layers.base import Layer
from cnnviz.shapes import Shape


class Hardtanh(Elementwise):
    """x, limited to the range from min_val to max_val."""

    summary: ClassVar[str] = "Cuts every value off at min_val and max_val."
    prefix: ClassVar[str] = "hardtanh"

    kind: Literal["Hardtanh"] = "Hardtanh"
    min_val: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(-1.0, description="Smallest value.")
    max_val: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(1.0, description="Largest value.")

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; min_val must be below max_val."""
        if self.min_val >= self.max_val:
            raise ShapeError(
                f"has a min_val of {self.min_val:g} that is not below its max_val of {self.max_val:g}",
                {"min_val": -1.0, "max_val": 1.0},
            )
        return shape


class Hardsigmoid(Elementwise):
    """min(max(0, x + 3), 6) / 6."""

    summary: ClassVar[str] = "A sigmoid made of straight pieces: cheap to compute."
    prefix: ClassVar[str] = "hardsigmoid"

    kind: Literal["Hardsigmoid"] = "Hardsigmoid"


class Sigmoid(Elementwise):
    """1 / (1 + e⁻ˣ)."""

    summary: ClassVar[str] = "Squeezes every value into (0, 1)."
    prefix: ClassVar[str] = "sigmoid"

    kind: Literal["Sigmoid"] = "Sigmoid"


class Tanh(Elementwise):
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)."""

    summary: ClassVar[str] = "Squeezes every value into (−1, 1)."
    prefix: ClassVar[str] = "tanh"

    kind: Literal["Tanh"] = "Tanh"


class Softsign(Elementwise):
    """x / (1 + |x|)."""

    summary: ClassVar[str] = "Squeezes every value into (−1, 1), with longer tails than tanh."
    prefix: ClassVar[str] = "softsign"

    kind: Literal["Softsign"] = "Softsign"


class LogSigmoid(Elementwise):
    """ln(1 / (1 + e⁻ˣ))."""

    summary: ClassVar[str] = "Logarithm of the sigmoid; never positive."
    prefix: ClassVar[str] = "log_sigmoid"

    kind: Literal["LogSigmoid"] = "LogSigmoid"


KINDS: tuple[type[Layer], ...] = (
    Sigmoid,
    Tanh,
    Softsign,
    LogSigmoid,
    Hardtanh,
    Hardsigmoid,
)
"""The kinds in this file, in the order in which the palette shows them."""
