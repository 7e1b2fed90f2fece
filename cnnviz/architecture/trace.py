"""The trace of a design: its steps, with reasons and mends."""

from __future__ import annotations

from dataclasses import replace

from cnnviz.architecture.design import Architecture, LayerPath
from cnnviz.architecture.mend import Mend
from cnnviz.architecture.mend_candidates import find_mends
from cnnviz.architecture.step import Step, find_refusing_step, trace_shapes
from cnnviz.errors import ShapeError
from cnnviz.shapes import Shape


def trace(architecture: Architecture) -> tuple[Step, ...]:
    """Returns the steps of the stack, up to and with the first layer that refuses; never raises or builds a tensor.

    >>> from cnnviz.presets import PRESETS
    >>> [step.output_shape for step in trace(PRESETS["lab-convnet"].architecture)][:2]
    [(10, 90, 17), (10, 22, 4)]
    """
    steps = trace_shapes(architecture)
    refused = find_refusing_step(steps)
    return _with_mends(steps, refused.path, find_mends(architecture, refused)) if refused else steps


def output_shape(architecture: Architecture) -> Shape:
    """Returns the shape of one sample behind the last layer; raises ShapeError where a layer refuses."""
    return fitting_steps(architecture)[-1].output_shape or () if architecture.layers else architecture.input_shape


def fitting_steps(architecture: Architecture) -> tuple[Step, ...]:
    """Returns the steps of a design without mends; raises ShapeError with the reason of the layer that refuses."""
    steps = trace_shapes(architecture)
    if steps and steps[-1].error:
        raise ShapeError(steps[-1].error)
    return steps


def _with_mends(steps: tuple[Step, ...], path: LayerPath, new_mends: tuple[Mend, ...]) -> tuple[Step, ...]:
    """Returns the same steps, with mends in the one that refuses and in the blocks around it."""
    last = steps[-1]
    within = path[len(last.path)] if len(path) > len(last.path) else None
    stacks = tuple(
        _with_mends(stack, path, new_mends) if branch == within else stack for branch, stack in enumerate(last.stacks)
    )
    return (*steps[:-1], replace(last, stacks=stacks, mends=new_mends))
