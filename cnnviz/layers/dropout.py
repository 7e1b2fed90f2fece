"""Dropout: noise against over-fitting while training; passes values on unchanged in evaluation."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.layers.base import Layer, Probability
from cnnviz.layers.window import expect_axes
from cnnviz.shapes import Shape


class DropoutBase(Layer):
    """Zeroes values with probability `p` while training; takes any shape and keeps it."""

    p: Probability = 0.5

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is."""
        return shape


class Dropout(DropoutBase):
    """Zeroes single values and scales the others by 1 / (1 − p).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
    """

    summary: ClassVar[str] = "Zeroes single values at random while training, against over-fitting."
    prefix: ClassVar[str] = "drop"

    kind: Literal["Dropout"] = "Dropout"


class Dropout1d(DropoutBase):
    """Zeroes whole channels of a (C, L) sample.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html
    """

    summary: ClassVar[str] = "Zeroes whole channels of a signal at random while training."
    prefix: ClassVar[str] = "drop1d_"

    kind: Literal["Dropout1d"] = "Dropout1d"

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; torch takes at most two axes."""
        expect_axes(shape, 1, 2)
        return shape


class Dropout2d(DropoutBase):
    """Zeroes whole feature maps of a (C, H, W) sample.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
    """

    summary: ClassVar[str] = "Zeroes whole feature maps at random while training."
    prefix: ClassVar[str] = "drop2d_"

    kind: Literal["Dropout2d"] = "Dropout2d"


class Dropout3d(DropoutBase):
    """Zeroes whole feature volumes of a (C, D, H, W) sample.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html
    """

    summary: ClassVar[str] = "Zeroes whole feature volumes at random while training."
    prefix: ClassVar[str] = "drop3d_"

    kind: Literal["Dropout3d"] = "Dropout3d"


class AlphaDropout(DropoutBase):
    """Sets single values to SELU's lower limit and rescales, so that mean and variance stay the same.

    Source: Klambauer et al., "Self-Normalizing Neural Networks" (2017).
    """

    summary: ClassVar[str] = "Dropout for nets with SELU: keeps mean and variance while it drops values."
    prefix: ClassVar[str] = "alpha_drop"

    kind: Literal["AlphaDropout"] = "AlphaDropout"


class FeatureAlphaDropout(DropoutBase):
    """Sets whole channels to SELU's lower limit and rescales, so that mean and variance stay the same.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html
    """

    summary: ClassVar[str] = "AlphaDropout of whole channels, for nets with SELU."
    prefix: ClassVar[str] = "feature_alpha_drop"

    kind: Literal["FeatureAlphaDropout"] = "FeatureAlphaDropout"


class StochasticDepth(DropoutBase):
    """Zeroes whole samples and scales the others by 1 / (1 − p): at the end of a residual branch, leaves it out.

    Source: Huang, Sun, Liu, Sedra & Weinberger, "Deep Networks with Stochastic Depth" (2016); torchvision's
    StochasticDepth with mode="row".
    """

    summary: ClassVar[str] = "At the end of a residual branch: leaves the branch out for single samples while training."
    prefix: ClassVar[str] = "drop_path"

    kind: Literal["StochasticDepth"] = "StochasticDepth"
    p: Annotated[float, Field(ge=0.0, le=1.0, title="p", description="Probability that a sample is set to 0.")] = 0.1


KINDS: tuple[type[Layer], ...] = (
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    AlphaDropout,
    FeatureAlphaDropout,
    StochasticDepth,
)
"""The kinds in this file, in the order in which the palette shows them."""
