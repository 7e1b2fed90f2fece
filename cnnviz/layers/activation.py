"""Activations: a nonlinear function of every value. Their curves and formulas are in `cnnviz.activations`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.axis_rules import Halved, Unchanged
from cnnviz.layers.base import Layer, PositiveInt, ReceptiveFields
from cnnviz.layers.reshape import axis_of_sample
from cnnviz.layers.window import expect_axes
from cnnviz.shapes import AXES, Shape, numel
from cnnviz.windows import AxisRule

Dim = Annotated[int, Field(ge=-4, le=4)]
Alpha = Annotated[float, Field(gt=0, le=100)]


class Elementwise(Layer):
    """A function of each value on its own; takes any shape and keeps it.

    Source: https://pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is."""
        return shape


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


class Tanhshrink(Elementwise):
    """x − tanh(x)."""

    summary: ClassVar[str] = "Takes its tanh from every value: small ones nearly vanish."
    prefix: ClassVar[str] = "tanhshrink"

    kind: Literal["Tanhshrink"] = "Tanhshrink"


class LogSigmoid(Elementwise):
    """ln(1 / (1 + e⁻ˣ))."""

    summary: ClassVar[str] = "Logarithm of the sigmoid; never positive."
    prefix: ClassVar[str] = "log_sigmoid"

    kind: Literal["LogSigmoid"] = "LogSigmoid"


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
