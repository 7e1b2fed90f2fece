import re
from collections.abc import Sequence

import pytest
import torch
from hypothesis import example, given, settings

from cnnviz.advice.base import Net
from cnnviz.advice.receptive_field import MIN_UNREAD_SHARE, find_unread_edge
from cnnviz.architecture import Architecture, Step, build_model, find_refusing_step, trace
from cnnviz.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Flatten,
    Layer,
    Linear,
    MaxPool1d,
    MaxPool2d,
    Residual,
)
from cnnviz.shapes import AXES, Shape
from cnnviz.windows import Window
from tests.advice.nets import UNKNOWN_TASK, conv, flatten, linear, net, norm, relu, remarks_of
from tests.strategies import buildable_nets


def pool(kernel_size: int = 2, **given: object) -> MaxPool2d:
    return MaxPool2d(kernel_size=kernel_size, **given)  # type: ignore[arg-type]


def unread(architecture: Architecture) -> list[int]:
    """Rows (of axis 2) that change nothing in the output, found by trying out."""
    shape = architecture.input_shape
    model, unread_rows = build_model(architecture).double().eval(), []
    for row in range(shape[1]):
        x = torch.zeros(1, *shape, dtype=torch.float64, requires_grad=True)
        model(x + torch.rand(x.shape)).sum().backward()
        assert x.grad is not None
        if not x.grad[0, :, row].any():
            unread_rows.append(row)
    return unread_rows


@pytest.mark.parametrize(
    ("layer", "size", "expected_text", "mend"),
    [
        (pool(4), 17, "is placed 4 times in a height of 17, and the last row is never read", "ceil_mode to True"),
        (AvgPool2d(kernel_size=5), 23, "and the last 3 rows are never read", "ceil_mode to True"),
        (conv(1, 3, stride=3), 10, "and the last row is never read", "padding to 1"),
        (conv(1, 4, stride=4, padding=1), 17, "and the last 2 rows are never read", "padding to 2"),
    ],
)
def test_rows_that_no_window_reads_are_told_and_then_read(
    layer: Layer, size: int, expected_text: str, mend: str
) -> None:
    architecture = net(layer, shape=(1, size, 40))
    (remark,) = remarks_of("unread-edge", architecture)
    assert expected_text in remark.text
    assert remark.mend
    assert f"Set {mend}" in remark.mend.text
    if not isinstance(layer, MaxPool2d):  # a maximum leaves other rows out by chance
        assert len(unread(architecture)) == 3 if "3 rows" in expected_text else unread(architecture)
        assert unread(remark.mend.architecture) == []


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (pool(4), (1, 16, 16)),
        (pool(2), (1, 99, 50)),  # a row of 99 is nothing
        (pool(4, ceil_mode=True), (1, 17, 17)),
        (pool(3, stride=2, padding=1), (1, 112, 112)),  # the padding is what is left over
        (conv(8, 1, stride=2), (1, 16, 16)),  # leaves out every second row on purpose
        (conv(8, 10), (1, 99, 26)),
        (AdaptiveAvgPool2d(output_size=3), (1, 17, 17)),
        (conv(8, 3, padding="same"), (1, 17, 17)),
    ],
)
def test_rows_that_are_read_or_few_or_left_out_on_purpose_are_not(layer: Layer, shape: tuple[int, ...]) -> None:
    assert remarks_of("unread-edge", net(layer, shape=shape)) == []


def test_windows_of_one_along_one_axis_are_told_along_the_other() -> None:
    first, second = pool((4, 1), stride=2), pool((3, 2), stride=2)  # type: ignore[arg-type]
    (remark,) = remarks_of("unread-edge", net(first, second, flatten, linear(10), shape=(1, 13, 12)))
    assert remark.text == (
        "Layer 1, MaxPool2d: a window of 4 in steps of 2 is placed 5 times in a height of 13, and the last row is never"
        " read."
    )
    assert remark.mend is None  # padding does not fit a window of 1; with ceil_mode the other pool would lose a row
    (remark,) = remarks_of("unread-edge", net(first, flatten, linear(10), shape=(1, 13, 12)))
    assert remark.mend
    assert remark.mend.text == "Set ceil_mode to True: 1 × 5 × 6 becomes 1 × 6 × 6"


def test_padding_is_added_along_the_axis_that_lost_something_alone() -> None:
    (remark,) = remarks_of("unread-edge", net(Conv2d(out_channels=2, kernel_size=(3, 1), stride=3), shape=(1, 10, 12)))
    assert remark.mend
    assert "Set padding to (1, 0): 2 × 3 × 4 becomes 2 × 4 × 4" in remark.mend.text


def test_an_end_that_padding_repeats_at_the_beginning_is_read() -> None:
    ring = conv(2, 3, stride=3, padding=1, padding_mode="circular")
    assert remarks_of("unread-edge", net(ring, shape=(1, 15, 15))) == []
    assert unread_by_torch(ring, (1, 15, 15), 1) == []


def unread_by_torch(layer: Layer, shape: Shape, axis: int) -> list[int]:
    """Places along an axis of the input that change nothing in the output, each set to 1 with all others at 0."""
    module = layer.build_module(shape).double()
    for name, parameter in module.named_parameters():
        torch.nn.init.constant_(parameter, 0 if name == "bias" else 1)
    impulses = torch.zeros(shape[axis], *shape, dtype=torch.float64)
    for place in range(shape[axis]):
        impulses[place].select(axis, place).fill_(1)
    with torch.no_grad():
        changed = (module(impulses) != module(torch.zeros_like(impulses[:1]))).flatten(1).any(1)
    return [place for place in range(shape[axis]) if not changed[place]]


def at_the_end(unread: Sequence[int], size: int) -> int:
    """How many of the unread places stand together at the end."""
    return next((n for n in range(size) if size - 1 - n not in unread), size)


def unread_by_axis(text: str) -> dict[str, int]:
    """Samples that a remark calls unread, by axis."""
    matches = re.findall(r"in a (\w+) of \d+, and the last (?:(\d+) )?\w+ (?:is|are) never read", text)
    return {axis: int(count or 1) for axis, count in matches}


def plain(step: Step, rule: object) -> bool:
    """Whether windows follow each other without gaps, padded with zeros."""
    zeros = getattr(step.layer, "padding_mode", "zeros") == "zeros"
    return zeros and isinstance(rule, Window) and rule.dilation == 1 and rule.stride <= rule.kernel_size


@settings(max_examples=70, deadline=None)
@given(buildable_nets(windows_only=True))
@example(net(conv(2, 3, stride=3, padding=1, padding_mode="circular"), shape=(1, 15, 15)))
@example(net(pool(4, dilation=3, ceil_mode=True), shape=(1, 12, 12)))
def test_what_is_told_to_be_unread_changes_nothing_that_torch_computes(architecture: Architecture) -> None:
    steps = trace(architecture)
    assert find_refusing_step(steps) is None
    remarks = {finding.path: finding.text for finding in find_unread_edge(Net(architecture, UNKNOWN_TASK))}
    for step in steps:
        counts = unread_by_axis(remarks.get(step.path, ""))
        for axis, (name, size, rule) in enumerate(step.axes, 1):
            lost = at_the_end(unread_by_torch(step.layer, step.input_shape, axis), size)
            assert counts.get(name, lost) == lost
            assert name in counts or not plain(step, rule) or lost <= MIN_UNREAD_SHARE * size
    for remark in remarks_of("unread-edge", architecture):
        (step,) = (step for step in steps if step.path == remark.path)
        for name in unread_by_axis(remark.text) if remark.mend else ():
            axis = AXES[len(step.input_shape)].index(name)
            mended = unread_by_torch(remark.mend.architecture.layer_at(step.path), step.input_shape, axis)
            assert step.input_shape[axis] - 1 not in mended


def test_samples_of_a_signal_and_layers_in_blocks_are_told_too() -> None:
    (remark,) = remarks_of("unread-edge", net(MaxPool1d(kernel_size=4), shape=(1, 11)))
    assert "a length of 11, and the last 3 samples are never read" in remark.text
    block = Residual(layers=(pool(4),), projection=(pool(4),))
    (both,) = remarks_of("unread-edge", net(block, shape=(1, 17, 16)))
    assert both.paths == ((0, 0, 0), (0, 1, 0))
    assert both.mend is None  # one way through the block would no longer fit the other


def test_convolutions_that_see_little_are_told_and_one_more_mends_it() -> None:
    stack = (conv(4, 10), pool(4), relu, flatten, linear(35))
    (remark,) = remarks_of("receptive-field", net(*stack, shape=(1, 99, 26)))
    assert remark.text == (
        "Each number after layer 1, Conv2d, the last convolution, comes from 10 of 99 × 10 of 26 of the input. Only"
        " layer 5, Linear, puts together what is further apart, position by position."
    )
    assert remark.mend
    assert remark.mend.architecture.layers[3:5] == (conv(8, 3, padding=1), relu)


def test_where_one_more_is_not_enough_a_pool_goes_before_it() -> None:
    (remark,) = remarks_of("receptive-field", net(conv(), relu, flatten, linear(), shape=(1, 14, 14)))
    assert remark.mend
    assert [layer.kind for layer in remark.mend.architecture.layers[:5]] == [
        "Conv2d",
        "ReLU",
        "MaxPool2d",
        "Conv2d",
        "ReLU",
    ]
    (remark,) = remarks_of("receptive-field", net(conv(), relu, flatten, linear(), shape=(1, 60, 60)))
    assert remark.mend is None


@pytest.mark.parametrize(
    "stack",
    [
        (conv(4, 8), flatten, linear()),
        (conv(), relu, pool(), conv(), relu, AdaptiveAvgPool2d(output_size=1), flatten, linear()),
        (flatten, linear()),
        (pool(), flatten, linear()),
        (conv(4, (1, 9)),),  # all that it needs along one axis  # type: ignore[arg-type]
        (Residual(layers=(conv(1, 9, padding=4), norm)), flatten),
    ],
)
def test_convolutions_that_see_half_of_an_axis_are_not(stack: Sequence[Layer]) -> None:
    assert remarks_of("receptive-field", net(*stack)) == []


def test_an_axis_of_one_sample_is_not_one_that_is_seen() -> None:
    signal = net(Conv1d(out_channels=2, kernel_size=3), Flatten(), Linear(out_features=2), shape=(1, 100))
    assert "3 of 100 of the input" in remarks_of("receptive-field", signal)[0].text
    picture = net(conv(2, (1, 3)), flatten, linear(), shape=(1, 1, 100))  # type: ignore[arg-type]
    assert "1 of 1 × 3 of 100" in remarks_of("receptive-field", picture)[0].text
    assert remarks_of("receptive-field", net(conv(2, 1), flatten, linear(), shape=(5, 1, 1))) == []


@pytest.mark.parametrize(
    ("stack", "rules"),
    [
        ((conv(4, 3), relu, flatten, linear()), ["receptive-field"]),
        ((conv(4, 9), relu, pool(), flatten, linear()), ["single-convolution"]),
        ((conv(4, 5), relu, pool(), conv(8, 5), relu, flatten, linear()), []),
        ((Residual(layers=(conv(1, 9, padding=4), relu)), flatten, linear()), ["single-convolution"]),
        ((flatten, linear(30), relu, linear()), []),
    ],
)
def test_one_more_convolution_is_the_next_step_of_a_net_with_one_or_with_a_narrow_view(
    stack: Sequence[Layer], rules: list[str]
) -> None:
    """A net with one large window was told nothing."""
    architecture = net(*stack)
    remarks = [
        remark for rule in ("receptive-field", "single-convolution") for remark in remarks_of(rule, architecture)
    ]
    assert [remark.rule for remark in remarks] == rules
    for remark in remarks:
        assert remark.is_step
        assert remark.mend
        assert re.match(r"Add a (pool, a )?convolution and a ReLU after layer", remark.mend.text)
        count = sum(isinstance(layer, Conv2d) for _, layer in remark.mend.architecture.iter_layers())
        assert count == 2
