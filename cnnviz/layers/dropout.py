"""Dropout: noise at training time against over-fitting, nothing at evaluation time."""

from typing import ClassVar, Literal

from cnnviz.layers.base import Layer, Probability
from cnnviz.shapes import Shape


class Dropout(Layer):
    """Zeroes single values with chance `p` and scales the others by 1 / (1 − p); any shape.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
    """

    summary: ClassVar[str] = "Zeroes single values at random while training, against over-fitting."
    prefix: ClassVar[str] = "drop"

    kind: Literal["Dropout"] = "Dropout"
    p: Probability = 0.5

    def output_shape(self, shape: Shape) -> Shape:
        """Unchanged."""
        return shape


class Dropout2d(Layer):
    """Zeroes whole feature maps of a (C, H, W) sample with chance `p`.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
    """

    summary: ClassVar[str] = "Zeroes whole feature maps at random while training."
    prefix: ClassVar[str] = "drop2d_"

    kind: Literal["Dropout2d"] = "Dropout2d"
    p: Probability = 0.5

    def output_shape(self, shape: Shape) -> Shape:
        """Unchanged."""
        return shape
