"""The inverse question: which parameters give the wanted size along one axis?"""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from cnnviz.architecture import Architecture
from cnnviz.calculator.operation import WindowRule, window_rules
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers.window import collapse_equal
from cnnviz.windows import TransposedWindow, Window

MAX_VALUES = {1: 2000, 2: 64, 3: 24, 4: 10, 5: 6}
"""Number of parameters that may vary → the largest value that is tried for each."""

MIN_VALUES = {"kernel_size": 1, "stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
"""Every parameter that can vary, with its smallest value."""


@dataclass(frozen=True)
class Answers:
    """Every set of parameters that gives the wanted size: what people use first, then the nearest to the current one.

    `nearest_below` and `nearest_above` are the nearest other sizes that can be reached; None if there is none.
    """

    rules: tuple[WindowRule, ...]
    bound: int
    nearest_below: int | None = None
    nearest_above: int | None = None


def variable_parameters(rule: WindowRule) -> list[str]:
    """Returns the names of the parameters that can vary.

    >>> variable_parameters(Window(3)), variable_parameters(TransposedWindow(3))[-2:]
    (['kernel_size', 'stride', 'padding', 'dilation'], ['output_padding', 'dilation'])
    """
    return [name for name in MIN_VALUES if hasattr(rule, name)]


@lru_cache(maxsize=32)
def find_design_answers(design: Architecture, axis: int, wanted: int, vary: frozenset[str]) -> Answers:
    """Finds all values of the parameters in `vary` that turn one axis of a design of one layer into `wanted`.

    An answer is one that the layer itself takes: some kinds refuse what the rule of a window allows.
    """

    def is_taken(answer: WindowRule) -> bool:
        try:
            apply_answer(design, axis, answer).layers[0].output_shape(design.input_shape)
        except (ShapeError, DesignError):
            return False
        return True

    rule, size = window_rules(design)[axis], design.input_shape[1 + axis]
    return find_answers(rule, size, wanted, vary, pool="Pool" in design.layers[0].kind, is_taken=is_taken)


def find_answers(
    rule: WindowRule,
    size: int,
    wanted: int,
    vary: frozenset[str],
    *,
    pool: bool = False,
    is_taken: Callable[[WindowRule], bool] = lambda answer: True,
) -> Answers:
    """Finds all values of the parameters in `vary` with which a rule turns an axis of `size` samples into `wanted`.

    The other parameters stay as they are in `rule`. An answer must be valid in torch: a pool's padding is at most half
    its window, and an output_padding is smaller than the stride or the dilation. `is_taken` may refuse it all the same.

    >>> [rule.stride for rule in find_answers(Window(4, stride=4), 90, 22, frozenset({"stride"})).rules]
    [4]
    >>> find_answers(Window(10), 99, 22, frozenset({"padding"})).rules
    ()
    """
    bound = MAX_VALUES[max(len(vary), 1)]
    rules, below, above = [], 0, 0
    for candidate in _candidates(rule, vary, bound):
        if not _is_valid_in_torch(candidate, pool=pool):
            continue
        try:
            out = candidate.out_size(size)
        except ShapeError:
            continue
        if out == wanted and is_taken(candidate):
            rules.append(candidate)
        elif below < out < wanted and is_taken(candidate):
            below = out
        elif wanted < out < (above or math.inf) and is_taken(candidate):
            above = out
    rules.sort(key=lambda answer: _distance(answer, rule))
    return Answers(tuple(rules), bound, below or None, above or None)


def parameter_value(rule: WindowRule, name: str) -> int:
    """Returns the value of a parameter of a rule; for padding, the amount before the input."""
    value = getattr(rule, name)
    return int(value[0] if isinstance(value, tuple) else value)


def has_unequal_padding(rule: WindowRule) -> bool:
    """Whether padding="same" pads the two ends of an axis unequally, which no number for padding can do."""
    return isinstance(rule, Window) and rule.padding[0] != rule.padding[1]


def changed_parameters(answer: WindowRule, rule: WindowRule) -> list[str]:
    """Returns the names of the parameters in which an answer differs from the current rule.

    >>> changed_parameters(Window(3, stride=2, padding=(1, 1)), Window(3))
    ['stride', 'padding']
    """
    return [name for name in variable_parameters(rule) if getattr(answer, name) != getattr(rule, name)]


def apply_answer(design: Architecture, axis: int, answer: WindowRule) -> Architecture:
    """Applies an answer along one axis of a design of one layer; the other axes stay as they are.

    >>> from cnnviz.calculator.operation import EXAMPLE_DESIGNS
    >>> apply_answer(EXAMPLE_DESIGNS["The lab's convolution"], 1, Window(10, stride=2)).layers[0].stride
    (1, 2)
    """
    rules = window_rules(design)
    change: dict[str, object] = {}
    for name in changed_parameters(answer, rules[axis]):
        values = [parameter_value(answer if place == axis else rule, name) for place, rule in enumerate(rules)]
        change[name] = collapse_equal(values)
    if not change:
        return design
    layer = design.layers[0]
    for name in ("stride", "padding"):  # a value that followed the kernel_size is fixed to that of the answer
        follows = getattr(layer, name, 0) is None or isinstance(getattr(layer, name, 0), str)
        if follows and name not in change:
            change[name] = collapse_equal(
                [parameter_value(answer if place == axis else rule, name) for place, rule in enumerate(rules)]
            )
    return design.update_layer(0, **change)


def _candidates(rule: WindowRule, vary: Collection[str], bound: int) -> Iterator[WindowRule]:
    names = [name for name in MIN_VALUES if name in vary]
    for values in product(*(range(MIN_VALUES[name], bound + 1) for name in names)):
        parameters: dict[str, object] = dict(zip(names, values, strict=True))
        if "padding" in parameters and isinstance(rule, Window):
            parameters["padding"] = (parameters["padding"], parameters["padding"])
        yield replace(rule, **parameters)  # type: ignore[arg-type]


def _is_valid_in_torch(rule: WindowRule, *, pool: bool) -> bool:
    """Whether torch accepts these parameters regardless of the input."""
    if isinstance(rule, TransposedWindow):
        return rule.output_padding < max(rule.stride, rule.dilation)
    return not pool or rule.padding[0] <= rule.kernel_size // 2


def is_usual(rule: WindowRule) -> bool:
    """Whether people use such a window: it skips nothing that it could read, and reads more than padding.

    >>> is_usual(Window(3, stride=2, padding=(1, 1))), is_usual(Window(3, stride=2, padding=(45, 45)))
    (True, False)
    """
    return not unusual_reason(rule)


def unusual_reason(rule: WindowRule) -> str:
    """Returns why people hardly ever use such a window; empty where they do.

    >>> unusual_reason(Window(3, stride=2, padding=(45, 45))), unusual_reason(Window(3, stride=5))
    ('padding as wide as the window', 'stride longer than the window')
    """
    reasons = []
    if rule.stride > max(rule.extent, 2):
        reasons.append("stride longer than the window")
    if parameter_value(rule, "padding") >= max(rule.extent, 2):
        reasons.append("padding as wide as the window")
    return ", ".join(reasons)


def _distance(answer: WindowRule, rule: WindowRule) -> tuple[bool, int, int, list[int]]:
    values = [parameter_value(answer, name) for name in variable_parameters(rule)]
    total = sum(
        abs(value - parameter_value(rule, name)) for value, name in zip(values, variable_parameters(rule), strict=True)
    )
    return not is_usual(answer), len(changed_parameters(answer, rule)), total, values
