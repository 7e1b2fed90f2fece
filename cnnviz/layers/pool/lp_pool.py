"""Pools that keep the p-norm of each window."""

from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import Field

from cnnviz.layers.base import Layer, Size1d, Size2d, Size3d
from cnnviz.layers.pool.window_pool import MeanPool3d, Pool

Size = TypeVar("Size")


class LPPool(Pool[Size], Generic[Size]):
    """A pool that keeps the p-norm of each window, (Σ xᵖ)^(1/p) with p = norm_type."""

    summary: ClassVar[str] = "Keeps the p-norm of each window: between the sum (p = 1) and the maximum (p large)."

    norm_type: Annotated[float, Field(ge=1, le=16)] = Field(description="The p of the norm.", examples=[2.0])


class LPPool1d(LPPool[Size1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["LPPool1d"] = "LPPool1d"


class LPPool2d(LPPool[Size2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["LPPool2d"] = "LPPool2d"


class LPPool3d(MeanPool3d, LPPool[Size3d]):
    """(C, D, H, W) → (C, …). Source: https://pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html"""

    kind: Literal["LPPool3d"] = "LPPool3d"


KINDS: tuple[type[Layer], ...] = (
    LPPool1d,
    LPPool2d,
    LPPool3d,
)
"""The kinds in this file, in the order in which the palette shows them."""
