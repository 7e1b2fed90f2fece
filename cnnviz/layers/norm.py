"""Normalisation over the batch."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.layers.base import Layer
from cnnviz.layers.window import expect_axes
from cnnviz.shapes import Shape


class BatchNorm(Layer):
    """Each channel scaled to mean 0 and variance 1 over the batch, then by a learned factor and shift.

    Source: Ioffe & Szegedy, "Batch Normalization" (2015).
    """

    summary: ClassVar[str] = "Scales every channel to mean 0 and variance 1 over the batch; training gets faster."
    prefix: ClassVar[str] = "batch_norm"

    eps: Annotated[float, Field(gt=0, le=1)] = Field(1e-5, description="Added to the variance before the root.")
    momentum: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1, description="Weight of the newest batch in the running mean and variance."
    )
    affine: bool = Field(True, description="Learn a factor and a shift per channel.")
    track_running_stats: bool = Field(True, description="Use running statistics when the net is evaluated.")

    def inferred(self, shape: Shape) -> dict[str, object]:
        """num_features: the channels (or features) of the input."""
        return {"num_features": shape[0]}

    def parameters(self, shape: Shape) -> int:
        """A factor and a shift per channel."""
        return 2 * shape[0] if self.affine else 0


class BatchNorm2d(BatchNorm):
    """Over (N, H, W) for each channel of a (C, H, W) sample."""

    kind: Literal["BatchNorm2d"] = "BatchNorm2d"

    def output_shape(self, shape: Shape) -> Shape:
        """(C, H, W) → (C, H, W)."""
        expect_axes(self.kind, shape, 3, change="BatchNorm1d" if len(shape) < 3 else None)
        return shape


class BatchNorm1d(BatchNorm):
    """Over N for each feature of an (F,) sample, over (N, L) for each channel of a (C, L) sample."""

    kind: Literal["BatchNorm1d"] = "BatchNorm1d"

    def output_shape(self, shape: Shape) -> Shape:
        """(F,) → (F,), (C, L) → (C, L)."""
        expect_axes(self.kind, shape, 1, 2, change="BatchNorm2d" if len(shape) == 3 else None)
        return shape
