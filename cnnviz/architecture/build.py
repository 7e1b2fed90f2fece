"""The net of a design in torch, its layers by name and by path."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator

from torch import nn

from cnnviz.architecture.design import Architecture, LayerPath
from cnnviz.architecture.trace import fitting_steps
from cnnviz.layers.block_module import BlockModule


def layer_names(architecture: Architecture) -> tuple[str, ...]:
    """Returns the layers' attribute names in generated code and in the keys of the weights: conv1, relu1, conv2, …"""
    counts: Counter[str] = Counter()
    result = []
    for layer in architecture.layers:
        counts[layer.prefix] += 1
        result.append(f"{layer.prefix}{counts[layer.prefix]}")
    return tuple(result)


def build_model(architecture: Architecture) -> nn.Module:
    """Returns the net in torch, with the names of `layer_names`; raises ShapeError where the stack does not fit."""
    steps = fitting_steps(architecture)
    modules = (step.layer.build_module(step.input_shape) for step in steps)
    return nn.Sequential(OrderedDict(zip(layer_names(architecture), modules, strict=True)))


def iter_modules(model: nn.Module) -> Iterator[tuple[LayerPath, nn.Module]]:
    """Yields every layer of a net from `build_model` with its path; in place of a block, the layers inside it."""
    for place, layer in enumerate(model.children()):
        if isinstance(layer, BlockModule):
            for stack, inside in enumerate(layer.stacks):
                yield from (((place, stack, *path), module) for path, module in iter_modules(inside))
        else:
            yield (place,), layer
