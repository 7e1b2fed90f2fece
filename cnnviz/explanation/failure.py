"""Why a call failed: the reason with axis and numbers, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnnviz.architecture import Mend, iter_steps, trace
from cnnviz.errors import DesignError, ShapeError
from cnnviz.explanation.live_layers import input_sizes
from cnnviz.explanation.nodes import Call, Node
from cnnviz.explanation.stacking import to_architecture
from cnnviz.layers import Block, Layer, Linear
from cnnviz.shapes import Shape, format_shape, numel

MAX_MESSAGE_LENGTH = 300
"""Largest number of characters that are quoted of torch's own message."""


@dataclass(frozen=True)
class Failure:
    """A call that raised: why, what would mend it, and what torch said."""

    reason: str
    mends: tuple[str, ...]
    torch_message: str
    is_explained: bool
    """Whether the reason is the shape rule's; else it is torch's own message."""


def find_failure(call: Call, inputs: Sequence[Node]) -> Failure:
    """Returns why a call with an error failed; `inputs` are those of the net."""
    message = torch_message(call.error)
    shape = call.input_shape
    if call.join and (reason := _join_reason(call)):
        return Failure(reason, (), message, is_explained=True)
    if call.layer and shape:
        differing = input_sizes(call.module, call.layer, shape) if call.module else {}
        try:
            call.layer.output_shape(shape)
            refusal = None
        except ShapeError as error:
            refusal = error
        if differing and _takes_axes(call.layer, shape):
            (name, (expected, size)), *_ = differing.items()
            mends = _size_mends(call, name, expected, shape)
            return Failure(_size_reason(name, expected, size, shape), tuple(mends), message, is_explained=True)
        if refusal:
            found = tuple(_tried_mends(call, inputs)) or tuple(map(_written_change, refusal.changes))
            return Failure(f"{str(refusal)[:1].upper()}{str(refusal)[1:]}.", found, message, is_explained=True)
    if shape and call.name.endswith(")") and call.kind.startswith(("view(", "reshape(")):
        reason = f"A sample is {format_shape(shape)} = {numel(shape)} numbers here, which {call.kind} cannot arrange."
        return Failure(reason, ("Write flatten(1)",), message, is_explained=True)
    return Failure(message, (), message, is_explained=False)


def torch_message(error: Exception | None) -> str:
    """Returns the class and the first line of an exception's message."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text if len(text) <= MAX_MESSAGE_LENGTH else f"{text[: MAX_MESSAGE_LENGTH - 1]}…"


def _join_reason(call: Call) -> str:
    shapes = [format_shape(node.shape) if node.shape is not None else "another batch" for node in call.inputs]
    if len(set(shapes)) == 1:
        return ""
    parts = [f"{shape} (from {node.name})" for shape, node in zip(shapes, call.inputs, strict=True)]
    both = f"{', '.join(parts[:-1])} and {parts[-1]}"
    if call.kind == "+":
        return f"Cannot add {both}: all axes must have the same sizes."
    return f"Cannot put {both} side by side: only the channels may differ."


def _takes_axes(layer: Layer, shape: Shape) -> bool:
    """Whether the layer takes samples with this number of axes, whatever their sizes."""
    axes = getattr(layer, "axes", None)
    return len(shape) == axes + 1 if axes is not None else len(shape) in getattr(layer, "sample_axes", (len(shape),))


def _size_reason(name: str, expected: object, size: object, shape: Shape) -> str:
    if name == "in_features" and len(shape) > 1:
        return f"in_features is {expected}, but the last axis of {format_shape(shape)} has {size}."
    what = "feature" if len(shape) == 1 else "channel"
    comes_in = f"1 {what} comes in" if size == 1 else f"{size} {what}s come in"
    return f"{name} is {expected}, but {comes_in}" + ("." if len(shape) == 1 else f": {format_shape(shape)}.")


def _size_mends(call: Call, name: str, expected: object, shape: Shape) -> Iterator[str]:
    """Yields what would make the size that a module is made for that of its input."""
    is_at_start = not call.inputs[0].sources
    if isinstance(call.layer, Linear) and len(shape) > 1:
        if numel(shape) == expected:
            yield "Put nn.Flatten() before it"
        else:
            yield f"Put nn.Flatten() before it and set in_features to {numel(shape)}"
        yield f"Set in_features to {shape[-1]}, so that it works along the last axis"
        return
    if is_at_start and isinstance(expected, int) and len(shape) > 1:
        if shape[-1] == expected:
            yield f"Put the channels first: samples of {format_shape((shape[-1], *shape[:-1]))}"
        else:
            yield f"Give it samples of {format_shape((expected, *shape[1:]))}"
    yield f"Set {name} to {shape[-1] if name == 'in_features' else shape[0]}"


def _tried_mends(call: Call, inputs: Sequence[Node]) -> Iterator[str]:
    """Yields the mends of the stack that ends in the layer, where it is one, and where the other modules take them."""
    if call.layer is None:
        return
    try:
        stack = to_architecture(inputs, call.inputs, call.layer)
    except DesignError:
        return
    steps = trace(stack)
    has_blocks = any(isinstance(layer, Block) for layer in stack.layers)
    sizes = {id(step.layer): _inferred(step.layer, step.input_shape) for step in iter_steps(steps[:-1])}
    inferred = _inferred(call.layer, call.input_shape or ())
    sizes[id(stack.layers[-1])] = {name: getattr(call.module, name) for name in inferred if call.module}
    # a batch axis in the input shape is the likeliest reason of all
    mends = sorted(steps[-1].mends, key=lambda mend: not mend.text.startswith("Take the first axis off the input"))
    for mend in mends:
        is_numbered = has_blocks and "(layer " in mend.text
        if not is_numbered and _keeps_sizes(mend, sizes):
            yield mend.text


def _keeps_sizes(mend: Mend, sizes: dict[int, dict[str, object]]) -> bool:
    """Whether modules with weights, which are made for certain sizes, get them after a mend."""
    return all(
        _inferred(step.layer, step.input_shape).items() >= sizes.get(id(step.layer), {}).items()
        for step in iter_steps(trace(mend.architecture))
    )


def _inferred(layer: Layer, shape: Shape) -> dict[str, object]:
    """Returns the sizes that follow from the input and that weights are made for."""
    fields = type(layer).model_fields
    return {name: size for name, size in layer.inferred_arguments(shape).items() if name not in fields}


def _written_change(changes: object) -> str:
    settings = dict(changes)  # type: ignore[call-overload]
    kind = settings.pop("kind", None)
    parts = [f"Make it {kind}"] if kind else []
    if settings:
        parts.append("Set " + " and ".join(f"{name} to {value!r}" for name, value in settings.items()))
    return ", ".join(parts)
