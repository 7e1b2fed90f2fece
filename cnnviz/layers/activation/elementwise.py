"""Elementwise, the base of activations that change each value on its own."""

from typing import Annotated

from pydantic import Field

from cnnviz.layers.base import Layer
from cnnviz.shapes import Shape

Alpha = Annotated[float, Field(gt=0, le=100)]


class Elementwise(Layer):
    """A function of each value on its own; takes any shape and keeps it.

    Source: https://pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is."""
        return shape
