"""Fully connected layers."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.layers.base import Layer, PositiveInt, ReceptiveFields
from cnnviz.shapes import Shape, format_shape, numel


class Linear(Layer):
    """y = x·Aᵀ + b on the last axis: (…, in_features) → (…, out_features).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    summary: ClassVar[str] = "Connects every input with every output."
    prefix: ClassVar[str] = "fc"

    kind: Literal["Linear"] = "Linear"
    out_features: PositiveInt = Field(description="Number of outputs.", examples=[64])
    bias: bool = Field(True, description="Add a learned constant to every output.")

    def output_shape(self, shape: Shape) -> Shape:
        """Replaces the size of the last axis by out_features.

        >>> Linear(out_features=100).output_shape((880,))
        (100,)
        """
        return (*shape[:-1], self.out_features)

    def inferred_arguments(self, shape: Shape) -> dict[str, object]:
        """Returns in_features, the size of the last axis."""
        return {"in_features": shape[-1]}

    def parameters(self, shape: Shape) -> int:
        """Counts in_features · out_features weights, and one bias for each output."""
        return self.out_features * (shape[-1] + (1 if self.bias else 0))

    def multiply_adds(self, shape: Shape) -> int:
        """Counts in_features · out_features for each row along the last axis."""
        return numel(shape) * self.out_features

    def receptive_field(self, before: ReceptiveFields, shape: Shape) -> ReceptiveFields:
        """Reads all that is read before it for a flat sample, else all of the last axis."""
        if before and len(shape) == 1:
            return tuple(field.read_as_one(1) for field in before)
        return before and (*before[:-1], before[-1].read_as_one(self.out_features))

    def formula(self, shape: Shape) -> str:
        """Returns the number of features before and behind."""
        formula = f"in_features {shape[-1]} → out_features {self.out_features}"
        return formula if len(shape) == 1 else f"{formula}\n(last axis of {format_shape(shape)} only)"


class Scale(Layer):
    """factor · x, with a factor that is given and not learned.

    Known from Inception-ResNet: Szegedy, Ioffe, Vanhoucke & Alemi, "Inception-v4" (2016), section 3.3.
    """

    summary: ClassVar[str] = "Multiplies all values by one number, such as 0.1 at the end of a residual branch."
    prefix: ClassVar[str] = "scale"

    kind: Literal["Scale"] = "Scale"
    factor: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(
        description="The number that every value is multiplied by.", examples=[0.1]
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is."""
        return shape


KINDS: tuple[type[Layer], ...] = (
    Linear,
    Scale,
)
"""The kinds in this file, in the order in which the palette shows them."""
