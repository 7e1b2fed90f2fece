"""A small input for a window to slide over, with the values that torch computes from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from cnnviz.architecture import Architecture
from cnnviz.calculator.axis_layout import AxisLayout, lay_out_axis
from cnnviz.calculator.inverse import parameter_value
from cnnviz.calculator.operation import WindowRule, window_rules
from cnnviz.errors import ShapeError
from cnnviz.layers import Layer
from cnnviz.layers.window import collapse_equal
from cnnviz.shapes import format_shape
from cnnviz.windows import TransposedWindow, Window

SEED = 8


@dataclass(frozen=True)
class DrawingLimits:
    """The largest numbers that fit a drawing, for every axis.

    Up to `max_cells` and `max_kernel_size` a student's own numbers are drawn; larger ones are replaced with
    `fallback_size` samples and a kernel of `fallback_kernel_size`, which are easy to take in at a glance.
    """

    max_cells: int
    fallback_size: int
    max_kernel_size: int
    fallback_kernel_size: int
    max_stride: int
    max_padding: int
    max_dilation: int


DRAWING_LIMITS = {
    1: DrawingLimits(
        max_cells=22,
        fallback_size=16,
        max_kernel_size=6,
        fallback_kernel_size=5,
        max_stride=5,
        max_padding=3,
        max_dilation=4,
    ),
    2: DrawingLimits(
        max_cells=13,
        fallback_size=10,
        max_kernel_size=4,
        fallback_kernel_size=3,
        max_stride=4,
        max_padding=2,
        max_dilation=3,
    ),
    3: DrawingLimits(
        max_cells=8,
        fallback_size=6,
        max_kernel_size=3,
        fallback_kernel_size=3,
        max_stride=3,
        max_padding=1,
        max_dilation=2,
    ),
}
"""Number of axes → the limits of its drawing."""


@dataclass(frozen=True)
class Example:
    """A layer over a small sample of one channel: its input, its weights, and the output that torch computes.

    The values have the shape (…, H, W); `weights` is None for a pool.
    """

    layer: Layer
    sizes: tuple[int, ...]
    axis_layouts: tuple[AxisLayout, ...]
    input_values: torch.Tensor
    weights: torch.Tensor | None
    output_values: torch.Tensor


@lru_cache(maxsize=256)
def build_example(design: Architecture) -> Example:
    """Builds an example of the student's operation, or of one as similar as there is room for if it is too large.

    Raises ShapeError when the layer does not accept its input.
    """
    rules = window_rules(design)
    (layer,) = design.layers
    limits = DRAWING_LIMITS[len(rules)]
    small = [_shrink_rule(layer, rule, limits) for rule in rules]
    sizes = (
        _choose_size(*rule_and_size, limits) for rule_and_size in zip(small, rules, design.input_shape[1:], strict=True)
    )
    return compute_example(_layer_with_rules(layer, small), tuple(sizes))


def describe_reductions(design: Architecture, drawn_example: Example) -> str:
    """Describes what is drawn instead of the student's own numbers; empty if those are drawn.

    >>> from cnnviz.calculator.operation import EXAMPLE_DESIGNS
    >>> describe_reductions(EXAMPLE_DESIGNS["The lab's pool"], build_example(EXAMPLE_DESIGNS["The lab's pool"]))
    'an input of 10 × 9 instead of 90 × 17'
    """
    (layer,) = design.layers
    parts = []
    if drawn_example.sizes != design.input_shape[1:]:
        parts.append(
            f"an input of {format_shape(drawn_example.sizes)} instead of {format_shape(design.input_shape[1:])}"
        )
    for name in ("kernel_size", "stride", "padding", "dilation", "output_padding"):
        now, before = getattr(drawn_example.layer, name, None), getattr(layer, name, None)
        if now != before:
            parts.append(f"a {name} of {_format_value(now)} instead of {_format_value(before)}")
    return ", ".join(parts)


def compute_example(layer: Layer, sizes: tuple[int, ...]) -> Example:
    """Computes the layer's output for an input of whole numbers, the same ones every time."""
    rules = window_rules(Architecture(input_shape=(1, *sizes), layers=(layer,)))
    random = torch.Generator().manual_seed(SEED)
    pool = "Pool" in layer.kind
    source = torch.randint(0, 10 if pool else 4, sizes, generator=random).float()
    weights = None
    with torch.no_grad():
        module = layer.build_module((1, *sizes))
        if not pool:
            kernel = tuple(rule.kernel_size for rule in rules)
            weights = torch.tensor([-1.0, 1.0, 2.0])[torch.randint(0, 3, kernel, generator=random)]
            module.weight.copy_(weights.expand_as(module.weight))  # type: ignore[operator, arg-type]
        result = module(source[None, None])[0, 0]
    axis_layouts = tuple(lay_out_axis(rule, size) for rule, size in zip(rules, sizes, strict=True))
    return Example(layer, sizes, axis_layouts, source, weights, result)


def _shrink_rule(layer: Layer, rule: WindowRule, limits: DrawingLimits) -> WindowRule:
    """Reduces the numbers of a rule until at least one size can be drawn."""
    kernel = rule.kernel_size if rule.kernel_size <= limits.max_kernel_size else limits.fallback_kernel_size
    dilation = min(rule.dilation, limits.max_dilation)
    small = replace(rule, kernel_size=kernel, stride=min(rule.stride, limits.max_stride), dilation=dilation)
    while True:
        small = _fit_padding(layer, rule, small, limits)
        if any(_fits_drawing(small, size, limits) for size in range(1, limits.max_cells + 1)):
            return small
        if small.dilation > 1:
            small = replace(small, dilation=small.dilation - 1)
        else:
            small = replace(small, kernel_size=small.kernel_size - 1)


def _fit_padding(layer: Layer, rule: WindowRule, small: WindowRule, limits: DrawingLimits) -> WindowRule:
    """Gives a reduced rule as much padding as fits and torch accepts; a stride of None follows the kernel_size."""
    if isinstance(rule, TransposedWindow) and isinstance(small, TransposedWindow):
        max_output_padding = max(small.stride, small.dilation) - 1
        output_padding = min(rule.output_padding, max_output_padding)
        return replace(small, padding=min(rule.padding, limits.max_padding), output_padding=output_padding)
    if not isinstance(rule, Window) or not isinstance(small, Window):
        raise TypeError(rule)
    if layer.padding == "same":  # type: ignore[attr-defined]
        return replace(small, padding=((small.extent - 1) // 2, small.extent // 2))
    if layer.stride is None:  # type: ignore[attr-defined]
        small = replace(small, stride=small.kernel_size)
    max_padding = min(limits.max_padding, small.kernel_size // 2) if "Pool" in layer.kind else limits.max_padding
    return replace(small, padding=(min(rule.padding[0], max_padding),) * 2)


def _layer_with_rules(layer: Layer, rules: Sequence[WindowRule]) -> Layer:
    """Returns the layer with these rules along its axes, and with one filter without a bias."""
    change: dict[str, object] = {"out_channels": 1, "groups": 1, "bias": False, "padding_mode": "zeros"}
    for name in ("kernel_size", "stride", "padding", "output_padding", "dilation"):
        if isinstance(getattr(layer, name, None), int | tuple):
            change[name] = collapse_equal([parameter_value(rule, name) for rule in rules])
    return layer.model_copy(update={name: value for name, value in change.items() if name in type(layer).model_fields})


def _choose_size(rule: WindowRule, original: WindowRule, size: int, limits: DrawingLimits) -> int:
    """Returns the student's size if it can be drawn, else the largest one, if possible with the same remainder."""
    fitting = [n for n in range(1, limits.max_cells + 1) if _fits_drawing(rule, n, limits)]
    if size in fitting and size <= limits.max_cells:
        return size
    large = [n for n in fitting if n >= rule.kernel_size] or fitting
    candidates = [n for n in large if n <= min(size, limits.fallback_size)] or large[:1]
    if isinstance(rule, Window) and isinstance(original, Window) and rule.stride == original.stride:
        remainder = original.remainder(size)
        candidates = [n for n in candidates if rule.out_size(n) > 1 and rule.remainder(n) == remainder] or candidates
    return candidates[-1]


def _format_value(value: object) -> str:
    return format_shape(value) if isinstance(value, tuple) else str(value)


def _fits_drawing(rule: WindowRule, size: int, limits: DrawingLimits) -> bool:
    try:
        return len(lay_out_axis(rule, size).cells) <= limits.max_cells and rule.out_size(size) <= limits.max_cells
    except ShapeError:
        return False
