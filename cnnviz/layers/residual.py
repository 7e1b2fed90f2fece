"""Residual: a stack of layers, added to its input."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cnnviz.layers.block import Block, Layers, StackField
from cnnviz.layers.conv import CONV_BY_NDIM
from cnnviz.layers.join import SUM, Join
from cnnviz.shapes import Shape


class Residual(Block):
    """layers(x) + projection(x).

    Without a projection, layers(x) + x.
    Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition" (2015).
    """

    summary: ClassVar[str] = "Adds the output of its layers to their input, so that gradients have a way around them."
    prefix: ClassVar[str] = "residual"
    stack_fields: ClassVar[tuple[StackField, ...]] = (
        StackField("layers", title="layers"),
        StackField("projection", title="projection"),
    )
    join: ClassVar[Join] = SUM

    kind: Literal["Residual"] = "Residual"
    layers: Layers = Field((), description="The stack whose output is added to the input.")
    projection: Layers = Field(
        (),
        description="Layers beside the stack; empty: the input itself. Needed where the stack changes the shape.",
    )

    @classmethod
    def default(cls, shape: Shape = ()) -> Residual:
        """Returns a block of two convolutions that keep the shape, as in the paper; an empty one for a flat sample."""
        if len(shape) not in CONV_BY_NDIM:
            return cls()
        from cnnviz.layers.palette import PALETTE  # noqa: PLC0415 (the palette holds this class, too)

        conv = CONV_BY_NDIM[len(shape)](out_channels=shape[0], kernel_size=3, padding=1, bias=False)
        norm, relu = PALETTE[f"BatchNorm{len(shape) - 1}d"].default(), PALETTE["ReLU"].default()
        return cls(layers=(conv, norm, relu, conv, norm))
