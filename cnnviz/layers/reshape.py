"""Layers that change the shape without computing anything."""

from typing import ClassVar, Literal

from cnnviz.layers.base import Layer
from cnnviz.shapes import Shape, size_of


class Flatten(Layer):
    """All axes of a sample in a row: (C, H, W) → (C·H·W,).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    summary: ClassVar[str] = "Puts all numbers of a sample in one row, as Linear needs them."
    prefix: ClassVar[str] = "flatten"

    kind: Literal["Flatten"] = "Flatten"

    def output_shape(self, shape: Shape) -> Shape:
        """(C, H, W) → (C·H·W,).

        >>> Flatten().output_shape((10, 22, 4))
        (880,)
        """
        return (size_of(shape),)

    def formula(self, shape: Shape) -> str:
        """The product of all axes."""
        return f"{' · '.join(map(str, shape))} = {size_of(shape)}"
