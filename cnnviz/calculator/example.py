"""A small input for a window to slide over, with the values that torch computes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from cnnviz.architecture import Architecture
from cnnviz.calculator.inverse import value_of
from cnnviz.calculator.operation import Rule, windows
from cnnviz.calculator.track import Track, track
from cnnviz.errors import ShapeError
from cnnviz.layers import Layer
from cnnviz.layers.window import alike
from cnnviz.shapes import TransposedWindow, Window, show

SEED = 8


@dataclass(frozen=True)
class Room:
    """How much of each thing a drawing has room for, along each axis.

    `cells` and `kernel_size` are the most that is drawn of a student's own numbers; what is larger is drawn with
    `size` samples and a kernel of `instead`, which are seen at a glance.
    """

    cells: int
    size: int
    kernel_size: int
    instead: int
    stride: int
    padding: int
    dilation: int


ROOMS = {
    1: Room(cells=22, size=16, kernel_size=6, instead=5, stride=5, padding=3, dilation=4),
    2: Room(cells=13, size=10, kernel_size=4, instead=3, stride=4, padding=2, dilation=3),
    3: Room(cells=8, size=6, kernel_size=3, instead=3, stride=3, padding=1, dilation=2),
}
"""Room by the number of axes."""


@dataclass(frozen=True)
class Example:
    """A layer over a small sample of one channel: what goes in, the weights, and what torch makes of it.

    `source` and `result` are nested lists (…, H, W), `weights` too, or None for a pool.
    """

    layer: Layer
    sizes: tuple[int, ...]
    tracks: tuple[Track, ...]
    source: torch.Tensor
    weights: torch.Tensor | None
    result: torch.Tensor


@lru_cache(maxsize=256)
def example(design: Architecture) -> Example:
    """The student's own operation where it is small, else one that is as much like it as there is room for.

    Raises ShapeError when the layer does not take its input.
    """
    rules = windows(design)
    (layer,) = design.layers
    room = ROOMS[len(rules)]
    small = [_clipped(layer, rule, room) for rule in rules]
    sizes = (_size(*each, room) for each in zip(small, rules, design.input_shape[1:], strict=True))
    return computed(_with(layer, small), tuple(sizes))


def smaller(design: Architecture, drawn: Example) -> str:
    """What is drawn instead of the student's own numbers; empty where those are drawn.

    >>> from cnnviz.calculator.operation import EXAMPLES
    >>> smaller(EXAMPLES["The lab's pool"], example(EXAMPLES["The lab's pool"]))
    'an input of 10 × 9 instead of 90 × 17'
    """
    (layer,) = design.layers
    parts = []
    if drawn.sizes != design.input_shape[1:]:
        parts.append(f"an input of {show(drawn.sizes)} instead of {show(design.input_shape[1:])}")
    for name in ("kernel_size", "stride", "padding", "dilation", "output_padding"):
        now, before = getattr(drawn.layer, name, None), getattr(layer, name, None)
        if now != before:
            parts.append(f"a {name} of {_listed(now)} instead of {_listed(before)}")
    return ", ".join(parts)


def computed(layer: Layer, sizes: tuple[int, ...]) -> Example:
    """What torch makes of whole numbers, the same ones every time."""
    rules = windows(Architecture(input_shape=(1, *sizes), layers=(layer,)))
    random = torch.Generator().manual_seed(SEED)
    pool = "Pool" in layer.kind
    source = torch.randint(0, 10 if pool else 4, sizes, generator=random).float()
    weights = None
    with torch.no_grad():
        module = layer.module((1, *sizes))
        if not pool:
            kernel = tuple(rule.kernel_size for rule in rules)
            weights = torch.tensor([-1.0, 1.0, 2.0])[torch.randint(0, 3, kernel, generator=random)]
            module.weight.copy_(weights.expand_as(module.weight))  # type: ignore[operator, arg-type]
        result = module(source[None, None])[0, 0]
    tracks = tuple(track(rule, size) for rule, size in zip(rules, sizes, strict=True))
    return Example(layer, sizes, tracks, source, weights, result)


def _clipped(layer: Layer, rule: Rule, room: Room) -> Rule:
    """The rule along one axis with every number clipped until at least one size can be drawn."""
    kernel = rule.kernel_size if rule.kernel_size <= room.kernel_size else room.instead
    dilation = min(rule.dilation, room.dilation)
    small = replace(rule, kernel_size=kernel, stride=min(rule.stride, room.stride), dilation=dilation)
    while True:
        small = _padded(layer, rule, small, room)
        if any(_drawn(small, size, room) for size in range(1, room.cells + 1)):
            return small
        if small.dilation > 1:
            small = replace(small, dilation=small.dilation - 1)
        else:
            small = replace(small, kernel_size=small.kernel_size - 1)


def _padded(layer: Layer, rule: Rule, small: Rule, room: Room) -> Rule:
    """With as much of the rule's padding as there is room for and torch takes; no stride is the kernel_size."""
    if isinstance(rule, TransposedWindow) and isinstance(small, TransposedWindow):
        most = max(small.stride, small.dilation) - 1
        output_padding = min(rule.output_padding, most)
        return replace(small, padding=min(rule.padding, room.padding), output_padding=output_padding)
    if not isinstance(rule, Window) or not isinstance(small, Window):
        raise TypeError(rule)
    if layer.padding == "same":  # type: ignore[attr-defined]
        return replace(small, padding=((small.extent - 1) // 2, small.extent // 2))
    if layer.stride is None:  # type: ignore[attr-defined]
        small = replace(small, stride=small.kernel_size)
    most = min(room.padding, small.kernel_size // 2) if "Pool" in layer.kind else room.padding
    return replace(small, padding=(min(rule.padding[0], most),) * 2)


def _with(layer: Layer, rules: Sequence[Rule]) -> Layer:
    """The layer with these rules, and one filter without a bias."""
    change: dict[str, object] = {"out_channels": 1, "groups": 1, "bias": False, "padding_mode": "zeros"}
    for name in ("kernel_size", "stride", "padding", "output_padding", "dilation"):
        if isinstance(getattr(layer, name, None), int | tuple):
            change[name] = alike([value_of(rule, name) for rule in rules])
    return layer.model_copy(update={name: value for name, value in change.items() if name in type(layer).model_fields})


def _size(rule: Rule, original: Rule, size: int, room: Room) -> int:
    """The student's size where it can be drawn, else the largest one; where there is one, with the same remainder."""
    fitting = [n for n in range(1, room.cells + 1) if _drawn(rule, n, room)]
    if size in fitting and size <= room.cells:
        return size
    large = [n for n in fitting if n >= rule.kernel_size] or fitting
    smaller = [n for n in large if n <= min(size, room.size)] or large[:1]
    if isinstance(rule, Window) and isinstance(original, Window) and rule.stride == original.stride:
        wanted = original.remainder(size)
        smaller = [n for n in smaller if rule.out(n) > 1 and rule.remainder(n) == wanted] or smaller
    return smaller[-1]


def _listed(value: object) -> str:
    return show(value) if isinstance(value, tuple) else str(value)


def _drawn(rule: Rule, size: int, room: Room) -> bool:
    try:
        return len(track(rule, size).cells) <= room.cells and rule.out(size) <= room.cells
    except ShapeError:
        return False
