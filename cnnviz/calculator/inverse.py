"""The inverse question: which parameters give a wanted size along one axis?"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from cnnviz.architecture import Architecture
from cnnviz.calculator.operation import Rule, windows
from cnnviz.errors import ShapeError
from cnnviz.layers.window import alike
from cnnviz.shapes import TransposedWindow, Window

BOUNDS = {1: 2000, 2: 64, 3: 24, 4: 10, 5: 6}
"""Largest value that is tried of each parameter, by how many of them may vary."""

LEAST = {"kernel_size": 1, "stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
"""Every parameter that can vary, with its smallest value."""


@dataclass(frozen=True)
class Answers:
    """Every set of parameters that gives the wanted size, the nearest to the present one first.

    `below` and `above` are the nearest sizes that can be had instead; None where there is none.
    """

    found: tuple[Rule, ...]
    bound: int
    below: int | None = None
    above: int | None = None


def varying(rule: Rule) -> list[str]:
    """Names of the parameters that can vary.

    >>> varying(Window(3)), varying(TransposedWindow(3))[-2:]
    (['kernel_size', 'stride', 'padding', 'dilation'], ['output_padding', 'dilation'])
    """
    return [name for name in LEAST if hasattr(rule, name)]


@lru_cache(maxsize=32)
def answers(rule: Rule, size: int, wanted: int, vary: frozenset[str], *, pool: bool = False) -> Answers:
    """All settings of the parameters in `vary` by which an axis of `size` samples becomes `wanted`.

    The others stay as they are in `rule`. Only what torch accepts is an answer: a pool's padding is at most half of
    its window, an output_padding is smaller than the stride or the dilation.

    >>> [each.stride for each in answers(Window(4, stride=4), 90, 22, frozenset({"stride"})).found]
    [4]
    >>> answers(Window(10), 99, 22, frozenset({"padding"})).found
    ()
    """
    bound = BOUNDS[max(len(vary), 1)]
    found, below, above = [], 0, 0
    for candidate in _candidates(rule, vary, bound):
        if not _accepted(candidate, pool=pool):
            continue
        try:
            out = candidate.out(size)
        except ShapeError:
            continue
        if out == wanted:
            found.append(candidate)
        elif out < wanted:
            below = max(below, out)
        else:
            above = min(above or out, out)
    found.sort(key=lambda each: _distance(each, rule))
    return Answers(tuple(found), bound, below or None, above or None)


def value_of(rule: Rule, name: str) -> int:
    """The value of a parameter of a rule; of a padding, that before the input."""
    value = getattr(rule, name)
    return int(value[0] if isinstance(value, tuple) else value)


def lopsided(rule: Rule) -> bool:
    """Whether padding="same" pads the two ends of an axis unequally, which no number for padding does."""
    return isinstance(rule, Window) and rule.padding[0] != rule.padding[1]


def changed(answer: Rule, rule: Rule) -> list[str]:
    """Names of the parameters in which an answer differs from the present rule.

    >>> changed(Window(3, stride=2, padding=(1, 1)), Window(3))
    ['stride', 'padding']
    """
    return [name for name in varying(rule) if getattr(answer, name) != getattr(rule, name)]


def applied(design: Architecture, axis: int, answer: Rule) -> Architecture:
    """The design of one layer with an answer along one of its axes, the others as they were.

    >>> from cnnviz.calculator.operation import EXAMPLES
    >>> applied(EXAMPLES["The lab's convolution"], 1, Window(10, stride=2)).layers[0].stride
    (1, 2)
    """
    rules = windows(design)
    change: dict[str, object] = {}
    for name in changed(answer, rules[axis]):
        values = [value_of(answer if place == axis else rule, name) for place, rule in enumerate(rules)]
        change[name] = alike(values)
    if not change:
        return design
    layer = design.layers[0]
    for name in ("stride", "padding"):  # what followed the window by itself stays as the answer has it
        follows = getattr(layer, name, 0) is None or isinstance(getattr(layer, name, 0), str)
        if follows and name not in change:
            change[name] = alike(
                [value_of(answer if place == axis else rule, name) for place, rule in enumerate(rules)]
            )
    return design.replaced(0, **change)


def _candidates(rule: Rule, vary: Collection[str], bound: int) -> Iterator[Rule]:
    names = [name for name in LEAST if name in vary]
    for values in product(*(range(LEAST[name], bound + 1) for name in names)):
        given: dict[str, object] = dict(zip(names, values, strict=True))
        if "padding" in given and isinstance(rule, Window):
            given["padding"] = (given["padding"], given["padding"])
        yield replace(rule, **given)  # type: ignore[arg-type]


def _accepted(rule: Rule, *, pool: bool) -> bool:
    """Whether torch takes these parameters, whatever the input."""
    if isinstance(rule, TransposedWindow):
        return rule.output_padding < max(rule.stride, rule.dilation)
    return not pool or rule.padding[0] <= rule.kernel_size // 2


def _distance(answer: Rule, rule: Rule) -> tuple[int, int, list[int]]:
    values = [value_of(answer, name) for name in varying(rule)]
    away = sum(abs(value - value_of(rule, name)) for value, name in zip(values, varying(rule), strict=True))
    return len(changed(answer, rule)), away, values
