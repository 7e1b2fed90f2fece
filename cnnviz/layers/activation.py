"""Activations: a nonlinear function of every value; the curves and their story are in `cnnviz.activations`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer
from cnnviz.shapes import Shape, show


class Elementwise(Layer):
    """A function of each value on its own; any shape, unchanged."""

    def output_shape(self, shape: Shape) -> Shape:
        """Unchanged."""
        return shape


class ReLU(Elementwise):
    """max(0, x). Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html"""

    summary: ClassVar[str] = "Keeps positive values, sets negative ones to 0."
    prefix: ClassVar[str] = "relu"

    kind: Literal["ReLU"] = "ReLU"


class Sigmoid(Elementwise):
    """1 / (1 + e⁻ˣ). Source: https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html"""

    summary: ClassVar[str] = "Squeezes every value into (0, 1)."
    prefix: ClassVar[str] = "sigmoid"

    kind: Literal["Sigmoid"] = "Sigmoid"


class Tanh(Elementwise):
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). Source: https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html"""

    summary: ClassVar[str] = "Squeezes every value into (−1, 1)."
    prefix: ClassVar[str] = "tanh"

    kind: Literal["Tanh"] = "Tanh"


class LogSoftmax(Layer):
    """Logarithm of softmax along one axis; with dim=1 over classes, the partner of NLLLoss.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    summary: ClassVar[str] = "Turns scores into log-probabilities of the classes; trained with NLLLoss."
    prefix: ClassVar[str] = "log_softmax"

    kind: Literal["LogSoftmax"] = "LogSoftmax"
    dim: Annotated[int, Field(ge=1, le=4)] = Field(1, description="Axis that sums to 1; 0 is the batch, 1 the classes.")

    def output_shape(self, shape: Shape) -> Shape:
        """Unchanged; the axis must exist."""
        if self.dim > len(shape):
            raise ShapeError(
                f"has no axis {self.dim} in a sample of {show(shape)}; use a dim of at most {len(shape)}", {"dim": 1}
            )
        return shape
