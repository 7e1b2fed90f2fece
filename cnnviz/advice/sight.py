"""Rules on what a net sees of its input: edges that are never read, and the receptive field."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from cnnviz.advice.base import Finding, Net, behind, made, named
from cnnviz.architecture import Architecture, Mend, Step, every, number
from cnnviz.errors import ShapeError
from cnnviz.layers import Layer, Linear, ReLU, family
from cnnviz.layers.conv import Filters
from cnnviz.layers.pool import AdaptivePool, Pool
from cnnviz.layers.window import alike
from cnnviz.shapes import Window, show

LEAST_UNREAD = 0.02
"""Share of an axis that must be lost for a remark: one row of 50 at an edge is nothing that a net would miss."""
LEAST_SEEN = 0.5
"""Share of the input that the last convolution should see along one axis at least.

AlexNet sees 163 of 224 there and VGG-11 134 of 224; nets that see less leave it to their Linear layers to put the
parts of a picture together.
"""
SLICES = {"height": ("row", "rows"), "width": ("column", "columns"), "depth": ("slice", "slices")}
"""What lies along an axis, one of it and several."""


def unread_edge(net: Net) -> Iterator[Finding]:
    """Rows or columns at the end of an axis that no window reads, because ⌊ ⌋ rounds down."""
    for step in every(net.steps):
        lost = [
            (axis, size, rule)
            for axis, size, rule in step.axes
            if isinstance(rule, Window) and _loses_its_end(step.layer, rule, size)
        ]
        if any(rule.unread(size) > LEAST_UNREAD * size for _, size, rule in lost):
            told = "; ".join(_lost(*each) for each in lost)
            yield Finding(step.path, f"{named(step, 'Layer')}: {told}.", _all_read(net.architecture, step))


def _loses_its_end(layer: Layer, rule: Window, size: int) -> bool:
    """Whether the end of an axis is lost to a window that reads all that lies before it.

    A stride longer than the window, or one that shares a divisor with the dilation, leaves gaps on purpose. Padding
    that repeats samples may show the end of an axis at its beginning.
    """
    gaps = rule.stride > rule.kernel_size or gcd(rule.stride, rule.dilation) > 1
    repeats = any(rule.padding) and getattr(layer, "padding_mode", "zeros") != "zeros"
    return not gaps and not repeats and rule.unread(size) > 0


def _lost(axis: str, size: int, rule: Window) -> str:
    one, several = SLICES.get(axis, ("sample", "samples"))
    unread = rule.unread(size)
    times = "once" if rule.out(size) == 1 else f"{rule.out(size)} times"
    which = f"the last {one} is" if unread == 1 else f"the last {unread} {several} are"
    return (
        f"a window of {rule.kernel_size} in steps of {rule.stride} stands {times} in a {axis} of {size},"
        f" and {which} never read"
    )


def _all_read(architecture: Architecture, step: Step) -> Iterator[Mend]:
    edits: list[dict[str, object]] = [{"ceil_mode": True}] if isinstance(step.layer, Pool) else []
    if hasattr(step.layer, "padding"):
        windows = [(size, rule) for _, size, rule in step.axes if isinstance(rule, Window)]
        edits.append({"padding": alike([_padding(step.layer, rule, size) for size, rule in windows])})
    for edit in edits:
        ((name, value),) = edit.items()
        mended = architecture.replaced(step.path, **edit)
        try:
            out = show(mended.at(step.path).output_shape(step.input_shape))
        except ShapeError:  # more padding than half of a pool's window, or than there is to reflect
            continue
        yield Mend(f"Set {name} to {value}: {show(step.output_shape or ())} becomes {out}", mended)


def _padding(layer: Layer, rule: Window, size: int) -> int:
    """The smallest padding, no less than now, with which the end of an axis is read; where it is not lost, as now."""
    if not _loses_its_end(layer, rule, size):
        return max(rule.padding)
    paddings = range(max(rule.padding), max(rule.padding) + rule.stride + 1)
    every_read = (p for p in paddings if not Window(rule.kernel_size, rule.stride, (p, p), rule.dilation).unread(size))
    return next(every_read, max(rule.padding))


def receptive_field(net: Net) -> Iterator[Finding]:
    """The last convolution sees less than half of the input along every axis."""
    convolutions = [step for step in net.steps if any(isinstance(each.layer, Filters) for each in every([step]))]
    last = convolutions[-1] if convolutions else None
    if last is None or last.reach is None:
        return
    axes = [
        (min(reach.size, size), size) for reach, size in zip(last.reach, net.architecture.input_shape[1:], strict=True)
    ]
    if (
        not axes
        or any(seen >= LEAST_SEEN * size for seen, size in axes if size > 1)
        or all(size == 1 for _, size in axes)
    ):
        return
    seen = " × ".join(f"{seen} of {size}" for seen, size in axes)
    what = "the last convolution" if isinstance(last.layer, Filters) else "which holds the last convolution"
    text = f"Each number behind {named(last)}, {what}, comes from {seen} of the input."
    later = [step for step in net.steps[last.path[0] + 1 :] if isinstance(step.layer, Linear | AdaptivePool)]
    if later:
        does = "puts together" if isinstance(later[0].layer, Linear) else "pools"
        text += f" What lies further apart, only {named(later[0])}, {does}, place by place."
    yield Finding(last.path, text, _one_more(net, last))


def _one_more(net: Net, last: Step) -> Iterator[Mend]:
    """A further convolution behind the last one and what belongs to it, with a pool before it if need be."""
    at = last
    for step in net.steps[last.path[0] + 1 :]:
        if family(step.layer.kind) not in ("norm", "activation", "pool", "dropout") or isinstance(
            step.layer, AdaptivePool
        ):
            break
        at = step
    shape = at.output_shape or ()
    axes = len(shape) - 1
    if axes < 1:
        return
    conv = made(f"Conv{axes}d", out_channels=2 * shape[0], kernel_size=3, padding=1)
    pool = made(f"MaxPool{axes}d", kernel_size=2, ceil_mode=True)
    for text, layers in (
        ("convolution and a ReLU", (conv, ReLU())),
        ("pool, a convolution and a ReLU", (pool, conv, ReLU())),
    ):
        mended = net.architecture
        for layer in reversed(layers):
            mended = mended.inserted(behind(at), layer)
        yield Mend(f"Add a {text} behind layer {number(at.path)}", mended)
