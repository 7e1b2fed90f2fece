import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812 (torch's own name for it)

from cnnviz.errors import ShapeError
from cnnviz.windows import Window


@given(st.integers(1, 60), st.integers(1, 12), st.integers(1, 5), st.integers(0, 5), st.integers(1, 4))
def test_the_output_size_of_a_window_is_the_length_of_torchs_unfold(
    size: int, kernel_size: int, stride: int, padding: int, dilation: int
) -> None:
    window = Window(kernel_size, stride, (padding, padding), dilation)
    fits = size + 2 * padding >= dilation * (kernel_size - 1) + 1
    if not fits:
        with pytest.raises(ShapeError, match=f"does not fit a length of {size}"):
            window.out_size(size)
        return
    unfolded = torch.nn.functional.unfold(
        torch.zeros(1, 1, size, 1), (kernel_size, 1), (dilation, 1), (padding, 0), (stride, 1)
    )
    assert window.out_size(size) == unfolded.shape[-1]


@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.integers(1, 9), st.booleans())
def test_a_window_is_blind_where_torchs_maximum_is_that_of_nothing(
    size: int, kernel_size: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> None:
    window = Window(kernel_size, stride, (padding, padding), dilation, ceil_mode)
    assume(padding <= kernel_size // 2)
    try:
        window.out_size(size)
    except ShapeError:
        return
    ones = torch.ones(1, 1, size)
    maxima = torch.nn.functional.max_pool1d(ones, kernel_size, stride, padding, dilation, ceil_mode)
    assert window.reads_only_padding(size) == bool(maxima.isinf().any())


@settings(max_examples=200)
@given(st.integers(1, 30), st.integers(1, 6), st.integers(1, 6), st.integers(0, 5), st.integers(1, 6), st.booleans())
def test_what_is_unread_at_the_end_changes_nothing_that_torch_computes(
    size: int, kernel_size: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> None:
    assume(not ceil_mode or padding <= kernel_size // 2)
    window = Window(kernel_size, stride, (padding, padding), dilation, ceil_mode)
    try:
        window.out_size(size)
    except ShapeError:
        return
    impulses, nothing = torch.eye(size)[:, None], torch.zeros(1, 1, size)  # one sample is 1 and the others are 0
    if ceil_mode:
        out, still = (F.max_pool1d(x, kernel_size, stride, padding, dilation, ceil_mode) for x in (impulses, nothing))
    else:
        out, still = (
            F.conv1d(x, torch.ones(1, 1, kernel_size), None, stride, padding, dilation) for x in (impulses, nothing)
        )
    read = (out != still).flatten(1).any(1).nonzero().flatten().tolist()
    assert window.unread(size) == size - 1 - max(read, default=-1)


@given(st.integers(1, 30), st.integers(1, 8), st.integers(1, 5), st.integers(0, 3), st.booleans())
def test_the_text_ends_in_the_result_and_evaluates_to_it(
    size: int, kernel_size: int, stride: int, padding: int, ceil_mode: bool
) -> None:
    window = Window(kernel_size, stride, (padding, padding), ceil_mode=ceil_mode)
    try:
        out = window.out_size(size)
    except ShapeError:
        return
    left, right = window.formula(size).rsplit(" = ", 1)
    assert int(right) == out
    python = left.replace("·", "*").replace("−", "-").replace("⌊", "floor(").replace("⌈", "ceil(")
    arithmetic = python.replace("⌋", ")").replace("⌉", ")")
    assert eval(arithmetic, {"floor": math.floor, "ceil": math.ceil}) == out  # noqa: S307 (our own text)


def test_largest_kernel_fits_and_one_more_does_not() -> None:
    window = Window(99, dilation=3, padding=(1, 1))
    largest = window.largest_kernel(20)
    assert Window(largest, dilation=3, padding=(1, 1)).out_size(20) >= 1
    with pytest.raises(ShapeError):
        Window(largest + 1, dilation=3, padding=(1, 1)).out_size(20)
