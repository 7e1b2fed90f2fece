"""The search for mends: edits by which a refused stack goes further, each tried out before it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isqrt

from cnnviz.architecture.design import Architecture, LayerPath, layer_number
from cnnviz.architecture.mend import Mend
from cnnviz.architecture.step import Step, find_refusing_step, iter_steps, trace_shapes
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import PALETTE, Block, Layer, family
from cnnviz.shapes import Shape, format_shape

MAX_MENDS = 4
MAX_KERNELS_TRIED = 64
"""Largest number of kernel sizes that are tried, in descending order."""


def find_mends(architecture: Architecture, refused: Step) -> tuple[Mend, ...]:
    """Returns at most four edits after which more layers get an input that they accept, the smallest edit first."""
    waiting_before = _count_waiting(architecture)
    mends: dict[str, Mend] = {}
    for candidate in _candidates(architecture, refused):
        if candidate.text not in mends and _count_waiting(candidate.architecture) < waiting_before:
            mends[candidate.text] = candidate
        if len(mends) == MAX_MENDS:
            break
    return tuple(mends.values())


def _count_waiting(architecture: Architecture) -> int:
    """Counts the layers that refuse, or that no sample reaches because one before or inside them refuses."""
    fitting = sum(step.output_shape is not None for step in iter_steps(trace_shapes(architecture)))
    return sum(1 for _ in architecture.iter_layers()) - fitting


def _candidates(architecture: Architecture, refused: Step) -> Iterator[Mend]:
    yield from _suggested_changes(architecture, refused)
    yield from _other_axes(architecture, refused)
    yield from _flatten_later(architecture, refused)
    yield from _other_input(architecture)
    yield from _without_earlier_pool(architecture, refused)
    yield from _without_layer(architecture, refused)


def _suggested_changes(architecture: Architecture, refused: Step) -> list[Mend]:
    """Lists the changes that the layer suggests, preceded by one that leaves enough for the layers after it."""
    suggestions = list(_working_changes(architecture, refused))
    kernels = (getattr(mend.architecture.layer_at(refused.path), "kernel_size", None) for mend in suggestions)
    largest = min((size for size in kernels if isinstance(size, int)), default=1)
    return [*_smaller_kernel(architecture, refused.path, largest), *suggestions]


def _working_changes(architecture: Architecture, refused: Step) -> Iterator[Mend]:
    """Yields the changes that the layer suggests; where it then refuses again, with its next suggestion as well."""
    for first in refused.suggested_changes:
        changes = dict(first)
        for _ in range(len(type(refused.layer).model_fields)):
            try:
                mended = architecture.update_layer(refused.path, **changes)
                mended.layer_at(refused.path).output_shape(refused.input_shape)
            except ShapeError as next_error:
                if not next_error.changes or next_error.changes[0].items() <= changes.items():
                    break
                changes |= next_error.changes[0]
            except DesignError:
                break
            else:
                yield Mend(_describe_changes(refused.layer, changes), mended)
                break


def _smaller_kernel(architecture: Architecture, path: LayerPath, largest: int) -> Iterator[Mend]:
    """Yields the largest kernel that leaves enough for the layers after it, if the largest that fits does not."""
    for size in range(largest, max(largest - MAX_KERNELS_TRIED, 0), -1) if largest > 1 else ():
        mended = architecture.update_layer(path, kernel_size=size)
        if find_refusing_step(trace_shapes(mended)) is None:
            if size < largest:
                yield Mend(f"Set kernel_size to {size}, the largest that leaves enough for the layers after it", mended)
            return


def _other_axes(architecture: Architecture, refused: Step) -> Iterator[Mend]:
    """Yields the same layer for another number of axes: Conv1d for Conv2d."""
    stem = re.fullmatch(r"(\w+)[123]d", refused.layer.kind)
    kind = f"{stem[1]}{max(len(refused.input_shape) - 1, 1)}d" if stem else ""
    if kind in PALETTE and kind != refused.layer.kind:
        mended = architecture.update_layer(refused.path, kind=kind)
        step = Step(mended.layer_at(refused.path), refused.input_shape, None, refused.path)
        try:
            step.layer.output_shape(step.input_shape)
        except ShapeError as error:
            step = Step(step.layer, step.input_shape, None, step.path, suggested_changes=error.changes)
            for mend in _suggested_changes(mended, step):
                yield Mend(f"Make it {kind}, {mend.text[0].lower()}{mend.text[1:]}", mend.architecture)
        else:
            yield Mend(f"Make it {kind}", mended)


def _flatten_later(architecture: Architecture, refused: Step) -> Iterator[Mend]:
    """Moves or removes a Flatten before a layer that needs the axes it merged."""
    *before, index = refused.path
    for earlier in reversed(range(index)):
        path = (*before, earlier)
        kind = architecture.layer_at(path).kind
        if kind == "Linear":  # wants the sample flat where it stands
            break
        if kind == "Flatten":
            moved = architecture.move_layer(path, (*before, index))
            yield Mend(f"Put the Flatten after this {refused.layer.kind}", moved)
            yield Mend(f"Remove the Flatten before it (layer {layer_number(path)})", architecture.remove_layer(path))
            break


def _other_input(architecture: Architecture) -> Iterator[Mend]:
    """Adds a channel axis to the input shape, or takes off a first axis of size 1."""
    shape = architecture.input_shape
    if len(shape) == 1:
        yield from (
            Mend(f"Give the input the axes of a picture: {format_shape(square)}", architecture.with_input_shape(square))
            for square in _squares(shape[0])
        )
    if len(shape) in (1, 2, 3):
        added = (1, *shape)
        yield Mend(f"Give the input a channel axis: {format_shape(added)}", architecture.with_input_shape(added))
    if len(shape) > 1 and shape[0] == 1:
        yield Mend(
            f"Take the first axis off the input: {format_shape(shape[1:])}", architecture.with_input_shape(shape[1:])
        )


def _squares(size: int) -> Iterator[Shape]:
    """Yields the square pictures that a flat sample may be: in one channel, or in three colours.

    >>> list(_squares(784)), list(_squares(3072))
    ([(1, 28, 28)], [(3, 32, 32)])
    """
    for channels in (1, 3):
        side = isqrt(size // channels)
        if side > 1 and channels * side * side == size:
            yield (channels, side, side)


def _without_earlier_pool(architecture: Architecture, refused: Step) -> Iterator[Mend]:
    """Removes a pool that made the sample too small for a later window."""
    *before, index = refused.path
    for earlier in reversed(range(index)):
        path = (*before, earlier)
        if family((layer := architecture.layer_at(path)).kind) == "pool":
            yield Mend(
                f"Remove the {layer.kind} before it (layer {layer_number(path)})", architecture.remove_layer(path)
            )
            break


def _without_layer(architecture: Architecture, refused: Step) -> Iterator[Mend]:
    """Removes the layer (or the block around it), and those after it that would then refuse in its place."""
    for end in range(len(refused.path), 0, -2):
        path = refused.path[:end]
        removed, mended = 0, architecture
        step: Step | None = refused
        while step and step.path[:end] == path:
            mended = mended.remove_layer(path)
            removed += 1
            step = find_refusing_step(trace_shapes(mended))
        others = "" if removed == 1 else f" and the {removed - 1} after it"
        which = "this" if end == len(refused.path) else "the whole"
        yield Mend(f"Remove {which} {architecture.layer_at(path).kind}{others}", mended)


def _describe_changes(layer: Layer, changes: Mapping[str, object]) -> str:
    """Writes changes of a layer as an instruction."""
    parts = [f"Make it {changes['kind']}"] if "kind" in changes else []
    settings = {name: value for name, value in changes.items() if name != "kind"}
    if isinstance(layer, Block):
        parts.append(layer.describe_changes(changes))
        settings = {name: value for name, value in settings.items() if name in layer.parameter_names()}
    if settings:
        parts.append("Set " + " and ".join(f"{name} to {_format_value(value)}" for name, value in settings.items()))
    return ", ".join(filter(None, parts))


def _format_value(value: object) -> str:
    return "empty" if value is None else repr(value)
