"""Layers that torch's exporter cannot write so that they compute the same."""

from cnnviz.architecture import Architecture, Step, iter_steps, layer_number, trace
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers.activation import Softplus
from cnnviz.layers.conv import ConvTranspose
from cnnviz.layers.norm import BatchNorm, InstanceNorm
from cnnviz.layers.pool import AdaptivePool
from cnnviz.layers.window import per_axis
from cnnviz.shapes import format_shape

MIN_EXACT_SOFTPLUS_THRESHOLD = 14
"""From this threshold on, x and ln(1 + eˣ) are the same number in float32."""


def unsupported_reason(step: Step) -> str | None:
    """Returns why torch's exporter cannot write this layer so that it computes the same for any N; None if it can."""
    layer, sizes = step.layer, step.input_shape[1:]
    if isinstance(layer, AdaptivePool) and any(
        size % out for size, out in zip(sizes, layer.sizes(step.input_shape), strict=True)
    ):
        return (
            f"ONNX has no windows of unequal sizes; use an output_size that divides {format_shape(sizes)}, such as 1,"
            " or a pool with a kernel_size"
        )
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
