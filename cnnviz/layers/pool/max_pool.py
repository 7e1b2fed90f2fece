"""Pools that keep the largest value in each window."""

from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import Field, field_validator

from cnnviz.layers.base import ONE, ZERO, Layer, Padding1d, Padding2d, Padding3d, Size1d, Size2d, Size3d
from cnnviz.layers.pool.window_pool import Pool
from cnnviz.layers.window import single_number

Size = TypeVar("Size")
Padding = TypeVar("Padding")


class MaxPool(Pool[Size], Generic[Size, Padding]):
    """A pool that keeps the largest value in each window."""

    summary: ClassVar[str] = "Keeps the largest value in each window and so shrinks the sample."

    padding: Padding = Field(ZERO, description="Added on every side, at most half of the window.")
    dilation: Size = Field(ONE, description="Distance between the samples that the window reads.")

    @field_validator("kernel_size", mode="before")
    @classmethod
    def _accept_kernel_in_tuple(cls, value: object) -> object:
        return single_number(value)


class MaxPool1d(MaxPool[Size1d, Padding1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["MaxPool1d"] = "MaxPool1d"


class MaxPool2d(MaxPool[Size2d, Padding2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["MaxPool2d"] = "MaxPool2d"


class MaxPool3d(MaxPool[Size3d, Padding3d]):
    """(C, D, H, W) → (C, …). Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html"""

    axes: ClassVar[int] = 3

    kind: Literal["MaxPool3d"] = "MaxPool3d"


KINDS: tuple[type[Layer], ...] = (
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
"""The kinds in this file, in the order in which the palette shows them."""
