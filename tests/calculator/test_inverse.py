from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, build_model
from cnnviz.calculator import inverse
from cnnviz.calculator.inverse import (
    apply_answer,
    changed_parameters,
    find_answers,
    find_design_answers,
    has_unequal_padding,
    is_usual,
    parameter_value,
    variable_parameters,
)
from cnnviz.calculator.operation import single_layer_design, window_parameters, window_rules
from cnnviz.errors import ShapeError
from cnnviz.layers import PALETTE, AvgPool2d, Conv2d, Layer, MaxPool1d, MaxPool2d
from cnnviz.windows import TransposedWindow, Window

STRIDE_PADDING = frozenset({"stride", "padding"})


def torch_out(rule: Window | TransposedWindow, size: int, *, pool: bool) -> int | None:
    """What torch itself makes of an axis; None when it refuses."""
    x = torch.zeros(1, 1, size)
    kernel = {"stride": rule.stride, "dilation": rule.dilation}
    try:
        if isinstance(rule, TransposedWindow):
            module = torch.nn.ConvTranspose1d(
                1, 1, rule.kernel_size, padding=rule.padding, output_padding=rule.output_padding, **kernel
            )
        elif pool:
            module = torch.nn.MaxPool1d(rule.kernel_size, padding=rule.padding[0], ceil_mode=rule.ceil_mode, **kernel)
        else:
            module = torch.nn.Conv1d(1, 1, rule.kernel_size, padding=rule.padding[0], **kernel)
        return int(module(x).shape[-1]) or None
    except RuntimeError:
        return None


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_all_answers_are_found_and_torch_agrees_with_each(data: st.DataObject) -> None:
    small = st.integers(1, 3)
    kind = data.draw(st.sampled_from(["conv", "pool", "transposed"]))
    rule: Window | TransposedWindow
    if kind == "transposed":
        rule = TransposedWindow(data.draw(small), data.draw(small), data.draw(st.integers(0, 2)), 0, data.draw(small))
    else:
        rule = Window(
            data.draw(small), data.draw(small), (0, 0), data.draw(small), kind == "pool" and data.draw(st.booleans())
        )
    vary = data.draw(st.sets(st.sampled_from(variable_parameters(rule)), min_size=1, max_size=2))
    size, wanted, pool = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)), kind == "pool"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverse, "MAX_VALUES", {1: 5, 2: 4})
        answers = find_answers(rule, size, wanted, frozenset(vary), pool=pool)

    expected = set()
    names = [name for name in inverse.MIN_VALUES if name in vary]
    for values in product(*(range(inverse.MIN_VALUES[name], answers.bound + 1) for name in names)):
        given = {name: parameter_value(rule, name) for name in variable_parameters(rule)} | dict(
            zip(names, values, strict=True)
        )
        padding = given["padding"]
        candidate = (
            TransposedWindow(**given)
            if kind == "transposed"
            else Window(**given | {"padding": (padding, padding)}, ceil_mode=rule.ceil_mode)  # type: ignore[union-attr]
        )
        if torch_out(candidate, size, pool=pool) == wanted:
            expected.add(candidate)
    assert set(answers.rules) == expected
    assert len(answers.rules) == len(expected)


def test_the_nearest_answers_come_first() -> None:
    rule = Window(4, stride=4)
    answers = find_answers(rule, 90, 22, STRIDE_PADDING, pool=True).rules
    assert answers[0] == rule
    counts = [(not is_usual(answer), len(changed_parameters(answer, rule))) for answer in answers]
    assert counts == sorted(counts)


def test_which_stride_or_padding_gives_22() -> None:
    answers = find_answers(Window(10), 99, 22, STRIDE_PADDING).rules
    assert Window(10, stride=4) not in answers  # 23
    assert all(rule.out_size(99) == 22 for rule in answers)
    assert answers


def test_without_an_answer_the_nearest_sizes_are_told() -> None:
    none = find_answers(Window(10), 99, 40, frozenset({"stride"}))
    assert (none.rules, none.nearest_below, none.nearest_above) == ((), 30, 45)


def test_what_a_pool_may_not_pad_is_no_answer() -> None:
    rule = Window(2, stride=1)
    wider = frozenset({"padding"})
    assert find_answers(rule, 5, 12, wider).rules == (Window(2, padding=(4, 4)),)
    assert find_answers(rule, 5, 12, wider, pool=True).rules == ()


FOLLOWING = [
    single_layer_design(MaxPool2d(kernel_size=4), 90, 17),
    single_layer_design(AvgPool2d(kernel_size=2, ceil_mode=True), 7, 9),
    single_layer_design(Conv2d(out_channels=1, kernel_size=3, padding="same"), 99, 26),
    single_layer_design(Conv2d(out_channels=1, kernel_size=3, padding="valid"), 99, 26),
    single_layer_design(MaxPool1d(kernel_size=3), 10),
]
VARIED = [{"kernel_size"}, {"stride"}, {"dilation"}, {"kernel_size", "padding"}, {"stride", "padding"}]


@pytest.mark.parametrize("design", FOLLOWING)
@pytest.mark.parametrize("vary", VARIED)
def test_what_follows_the_window_by_itself_stays_as_an_answer_has_it(design: Architecture, vary: set[str]) -> None:
    """A pool's empty stride once became the kernel_size of the answer, and 22 became 30."""
    (layer,) = design.layers
    rules = window_rules(design)
    if not vary <= set(window_parameters(layer)):
        return
    for axis, size in enumerate(design.input_shape[1:]):
        usual = rules[axis].out_size(size)
        for wanted in {usual, max(1, usual - 1), usual // 2 + 1}:
            answers = find_design_answers(design, axis, wanted, frozenset(vary))
            for answer in answers.rules[:12]:
                changed_design = apply_answer(design, axis, answer)
                out = changed_design.layers[0].output_shape(changed_design.input_shape)
                expected = [rule.out_size(each) for rule, each in zip(rules, design.input_shape[1:], strict=True)]
                expected[axis] = wanted
                assert list(out[1:]) == expected


def test_a_padding_that_no_number_gives_is_told_apart() -> None:
    even = single_layer_design(Conv2d(out_channels=1, kernel_size=4, padding="same"), 20, 20)
    assert all(map(has_unequal_padding, window_rules(even)))
    assert not any(map(has_unequal_padding, window_rules(FOLLOWING[2])))


KINDS = [
    PALETTE[f"{stem}{axes}d"]
    for stem in ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "LPPool")
    for axes in (1, 2, 3)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=8)
@given(data=st.data())
def test_torch_takes_every_answer_for_every_kind(kind: type[Layer], data: st.DataObject) -> None:
    """Of 62 answers for an AvgPool3d, torch refused 60: their windows were larger than the axis without its padding."""
    axes = int(kind.__name__[-2])
    sizes = data.draw(st.tuples(*[st.integers(2, 8)] * axes))
    layer = kind.default((1, *sizes))
    if "padding_mode" in kind.model_fields:
        layer = layer.model_copy(update={"padding_mode": data.draw(st.sampled_from(["zeros", "reflect", "circular"]))})
    design, axis = single_layer_design(layer, *sizes), data.draw(st.integers(0, axes - 1))
    try:
        rules = window_rules(design)
    except ShapeError:
        return
    names = [name for name in variable_parameters(rules[axis]) if name in window_parameters(layer)]
    vary = data.draw(st.sets(st.sampled_from(names), min_size=1, max_size=2))
    wanted = data.draw(st.integers(1, 9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverse, "MAX_VALUES", {1: 9, 2: 9})
        find_design_answers.cache_clear()
        answers = find_design_answers(design, axis, wanted, frozenset(vary))
        find_design_answers.cache_clear()
    for answer in answers.rules:
        changed_design = apply_answer(design, axis, answer)
        with torch.inference_mode():
            out = build_model(changed_design).eval()(torch.zeros(1, *changed_design.input_shape))
        assert out.shape[2 + axis] == wanted


def test_what_nobody_uses_comes_last() -> None:
    answers = find_answers(Window(10), 99, 94, STRIDE_PADDING).rules
    assert answers[0] == Window(10, padding=(2, 2))
    assert not any(is_usual(answer) for answer in answers[1:])
    assert len(answers) > 1
