"""Activations that bend smoothly where ReLU has its corner."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.layers.activation.elementwise import Alpha, Elementwise
from cnnviz.layers.base import Layer


class ELU(Elementwise):
    """x where positive, alpha · (eˣ − 1) elsewhere."""

    summary: ClassVar[str] = "ReLU that bends smoothly to −alpha for negative values."
    prefix: ClassVar[str] = "elu"

    kind: Literal["ELU"] = "ELU"
    alpha: Alpha = Field(1.0, description="Depth of the bend.")


class SELU(Elementwise):
    """ELU scaled so that values with mean 0 and variance 1 keep both from layer to layer.

    Source: Klambauer et al., "Self-Normalizing Neural Networks" (2017).
    """

    summary: ClassVar[str] = "ELU scaled so that mean 0 and variance 1 are kept from layer to layer."
    prefix: ClassVar[str] = "selu"

    kind: Literal["SELU"] = "SELU"


class CELU(Elementwise):
    """max(0, x) + min(0, alpha · (e^(x / alpha) − 1))."""

    summary: ClassVar[str] = "ELU whose slope at 0 is 1 for every alpha."
    prefix: ClassVar[str] = "celu"

    kind: Literal["CELU"] = "CELU"
    alpha: Alpha = Field(1.0, description="Depth of the bend.")


class GELU(Elementwise):
    """x · Φ(x), where Φ is the distribution function of the normal distribution."""

    summary: ClassVar[str] = (
        "A smooth ReLU: each value times the chance that a normally distributed number lies below it."
    )
    prefix: ClassVar[str] = "gelu"

    kind: Literal["GELU"] = "GELU"
    approximate: Literal["none", "tanh"] = Field(
        "none", description="'none' computes it exactly, 'tanh' by a formula with tanh."
    )


class SiLU(Elementwise):
    """x · σ(x), also called swish."""

    summary: ClassVar[str] = "A smooth ReLU: each value times its sigmoid (swish)."
    prefix: ClassVar[str] = "silu"

    kind: Literal["SiLU"] = "SiLU"


class Mish(Elementwise):
    """x · tanh(softplus(x))."""

    summary: ClassVar[str] = "A smooth ReLU: each value times the tanh of its softplus."
    prefix: ClassVar[str] = "mish"

    kind: Literal["Mish"] = "Mish"


class Softplus(Elementwise):
    """ln(1 + e^(beta·x)) / beta; x itself where beta · x is above threshold."""

    summary: ClassVar[str] = "ReLU with a rounded corner; always positive."
    prefix: ClassVar[str] = "softplus"

    kind: Literal["Softplus"] = "Softplus"
    beta: Alpha = Field(1.0, description="Sharpness of the corner.")
    threshold: Annotated[float, Field(ge=-1000, le=1000)] = Field(
        20.0, description="Above this value of beta · x, the output is x itself."
    )


class Hardswish(Elementwise):
    """x · min(max(0, x + 3), 6) / 6."""

    summary: ClassVar[str] = "SiLU made of straight pieces and one parabola: cheap to compute."
    prefix: ClassVar[str] = "hardswish"

    kind: Literal["Hardswish"] = "Hardswish"


KINDS: tuple[type[Layer], ...] = (
    ELU,
    SELU,
    CELU,
    GELU,
    SiLU,
    Mish,
    Softplus,
    Hardswish,
)
"""The kinds in this file, in the order in which the palette shows them."""
