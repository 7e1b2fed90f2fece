"""Normalisation: scales values to mean 0 and variance 1, over the batch or within each sample."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, PositiveInt
from cnnviz.layers.window import expect_axes
from cnnviz.shapes import Shape, format_shape, numel

Eps = Annotated[float, Field(gt=0, le=1)]
Momentum = Annotated[float, Field(ge=0, le=1)] | None
EPS = "Added to the variance before its square root is taken."
MOMENTUM = "Weight of the newest batch in the running mean and variance; empty: all batches count alike."
BIAS = "Learn the shift, too; only with affine."


class ChannelNorm(Layer):
    """A normalisation of each channel; takes samples with one of the numbers of axes in `sample_axes`."""

    sample_axes: ClassVar[tuple[int, ...]]
    affine: bool
    bias: bool

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; the number of axes must be one of `sample_axes`."""
        expect_axes(shape, *self.sample_axes)
        return shape

    def inferred_arguments(self, shape: Shape) -> dict[str, object]:
        """Returns num_features, the channels (or features) of the input."""
        return {"num_features": shape[0]}

    def parameters(self, shape: Shape) -> int:
        """Counts a factor and a shift per channel, if they are learned."""
        return shape[0] * (1 + self.bias) if self.affine else 0


class BatchNorm(ChannelNorm):
    """Scales each channel to mean 0 and variance 1 over the batch, then applies a learned factor and shift.

    Source: Ioffe & Szegedy, "Batch Normalization" (2015).
    """

    summary: ClassVar[str] = "Scales every channel to mean 0 and variance 1 over the batch; training gets faster."
    prefix: ClassVar[str] = "batch_norm"

    eps: Eps = Field(1e-5, description=EPS)
    momentum: Momentum = Field(0.1, description=MOMENTUM)
    affine: bool = Field(True, description="Learn a factor and a shift per channel.")
    track_running_stats: bool = Field(True, description="Use running statistics when the net is evaluated.")
    bias: bool = Field(True, description=BIAS)


class BatchNorm1d(BatchNorm):
    """Scales each feature of (F,) samples over N, each channel of (C, L) samples over (N, L)."""

    sample_axes: ClassVar[tuple[int, ...]] = (1, 2)

    kind: Literal["BatchNorm1d"] = "BatchNorm1d"


class BatchNorm2d(BatchNorm):
    """Scales each channel of (C, H, W) samples over (N, H, W)."""

    sample_axes: ClassVar[tuple[int, ...]] = (3,)

    kind: Literal["BatchNorm2d"] = "BatchNorm2d"


class BatchNorm3d(BatchNorm):
    """Scales each channel of (C, D, H, W) samples over (N, D, H, W)."""

    sample_axes: ClassVar[tuple[int, ...]] = (4,)

    kind: Literal["BatchNorm3d"] = "BatchNorm3d"


class InstanceNorm(ChannelNorm):
    """Scales each channel of each sample on its own, whatever else is in the batch.

    Source: Ulyanov, Vedaldi & Lempitsky, "Instance Normalization" (2016).
    """

    summary: ClassVar[str] = "Scales every channel of every sample on its own to mean 0 and variance 1."
    prefix: ClassVar[str] = "instance_norm"

    eps: Eps = Field(1e-5, description=EPS)
    momentum: Momentum = Field(0.1, description=MOMENTUM)
    affine: bool = Field(False, description="Learn a factor and a shift per channel.")
    track_running_stats: bool = Field(False, description="Use running statistics when the net is evaluated.")
    bias: bool = Field(True, description=BIAS)

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; a channel must hold more than one value."""
        expect_axes(shape, *self.sample_axes)
        if numel(shape[1:]) == 1:
            raise ShapeError(
                f"has only one value in each channel of {format_shape(shape)}, and one value has no variance"
            )
        return shape


class InstanceNorm1d(InstanceNorm):
    """Scales each channel of a (C, L) sample over L."""

    sample_axes: ClassVar[tuple[int, ...]] = (2,)

    kind: Literal["InstanceNorm1d"] = "InstanceNorm1d"


class InstanceNorm2d(InstanceNorm):
    """Scales each channel of a (C, H, W) sample over (H, W)."""

    sample_axes: ClassVar[tuple[int, ...]] = (3,)

    kind: Literal["InstanceNorm2d"] = "InstanceNorm2d"


class InstanceNorm3d(InstanceNorm):
    """Scales each channel of a (C, D, H, W) sample over (D, H, W)."""

    sample_axes: ClassVar[tuple[int, ...]] = (4,)

    kind: Literal["InstanceNorm3d"] = "InstanceNorm3d"


class GroupNorm(Layer):
    """Scales groups of channels of each sample together.

    Source: Wu & He, "Group Normalization" (2018).
    """

    summary: ClassVar[str] = (
        "Scales groups of channels of every sample to mean 0 and variance 1, whatever the batch size."
    )
    prefix: ClassVar[str] = "group_norm"

    kind: Literal["GroupNorm"] = "GroupNorm"
    num_groups: PositiveInt = Field(description="Groups of channels that share mean and variance.", examples=[1])
    eps: Eps = Field(1e-5, description=EPS)
    affine: bool = Field(True, description="Learn a factor and a shift per channel.")
    bias: bool = Field(True, description=BIAS)

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; num_groups must divide the channels."""
        if shape[0] % self.num_groups:
            fitting = max(n for n in range(1, min(self.num_groups, shape[0]) + 1) if shape[0] % n == 0)
            raise ShapeError(
                f"{self.num_groups} groups do not divide {shape[0]} channels evenly", {"num_groups": fitting}
            )
        return shape

    def inferred_arguments(self, shape: Shape) -> dict[str, object]:
        """Returns num_channels, the channels (or features) of the input."""
        return {"num_channels": shape[0]}

    def parameters(self, shape: Shape) -> int:
        """Counts a factor and a shift per channel, if they are learned."""
        return shape[0] * (1 + self.bias) if self.affine else 0


class LastAxesNorm(Layer):
    """A normalisation of the last axes of each sample together; by default of the whole sample."""

    normalized_shape: (
        PositiveInt | Annotated[tuple[PositiveInt, ...], Field(strict=False, min_length=1, max_length=4)] | None
    ) = Field(None, description="Sizes of the last axes that are scaled together; empty means the whole sample.")
    elementwise_affine: bool

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; the last axes must have the sizes of normalized_shape."""
        scaled = self._normalized_axes(shape)
        if shape[-len(scaled) :] != scaled:
            raise ShapeError(
                f"scales last axes of {format_shape(scaled)}, but the sample is {format_shape(shape)}",
                {"normalized_shape": None},
                {"normalized_shape": shape[-len(scaled) :]},
            )
        return shape

    def inferred_arguments(self, shape: Shape) -> dict[str, object]:
        """Returns normalized_shape, which is that of the whole sample where it is left empty."""
        return {"normalized_shape": self._normalized_axes(shape)}

    def arguments(self, shape: Shape) -> dict[str, object]:
        """Returns the arguments as torch wants them, normalized_shape always written out."""
        return super().arguments(shape) | self.inferred_arguments(shape)

    def parameters(self, shape: Shape) -> int:
        """Counts a factor per value, if it is learned."""
        return numel(self._normalized_axes(shape)) if self.elementwise_affine else 0

    def _normalized_axes(self, shape: Shape) -> Shape:
        given = self.normalized_shape
        return shape if given is None else given if isinstance(given, tuple) else (given,)


class LayerNorm(LastAxesNorm):
    """Scales the last axes of each sample together; by default the whole sample.

    Source: Ba, Kiros & Hinton, "Layer Normalization" (2016).
    """

    summary: ClassVar[str] = "Scales every sample as a whole, or its last axes, to mean 0 and variance 1."
    prefix: ClassVar[str] = "layer_norm"

    kind: Literal["LayerNorm"] = "LayerNorm"
    eps: Eps = Field(1e-5, description=EPS)
    elementwise_affine: bool = Field(True, description="Learn a factor for every value.")
    bias: bool = Field(True, description="Learn a shift for every value, too.")

    def parameters(self, shape: Shape) -> int:
        """Counts a factor and a shift per value, if they are learned."""
        return super().parameters(shape) * (1 + self.bias)


class RMSNorm(LastAxesNorm):
    """Divides the last axes of each sample by the root of their mean square; no mean is taken off.

    Source: Zhang & Sennrich, "Root Mean Square Layer Normalization" (2019).
    """

    summary: ClassVar[str] = "Scales every sample as a whole, or its last axes, to a mean square of 1."
    prefix: ClassVar[str] = "rms_norm"

    kind: Literal["RMSNorm"] = "RMSNorm"
    eps: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Added to the mean square before its root is taken; empty means the smallest step of a float."
    )
    elementwise_affine: bool = Field(True, description="Learn a factor for every value.")


class LocalResponseNorm(Layer):
    """Divides every value by a sum over the same position in neighbouring channels.

    Source: Krizhevsky, Sutskever & Hinton, "ImageNet Classification" (2012), section 3.3.
    """

    summary: ClassVar[str] = "Damps a value where neighbouring channels are large at the same position, as in AlexNet."
    prefix: ClassVar[str] = "local_norm"

    kind: Literal["LocalResponseNorm"] = "LocalResponseNorm"
    size: PositiveInt = Field(description="Neighbouring channels that are summed up.", examples=[5])
    alpha: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(1e-4, description="Weight of the sum.")
    beta: Annotated[float, Field(ge=-100, le=100)] = Field(0.75, description="Exponent of the divisor.")
    k: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(1.0, description="Added to the sum.")

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape as it is; there must be an axis behind the channels."""
        expect_axes(shape, 2, 3, 4)
        return shape


KINDS: tuple[type[Layer], ...] = (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    GroupNorm,
    RMSNorm,
    LocalResponseNorm,
)
"""The kinds in this file, in the order in which the palette shows them."""
