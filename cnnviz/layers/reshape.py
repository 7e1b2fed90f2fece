"""Layers that change the shape without computing anything."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, ReceptiveFields
from cnnviz.shapes import Shape, format_shape, numel


class Flatten(Layer):
    """Merges the axes from start_dim to end_dim into one; by default all axes of a sample: (C, H, W) → (C·H·W,).

    Axes are counted as in torch, with the batch as axis 0.
    Source: https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    summary: ClassVar[str] = "Puts all numbers of a sample in one row, as Linear needs them."
    prefix: ClassVar[str] = "flatten"

    kind: Literal["Flatten"] = "Flatten"
    start_dim: Annotated[int, Field(ge=1, le=4)] = Field(1, description="First axis to merge; 0 is the batch.")
    end_dim: Annotated[int, Field(ge=-4, le=4)] = Field(-1, description="Last axis to merge; −1 is the last one.")

    def output_shape(self, shape: Shape) -> Shape:
        """(C, H, W) → (C·H·W,).

        >>> Flatten().output_shape((10, 22, 4))
        (880,)
        """
        first, last = self._merged_axes(shape)
        return (*shape[:first], numel(shape[first : last + 1]), *shape[last + 1 :])

    def receptive_field(self, before: ReceptiveFields, shape: Shape) -> ReceptiveFields:
        """Keeps the receptive field where all axes or none are merged; None where only some are."""
        return before if len(self.output_shape(shape)) in (1, len(shape)) else None

    def formula(self, shape: Shape) -> str:
        """Returns the product of the merged axes' sizes."""
        first, last = self._merged_axes(shape)
        merged = shape[first : last + 1]
        return f"{' · '.join(map(str, merged))} = {numel(merged)}"

    def _merged_axes(self, shape: Shape) -> tuple[int, int]:
        """First and last merged axis of a sample without the batch."""
        axes = len(shape) + 1
        last = self.end_dim + axes if self.end_dim < 0 else self.end_dim
        if not 1 <= self.start_dim <= last < axes:
            raise ShapeError(
                f"cannot merge the axes from {self.start_dim} to {self.end_dim} of a sample of"
                f" {format_shape(shape)}, which has the axes 1 to {axes - 1}",
                {"start_dim": 1, "end_dim": -1},
            )
        return self.start_dim - 1, last - 1
