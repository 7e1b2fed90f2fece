"""What follows from a design: its steps with reasons and mends, and the net in torch."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from torch import nn

from cnnviz.architecture.design import Architecture, LayerPath
from cnnviz.architecture.mend import Mend, find_mends
from cnnviz.architecture.step import Step, find_refusing_step, trace_shapes
from cnnviz.errors import ShapeError
from cnnviz.layers.block_module import BlockModule
from cnnviz.shapes import Shape


def trace(architecture: Architecture) -> tuple[Step, ...]:
    """The steps of the stack, up to and with the first layer that refuses. Never raises, never builds a tensor.

    >>> from cnnviz.presets import PRESETS
    >>> [step.output_shape for step in trace(PRESETS["lab-convnet"].architecture)][:2]
    [(10, 90, 17), (10, 22, 4)]
    """
    steps = trace_shapes(architecture)
    refused = find_refusing_step(steps)
    return _with_mends(steps, refused.path, find_mends(architecture, refused)) if refused else steps


def output_shape(architecture: Architecture) -> Shape:
    """Shape of one sample behind the last layer; raises ShapeError with the reason of the layer that refuses."""
    return _steps_or_raise(architecture)[-1].output_shape or () if architecture.layers else architecture.input_shape


def layer_names(architecture: Architecture) -> tuple[str, ...]:
    """Attribute names of the layers, as in generated code and in the keys of the weights: conv1, relu1, conv2, …"""
    counts: Counter[str] = Counter()
    result = []
    for layer in architecture.layers:
        counts[layer.prefix] += 1
        result.append(f"{layer.prefix}{counts[layer.prefix]}")
    return tuple(result)


def build_model(architecture: Architecture) -> nn.Module:
    """The net in torch, its layers named by `names`; raises ShapeError where the stack does not fit."""
    steps = _steps_or_raise(architecture)
    modules = (step.layer.build_module(step.input_shape) for step in steps)
    return nn.Sequential(OrderedDict(zip(layer_names(architecture), modules, strict=True)))


def iter_modules(model: nn.Module) -> Iterator[tuple[LayerPath, nn.Module]]:
    """Every layer of a net that `build` has made, with its path; of a block, the layers inside it."""
    for place, layer in enumerate(model.children()):
        if isinstance(layer, BlockModule):
            for stack, inside in enumerate(layer.stacks):
                yield from (((place, stack, *path), module) for path, module in iter_modules(inside))
        else:
            yield (place,), layer


def _steps_or_raise(architecture: Architecture) -> tuple[Step, ...]:
    steps = trace_shapes(architecture)
    if steps and steps[-1].error:
        raise ShapeError(steps[-1].error)
    return steps


def _with_mends(steps: tuple[Step, ...], path: LayerPath, new_mends: tuple[Mend, ...]) -> tuple[Step, ...]:
    """The same steps, the mends given to the one that refuses and to the blocks around it."""
    last = steps[-1]
    within = path[len(last.path)] if len(path) > len(last.path) else None
    stacks = tuple(
        _with_mends(stack, path, new_mends) if branch == within else stack for branch, stack in enumerate(last.stacks)
    )
    return (*steps[:-1], replace(last, stacks=stacks, mends=new_mends))
