"""Layers that torch's exporter cannot write so that they compute the same."""

from typing import Any

from cnnviz.architecture import Architecture, Step, iter_steps, layer_number, trace
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import Layer
from cnnviz.layers.activation import Softplus, Threshold
from cnnviz.layers.conv import ConvTranspose
from cnnviz.layers.norm import BatchNorm, InstanceNorm
from cnnviz.layers.pool import AdaptivePool
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
    if isinstance(layer, Threshold) and (layer.threshold or layer.value):
        return "torch's exporter knows it only with a threshold and a value of 0, which is a ReLU"
    if isinstance(layer, ConvTranspose) and any(
        output_padding >= stride
        for output_padding, stride in zip(
            *(per_axis(size, layer.axes) for size in (layer.output_padding, layer.stride)), strict=True
        )
    ):
        return "runtimes want an output_padding below the stride"
    if isinstance(layer, BatchNorm) and not layer.track_running_stats:
        return "ONNX knows it only with running statistics; turn track_running_stats on"
    if isinstance(layer, InstanceNorm) and layer.track_running_stats:
        return "ONNX knows it only without running statistics; turn track_running_stats off"
    if isinstance(layer, Softplus) and layer.threshold < MIN_EXACT_SOFTPLUS_THRESHOLD:
        return (
            f"ONNX knows it only without a threshold; set it to {MIN_EXACT_SOFTPLUS_THRESHOLD} or more, which is as"
            " good as none"
        )
    return None


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
