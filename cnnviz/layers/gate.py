"""Gate: one stack multiplied by another."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cnnviz.layers.block import Block, Layers, StackField
from cnnviz.layers.conv import CONV_BY_NDIM
from cnnviz.layers.join import PRODUCT, Join
from cnnviz.shapes import Shape


class Gate(Block):
    """path(x) · layers(x), with axes of length 1 in layers(x) stretched to those of path(x).

    Without a path, x · layers(x).
    Known from squeeze-and-excitation: Hu, Shen, Albanie, Sun & Wu, "Squeeze-and-Excitation Networks" (2017).
    """

    summary: ClassVar[str] = "Multiplies the input by what its layers make of it, such as a weight for each channel."
    prefix: ClassVar[str] = "gate"
    stack_fields: ClassVar[tuple[StackField, ...]] = (
        StackField("layers", title="gate"),
        StackField("path", title="path"),
    )
    join: ClassVar[Join] = PRODUCT

    kind: Literal["Gate"] = "Gate"
    layers: Layers = Field((), description="The stack whose output the other factor is multiplied by.")
    path: Layers = Field((), description="Layers beside it; empty: the input itself.")

    @classmethod
    def default(cls, shape: Shape = ()) -> Gate:
        """Returns squeeze and excitation with a quarter of the channels, as in the paper; for a flat sample, a gate."""
        from cnnviz.layers.palette import PALETTE  # noqa: PLC0415 (the palette holds this class, too)

        relu, sigmoid = PALETTE["ReLU"].default(), PALETTE["Sigmoid"].default()
        if len(shape) not in CONV_BY_NDIM:
            return cls(layers=(sigmoid,))
        conv, squeezed = CONV_BY_NDIM[len(shape)], max(shape[0] // 4, 1)
        pool = PALETTE[f"AdaptiveAvgPool{len(shape) - 1}d"].default()
        squeeze, excite = conv(out_channels=squeezed, kernel_size=1), conv(out_channels=shape[0], kernel_size=1)
        return cls(layers=(pool, squeeze, relu, excite, sigmoid))
