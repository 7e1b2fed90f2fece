"""Activations that act on small values: thresholds, and shrinking towards 0."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.layers.activation.elementwise import Elementwise
from cnnviz.layers.base import Layer


class Threshold(Elementwise):
    """x where above threshold, value elsewhere."""

    summary: ClassVar[str] = "Keeps what is above a threshold, and sets the rest to one value."
    prefix: ClassVar[str] = "threshold"

    kind: Literal["Threshold"] = "Threshold"
    threshold: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(description="Values above it are kept.", examples=[0.0])
    value: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(description="What the others become.", examples=[0.0])


class Hardshrink(Elementwise):
    """x where below −lambd or above lambd, 0 between."""

    summary: ClassVar[str] = "Sets small values to 0 and keeps the others."
    prefix: ClassVar[str] = "hardshrink"

    kind: Literal["Hardshrink"] = "Hardshrink"
    lambd: Annotated[float, Field(ge=0, le=1e6)] = Field(0.5, description="Up to here, values become 0.")


class Softshrink(Elementwise):
    """x + lambd below −lambd, x − lambd above lambd, 0 between."""

    summary: ClassVar[str] = "Moves every value towards 0 by lambd, small ones to 0 itself."
    prefix: ClassVar[str] = "softshrink"

    kind: Literal["Softshrink"] = "Softshrink"
    lambd: Annotated[float, Field(ge=0, le=1e6)] = Field(0.5, description="By so much, values become smaller.")


class Tanhshrink(Elementwise):
    """x − tanh(x)."""

    summary: ClassVar[str] = "Takes its tanh from every value: small ones nearly vanish."
    prefix: ClassVar[str] = "tanhshrink"

    kind: Literal["Tanhshrink"] = "Tanhshrink"


KINDS: tuple[type[Layer], ...] = (
    Threshold,
    Hardshrink,
    Softshrink,
    Tanhshrink,
)
"""The kinds in this file, in the order in which the palette shows them."""
