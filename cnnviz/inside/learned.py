"""What training has made of a net's weights: the filters of its convolutions, and their values before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, LayerPath, iter_steps, layer_number, trace
from cnnviz.data.scaling import Scale
from cnnviz.inside.subject import Subject, build_untrained
from cnnviz.layers import Layer
from cnnviz.layers.block_module import BlockModule
from cnnviz.layers.conv import Conv, ConvTranspose

HISTOGRAM_BINS = 40


@dataclass(frozen=True, eq=False)
class WeightedLayer:
    """A layer that has a tensor of weights, with its module."""

    path: LayerPath
    layer: Layer
    module: nn.Module
    weight: Tensor

    @property
    def title(self) -> str:
        """The layer's number and kind, such as “3.b1 Conv2d”."""
        return f"{layer_number(self.path)} {self.layer.kind}"


@dataclass(frozen=True, eq=False)
class WeightHistogram:
    """Counts of a layer's weights before and after training, in the same bins; with the change of its weights."""

    edges: npt.NDArray[np.float64]
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    change: float
    """Norm of the difference, as a share of the norm before."""


def weighted_layers(architecture: Architecture, model: nn.Module) -> list[WeightedLayer]:
    """Returns the layers of a net from `build_model` that have weights, those in blocks included."""
    steps = {step.path: step for step in iter_steps(trace(architecture))}
    found = []
    for path, module in _modules(model, ()):
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and weight.numel():
            found.append(WeightedLayer(path, steps[path].layer, module, weight.detach()))
    return found


def is_filter(record: WeightedLayer) -> bool:
    """Whether a layer is a convolution."""
    return isinstance(record.layer, Conv | ConvTranspose)


def filters(record: WeightedLayer) -> Tensor:
    """Returns the kernels of a convolution, (out_channels, input maps that each reads, *kernel_size)."""
    layer, weight = record.layer, record.weight
    if not isinstance(layer, ConvTranspose):
        return weight
    inputs, outputs, *sizes = weight.shape  # (in_channels, out_channels of a group, *kernel_size)
    grouped = weight.reshape(layer.groups, inputs // layer.groups, outputs, *sizes)
    return grouped.transpose(1, 2).reshape(layer.groups * outputs, inputs // layer.groups, *sizes)


def per_input_unit(kernels: Tensor, scale: Scale) -> Tensor | None:
    """Returns kernels (O, C, *kernel_size) of a first layer per unit of the unscaled input: divided by its deviation.

    The layer gives Σ w · (x − mean) / std, so that one unit more of x adds w / std. None where that differs along the
    axes that the kernel slides along, or where the kernels of a group read some of the channels only.
    """
    if scale.std is None:
        return kernels
    std = torch.from_numpy(scale.std)
    if std.numel() == 1:
        return kernels / std.item()
    if std.dim() == kernels.dim() and std.shape[1] == kernels.shape[1] == std.numel():
        return kernels / std
    return None


def weight_histograms(subject: Subject) -> list[tuple[str, WeightHistogram]]:
    """Returns a histogram for each layer with weights: as its seed draws them, and as they are now."""
    first = weighted_layers(subject.architecture, build_untrained(subject.architecture, subject.seed))
    now = weighted_layers(subject.architecture, subject.build())
    return [(after.title, _histogram(before.weight, after.weight)) for before, after in zip(first, now, strict=True)]


def _histogram(before: Tensor, after: Tensor) -> WeightHistogram:
    values = [tensor.double().numpy().ravel() for tensor in (before, after)]
    finite = [array[np.isfinite(array)] for array in values]
    edges = np.histogram_bin_edges(np.concatenate(finite), HISTOGRAM_BINS)
    counts = [np.histogram(array, edges)[0] for array in finite]
    change = float(np.linalg.norm(values[1] - values[0]) / (np.linalg.norm(values[0]) or 1.0))
    return WeightHistogram(edges, counts[0], counts[1], change)


def _modules(model: nn.Module, path: LayerPath) -> Iterator[tuple[LayerPath, nn.Module]]:
    for place, module in enumerate(model.children()):
        yield (*path, place), module
        if isinstance(module, BlockModule):
            for number, stack in enumerate(module.stacks):
                yield from _modules(stack, (*path, place, number))
