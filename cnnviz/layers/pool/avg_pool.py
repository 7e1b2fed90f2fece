"""Pools that keep the mean of each window."""

from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import Field, field_validator

from cnnviz.layers.base import ZERO, Layer, Padding1d, Padding2d, Padding3d, PositiveInt, Size1d, Size2d, Size3d
from cnnviz.layers.pool.window_pool import MeanPool3d, Pool
from cnnviz.layers.window import single_number

Size = TypeVar("Size")
Padding = TypeVar("Padding")


class AvgPool(Pool[Size], Generic[Size, Padding]):
    """A pool that keeps the mean of each window."""

    summary: ClassVar[str] = "Keeps the mean of each window and so shrinks the sample."

    padding: Padding = Field(ZERO, description="Added on every side, at most half of the window.")
    count_include_pad: bool = Field(True, description="Count the zeros of the padding in the mean.")

    @field_validator("kernel_size", mode="before")
    @classmethod
    def _accept_kernel_in_tuple(cls, value: object) -> object:
        return single_number(value)


class AvgPool1d(AvgPool[Size1d, Padding1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["AvgPool1d"] = "AvgPool1d"


class DividedPool(AvgPool[Size, Padding], Generic[Size, Padding]):
    """A pool of sums, divided by the number of values or by another number."""

    divisor_override: PositiveInt | None = Field(
        None, description="What the sum of a window is divided by; empty means the number of its values."
    )


class AvgPool2d(DividedPool[Size2d, Padding2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["AvgPool2d"] = "AvgPool2d"


class AvgPool3d(MeanPool3d, DividedPool[Size3d, Padding3d]):
    """(C, D, H, W) → (C, …). Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html"""

    kind: Literal["AvgPool3d"] = "AvgPool3d"


KINDS: tuple[type[Layer], ...] = (
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
)
"""The kinds in this file, in the order in which the palette shows them."""
