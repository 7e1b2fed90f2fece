"""Rules about what a net sees of its input: edges that are never read, and the receptive field."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from cnnviz.advice.base import Net, Occurrence, label_step, layer_of_kind, path_after
from cnnviz.architecture import Architecture, Mend, Step, iter_steps, layer_number
from cnnviz.errors import ShapeError
from cnnviz.layers import Layer, Linear, ReLU, family
from cnnviz.layers.conv import ConvBase
from cnnviz.layers.pool.adaptive_pool import AdaptivePool
from cnnviz.layers.pool.window_pool import Pool
from cnnviz.layers.window import collapse_equal
from cnnviz.shapes import format_shape
from cnnviz.windows import Window

MIN_UNREAD_SHARE = 0.02
"""Share of an axis that must be lost for a remark: a net would not miss one row of 50."""
MIN_SEEN_SHARE = 0.5
"""Share of the input that the last convolution should see along at least one axis.

AlexNet sees 163 of 224 there and VGG-11 134 of 224; nets that see less leave it to their Linear layers to put the
parts of a picture together.
"""
SLICE_NAMES = {"height": ("row", "rows"), "width": ("column", "columns"), "depth": ("slice", "slices")}
"""What an axis consists of, in the singular and the plural."""


def find_unread_edge(net: Net) -> Iterator[Occurrence]:
    """Finds rows or columns at the end of an axis that no window reads, because ⌊ ⌋ rounds down."""
    for step in iter_steps(net.steps):
        lost = [
            (axis, size, rule)
            for axis, size, rule in step.axes
            if isinstance(rule, Window) and _loses_its_end(step.layer, rule, size)
        ]
        if any(rule.unread(size) > MIN_UNREAD_SHARE * size for _, size, rule in lost):
            description = "; ".join(_describe_unread(*unread_axis) for unread_axis in lost)
            yield Occurrence(
                step.path, f"{label_step(step, 'Layer')}: {description}.", _read_everything(net.architecture, step)
            )


def _loses_its_end(layer: Layer, rule: Window, size: int) -> bool:
    """Whether a window misses the end of an axis but reads everything before it.

    A stride longer than the window, or one that shares a divisor with the dilation, leaves gaps on purpose. Padding
    that repeats samples may show the end of an axis at its beginning.
    """
    gaps = rule.stride > rule.kernel_size or gcd(rule.stride, rule.dilation) > 1
    repeats = any(rule.padding) and getattr(layer, "padding_mode", "zeros") != "zeros"
    return not gaps and not repeats and rule.unread(size) > 0


def _describe_unread(axis: str, size: int, rule: Window) -> str:
    one, several = SLICE_NAMES.get(axis, ("sample", "samples"))
    unread = rule.unread(size)
    times = "once" if rule.out_size(size) == 1 else f"{rule.out_size(size)} times"
    which = f"the last {one} is" if unread == 1 else f"the last {unread} {several} are"
    return (
        f"a window of {rule.kernel_size} in steps of {rule.stride} is placed {times} in a {axis} of {size},"
        f" and {which} never read"
    )


def _read_everything(architecture: Architecture, step: Step) -> Iterator[Mend]:
    edits: list[dict[str, object]] = [{"ceil_mode": True}] if isinstance(step.layer, Pool) else []
    if hasattr(step.layer, "padding"):
        windows = [(size, rule) for _, size, rule in step.axes if isinstance(rule, Window)]
        edits.append(
            {"padding": collapse_equal([_smallest_reading_padding(step.layer, rule, size) for size, rule in windows])}
        )
    for edit in edits:
        ((name, value),) = edit.items()
        mended = architecture.update_layer(step.path, **edit)
        try:
            out = format_shape(mended.layer_at(step.path).output_shape(step.input_shape))
        except ShapeError:  # more padding than half of a pool's window, or than there is to reflect
            continue
        yield Mend(f"Set {name} to {value}: {format_shape(step.output_shape or ())} becomes {out}", mended)


def _smallest_reading_padding(layer: Layer, rule: Window, size: int) -> int:
    """Returns the smallest padding, at least the present one, with which the end of an axis is read."""
    if not _loses_its_end(layer, rule, size):
        return max(rule.padding)
    paddings = range(max(rule.padding), max(rule.padding) + rule.stride + 1)
    every_read = (p for p in paddings if not Window(rule.kernel_size, rule.stride, (p, p), rule.dilation).unread(size))
    return next(every_read, max(rule.padding))


def find_small_receptive_field(net: Net) -> Iterator[Occurrence]:
    """Finds a last convolution that sees less than half of the input along every axis; the next step is one more."""
    convolutions = [step for step in net.steps if any(isinstance(each.layer, ConvBase) for each in iter_steps([step]))]
    last = convolutions[-1] if convolutions else None
    if last is None or last.receptive_field is None:
        return
    axes = [
        (min(reach.size, size), size)
        for reach, size in zip(last.receptive_field, net.architecture.input_shape[1:], strict=True)
    ]
    if (
        not axes
        or any(seen >= MIN_SEEN_SHARE * size for seen, size in axes if size > 1)
        or all(size == 1 for _, size in axes)
    ):
        return
    seen = " × ".join(f"{seen} of {size}" for seen, size in axes)
    what = "the last convolution" if isinstance(last.layer, ConvBase) else "which holds the last convolution"
    text = f"Each number after {label_step(last)}, {what}, comes from {seen} of the input."
    later = [step for step in net.steps[last.path[0] + 1 :] if isinstance(step.layer, Linear | AdaptivePool)]
    if later:
        effect = "puts together" if isinstance(later[0].layer, Linear) else "pools"
        text += f" Only {label_step(later[0])}, {effect} what is further apart, position by position."
    yield Occurrence(last.path, text, _add_convolution(net, last), is_step=True)


def find_single_convolution(net: Net) -> Iterator[Occurrence]:
    """Finds the only convolution of a net, unless it sees little of the input, which is remarked as such."""
    convolutions = [step for step in iter_steps(net.steps) if isinstance(step.layer, ConvBase)]
    if len(convolutions) != 1 or any(find_small_receptive_field(net)):
        return
    (only,) = convolutions
    text = f"{label_step(only, 'Layer')}, is the only convolution: it has to recognize whole patterns at one go."
    yield Occurrence(only.path, text, _add_convolution(net, net.steps[only.path[0]]), is_step=True)


def _add_convolution(net: Net, last: Step) -> Iterator[Mend]:
    """Yields nets with one more convolution after the last one and what belongs to it, with and without a pool."""
    position = last
    for step in net.steps[last.path[0] + 1 :]:
        if family(step.layer.kind) not in ("norm", "activation", "pool", "dropout") or isinstance(
            step.layer, AdaptivePool
        ):
            break
        position = step
    shape = position.output_shape or ()
    axes = len(shape) - 1
    if axes < 1:
        return
    conv = layer_of_kind(f"Conv{axes}d", out_channels=2 * shape[0], kernel_size=3, padding=1)
    pool = layer_of_kind(f"MaxPool{axes}d", kernel_size=2, ceil_mode=True)
    for text, layers in (
        ("convolution and a ReLU", (conv, ReLU())),
        ("pool, a convolution and a ReLU", (pool, conv, ReLU())),
    ):
        mended = net.architecture
        for layer in reversed(layers):
            mended = mended.insert_layer(path_after(position), layer)
        yield Mend(f"Add a {text} after layer {layer_number(position.path)}", mended)
