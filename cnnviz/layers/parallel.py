"""Parallel: stacks side by side on the same input."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.layers.block import Block, Layers, StackField
from cnnviz.layers.conv import CONV_BY_NDIM
from cnnviz.layers.join import CONCAT, Join
from cnnviz.shapes import Shape


class Parallel(Block):
    """The outputs of all branches side by side, concatenated on the channels.

    Known from Inception: Szegedy et al., "Going Deeper with Convolutions" (2014).
    """

    summary: ClassVar[str] = "Several stacks read the same input; their channels are put side by side."
    prefix: ClassVar[str] = "parallel"
    stack_fields: ClassVar[tuple[StackField, ...]] = (StackField("branches", title="branch", repeated=True),)
    join: ClassVar[Join] = CONCAT

    kind: Literal["Parallel"] = "Parallel"
    branches: Annotated[tuple[Layers, ...], Field(strict=False, min_length=1, max_length=8)] = Field(
        ((), ()), description="Stacks that read the same input; an empty one passes it on."
    )

    @classmethod
    def default(cls, shape: Shape = ()) -> Parallel:
        """Returns two branches, with windows of 1 and 3, that keep the size; empty ones for a flat sample."""
        if len(shape) not in CONV_BY_NDIM:
            return cls()
        conv = CONV_BY_NDIM[len(shape)]
        narrow, wide = conv(out_channels=8, kernel_size=1), conv(out_channels=8, kernel_size=3, padding=1)
        return cls(branches=((narrow,), (wide,)))
