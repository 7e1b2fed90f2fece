"""Activations that read all values along an axis together: probabilities, and gates."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.layers.axis_rules import Halved, Unchanged
from cnnviz.layers.base import Layer, ReceptiveFields
from cnnviz.layers.reshape import axis_of_sample
from cnnviz.layers.window import expect_axes
from cnnviz.shapes import AXES, Shape, numel
from cnnviz.windows import AxisRule

Dim = Annotated[int, Field(ge=-4, le=4)]


class AlongAxis(Layer):
    """A function of all values along one axis; keeps the shape."""

    dim: Dim = Field(
        1, description="Axis along which the probabilities sum to 1; 0 is the batch, 1 the classes, −1 the last axis."
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; the axis must exist."""
        axis_of_sample(self.dim, shape)
        return shape


class Softmax(AlongAxis):
    """eˣ divided by the sum of all eˣ along one axis: probabilities of the classes.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html
    """

    summary: ClassVar[str] = "Turns scores into probabilities of the classes, which sum to 1."
    prefix: ClassVar[str] = "softmax"

    kind: Literal["Softmax"] = "Softmax"


class LogSoftmax(AlongAxis):
    """Logarithm of softmax along one axis; with dim=1 over classes, the partner of NLLLoss.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    summary: ClassVar[str] = "Turns scores into log-probabilities of the classes; trained with NLLLoss."
    prefix: ClassVar[str] = "log_softmax"

    kind: Literal["LogSoftmax"] = "LogSoftmax"


class Softmin(AlongAxis):
    """Softmax of −x along one axis: the smallest score gets the largest probability.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmin.html
    """

    summary: ClassVar[str] = "Softmax of the negative scores: the smallest one gets the largest probability."
    prefix: ClassVar[str] = "softmin"

    kind: Literal["Softmin"] = "Softmin"


class Softmax2d(Layer):
    """Softmax over the channels at each position of a picture: (C, H, W) → (C, H, W).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html
    """

    summary: ClassVar[str] = "Turns the channels at each position of a picture into probabilities, which sum to 1."
    prefix: ClassVar[str] = "softmax2d_"

    kind: Literal["Softmax2d"] = "Softmax2d"

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; the sample must be a picture."""
        expect_axes(shape, 3)
        return shape


class GLU(Layer):
    """First half of an axis times the sigmoid of its second half: (2·C, …) → (C, …) with dim=1.

    Source: Dauphin et al., "Language Modeling with Gated Convolutional Networks" (2016).
    """

    summary: ClassVar[str] = "One half of an axis decides by its sigmoid how much of the other half passes."
    prefix: ClassVar[str] = "glu"

    kind: Literal["GLU"] = "GLU"
    dim: Dim = Field(-1, description="Axis that is halved; 0 is the batch, 1 the channels, −1 the last axis.")

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape with one axis halved, which must be even.

        >>> GLU(dim=1).output_shape((16, 8, 8))
        (8, 8, 8)
        """
        axis = axis_of_sample(self.dim, shape)
        half = Halved().out_size(shape[axis], AXES[len(shape)][axis])
        return (*shape[:axis], half, *shape[axis + 1 :])

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns that the axis is halved, if it lies behind the channels."""
        axis = axis_of_sample(self.dim, shape)
        rules = tuple(Halved() if index == axis else Unchanged() for index in range(1, len(shape)))
        return rules if axis else ()

    def receptive_field(self, before: ReceptiveFields, shape: Shape) -> ReceptiveFields:
        """Joins the two halves; None where those of a flat sample do not begin with the same position."""
        positions = numel(tuple(len(field.reads.firsts) for field in before or ()))
        if len(shape) == 1 and positions > 1 and shape[0] % (2 * positions):
            return None
        return super().receptive_field(before, shape)

    def formula(self, shape: Shape) -> str:
        """Returns what is halved."""
        axis = axis_of_sample(self.dim, shape)
        return f"{AXES[len(shape)][axis]}: {Halved().formula(shape[axis])}"


KINDS: tuple[type[Layer], ...] = (
    Softmax,
    LogSoftmax,
    Softmin,
    Softmax2d,
    GLU,
)
"""The kinds in this file, in the order in which the palette shows them."""
