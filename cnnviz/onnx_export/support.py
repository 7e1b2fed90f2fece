"""Layers that torch's exporter cannot write so that they compute the same."""

from collections.abc import Callable
from typing import Any

from cnnviz.architecture import Architecture, Step, iter_steps, layer_number, trace
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import Layer
from cnnviz.layers.activation.shrinking import Threshold
from cnnviz.layers.activation.smooth import Softplus
from cnnviz.layers.conv import ConvTranspose
from cnnviz.layers.norm import BatchNorm, InstanceNorm
from cnnviz.layers.pool.adaptive_pool import AdaptivePool
from cnnviz.layers.pool.avg_pool import AvgPool
from cnnviz.layers.upsample import Upsample
from cnnviz.layers.window import collapse_equal, per_axis
from cnnviz.shapes import Shape, format_shape

MIN_EXACT_SOFTPLUS_THRESHOLD = 14
"""From this threshold on, x and ln(1 + eˣ) are the same number in float32."""
UNKNOWN_KINDS = {
    "FractionalMaxPool2d": "ONNX has no windows at random places; use a MaxPool2d",
    "FractionalMaxPool3d": "ONNX has no windows at random places; use a MaxPool3d",
    "RMSNorm": "torch's exporter does not know it; use a LayerNorm",
    "ChannelShuffle": "torch's exporter does not know it; use a convolution of 1 without groups to mix the channels",
}
"""Why layers of a kind cannot be written, whatever their parameters."""


def _has_wide_output_padding(layer: ConvTranspose[Any, Any]) -> bool:
    sizes = (per_axis(size, layer.axes) for size in (layer.output_padding, layer.stride))
    return any(output_padding >= stride for output_padding, stride in zip(*sizes, strict=True))


UNKNOWN_PARAMETERS: tuple[tuple[type[Layer], Callable[[Any], bool], str], ...] = (
    (
        Threshold,
        lambda layer: bool(layer.threshold or layer.value),
        "torch's exporter knows it only with a threshold and a value of 0, which is a ReLU",
    ),
    (ConvTranspose, _has_wide_output_padding, "runtimes want an output_padding below the stride"),
    (
        AvgPool,
        lambda layer: getattr(layer, "divisor_override", None) is not None,
        "ONNX divides a sum by the number of its values alone; leave divisor_override empty",
    ),
    (
        Upsample,
        lambda layer: layer.mode == "nearest-exact",
        "torch's exporter does not know its mode nearest-exact; use nearest",
    ),
    (
        BatchNorm,
        lambda layer: not layer.track_running_stats,
        "ONNX knows it only with running statistics; turn track_running_stats on",
    ),
    (
        InstanceNorm,
        lambda layer: layer.track_running_stats,
        "ONNX knows it only without running statistics; turn track_running_stats off",
    ),
    (
        Softplus,
        lambda layer: layer.threshold < MIN_EXACT_SOFTPLUS_THRESHOLD,
        (
            f"ONNX knows it only without a threshold; set it to {MIN_EXACT_SOFTPLUS_THRESHOLD} or more, which is as"
            " good as none"
        ),
    ),
)
"""Why layers of a class cannot be written with some parameters: class, whether it applies, reason."""


def unsupported_reason(step: Step) -> str | None:
    """Returns why torch's exporter cannot write this layer so that it computes the same for any N; None if it can."""
    layer = step.layer
    if isinstance(layer, AdaptivePool):
        return _unsupported_pool(layer, step.input_shape)
    return UNKNOWN_KINDS.get(layer.kind) or _unsupported_parameter(layer)


def _unsupported_pool(layer: AdaptivePool[Any], shape: Shape) -> str | None:
    sizes = shape[1:]
    if None in per_axis(layer.output_size, layer.axes):
        return f"it needs a number for every axis; set output_size to {collapse_equal(layer.sizes(shape))}"
    if any(size % out for size, out in zip(sizes, layer.sizes(shape), strict=True)):
        return (
            f"ONNX has no windows of unequal sizes; use an output_size that divides {format_shape(sizes)}, such as 1,"
            " or a pool with a kernel_size"
        )
    return None


def _unsupported_parameter(layer: Layer) -> str | None:
    rules = (reason for kind, applies, reason in UNKNOWN_PARAMETERS if isinstance(layer, kind) and applies(layer))
    return next(rules, None)


def exportable_steps(architecture: Architecture) -> tuple[Step, ...]:
    """Returns the steps of a net; raises DesignError or ShapeError with the first reason why it cannot be written."""
    steps = trace(architecture)
    if not steps:
        raise DesignError("This design has no layers yet; add some, or load a preset.")
    if steps[-1].error:
        raise ShapeError(steps[-1].error)
    for step in iter_steps(steps):
        if reason := unsupported_reason(step):
            raise DesignError(
                f"Layer {layer_number(step.path)}, {step.layer.kind}, cannot be written as ONNX: {reason}."
            )
    return steps
