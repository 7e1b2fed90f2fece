import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture
from cnnviz.calculator.example import DRAWING_LIMITS, Example, build_example, compute_example, describe_reductions
from cnnviz.calculator.operation import (
    EXAMPLE_DESIGNS,
    OPERATIONS,
    operation_title,
    switch_operation,
    window_parameters,
    window_rules,
)
from cnnviz.errors import ShapeError
from cnnviz.layers import AvgPool2d, Conv2d, MaxPool2d
from tests.strategies import layers

KINDS = [f"{stem}{axes}d" for stem in OPERATIONS.values() for axes in (1, 2, 3)]


@st.composite
def designs(draw: st.DrawFn) -> Architecture:
    """A window operation over one channel that torch accepts."""
    layer = draw(st.sampled_from(KINDS).flatmap(layers))
    clean = {"out_channels": 1, "groups": 1, "bias": False, "padding_mode": "zeros"}
    layer = layer.model_copy(update={name: value for name, value in clean.items() if name in type(layer).model_fields})
    sizes = draw(st.tuples(*[st.integers(1, 40)] * int(layer.kind[-2])))
    return Architecture(input_shape=(1, *sizes), layers=(layer,))


def read(drawn: Example) -> torch.Tensor:
    """The output, worked out from the cells that the tracks say are read."""
    depth = [range(len(track.taps)) for track in drawn.axis_layouts]
    result = torch.zeros([len(places) for places in depth])
    mean, largest = "Avg" in drawn.layer.kind, "Max" in drawn.layer.kind
    for place in map(tuple, torch.cartesian_prod(*map(torch.tensor, depth)).reshape(-1, len(depth)).tolist()):
        taps = [track.taps[p] for track, p in zip(drawn.axis_layouts, place, strict=True)]
        terms, count = [], 0
        for combination in torch.cartesian_prod(*[torch.arange(len(t)) for t in taps]).reshape(-1, len(taps)).tolist():
            chosen = [t[i] for t, i in zip(taps, combination, strict=True)]
            cells = [track.cells[cell] for track, (cell, _) in zip(drawn.axis_layouts, chosen, strict=True)]
            inside = all(cell >= 0 for cell in cells)
            count += inside or (min(cells) >= -1 and getattr(drawn.layer, "count_include_pad", False))
            if inside:
                weight = 1.0 if drawn.weights is None else float(drawn.weights[tuple(w for _, w in chosen)])
                terms.append(float(drawn.input_values[tuple(cells)]) * weight)
        if largest:
            result[place] = max(terms, default=-math.inf)
        else:
            divisor = getattr(drawn.layer, "divisor_override", None) or count
            result[place] = sum(terms) / (divisor if mean else 1)
    return result


@settings(deadline=None, max_examples=100)
@given(designs())
def test_what_is_drawn_is_what_torch_computes_and_there_is_room_for_it(design: Architecture) -> None:
    try:
        window_rules(design)
    except ShapeError:
        with pytest.raises(ShapeError):
            build_example(design)
        return
    drawn = build_example(design)
    room = DRAWING_LIMITS[len(drawn.sizes)]
    assert all(len(track.cells) <= room.max_cells and len(track.taps) <= room.max_cells for track in drawn.axis_layouts)
    assert type(drawn.layer) is type(design.layers[0])
    assert torch.allclose(read(drawn), drawn.output_values)


def test_small_numbers_are_drawn_as_they_are() -> None:
    design = Architecture(input_shape=(1, 7, 5), layers=(Conv2d(out_channels=1, kernel_size=(3, 2), padding=1),))
    drawn = build_example(design)
    assert drawn.sizes == (7, 5)
    assert [len(track.taps) for track in drawn.axis_layouts] == [7, 6]
    assert describe_reductions(design, drawn) == ""


def test_a_smaller_drawing_says_so_and_keeps_the_remainder() -> None:
    design = EXAMPLE_DESIGNS["The lab's pool"]
    drawn = build_example(design)
    assert [(size - 4) % 4 for size in drawn.sizes] == [(90 - 4) % 4, (17 - 4) % 4]
    assert describe_reductions(design, drawn) == "an input of 10 × 9 instead of 90 × 17"
    assert [track.unread_cells for track in drawn.axis_layouts] == [(8, 9), (8,)]


def test_the_lab_is_drawn_with_a_smaller_kernel() -> None:
    design = EXAMPLE_DESIGNS["The lab's convolution"]
    assert "a kernel_size of 3 instead of 10" in describe_reductions(design, build_example(design))


def test_an_average_counts_what_torch_counts() -> None:
    layer = AvgPool2d(kernel_size=2, stride=2, padding=1, count_include_pad=False)
    drawn = compute_example(layer, (3, 3))
    assert torch.allclose(read(drawn), drawn.output_values)


@pytest.mark.parametrize("title", EXAMPLE_DESIGNS)
def test_every_example_fits_and_is_drawn(title: str) -> None:
    design = EXAMPLE_DESIGNS[title]
    assert build_example(design).output_values.ndim == len(design.input_shape) - 1
    assert set(window_parameters(design.layers[0])) >= {"kernel_size", "stride", "padding"}


@pytest.mark.parametrize("title", OPERATIONS)
@pytest.mark.parametrize(
    "start",
    [
        *EXAMPLE_DESIGNS.values(),
        Architecture(input_shape=(1, 9, 9), layers=(Conv2d(out_channels=1, kernel_size=(3, 5), padding="same"),)),
    ],
    ids=[*EXAMPLE_DESIGNS, "same"],
)
def test_every_operation_becomes_every_other(title: str, start: Architecture) -> None:
    for dimensions in (1, 2, 3):
        design = switch_operation(start, title, dimensions)
        (layer,) = design.layers
        assert operation_title(layer) == title
        assert len(design.input_shape) == dimensions + 1
        window_rules(design)


def test_a_pool_does_not_take_over_a_window_that_pools_do_not_have() -> None:
    """The lab's window of 10 was carried over to a pool of 10, with a stride of 10."""
    for start, kept in ((EXAMPLE_DESIGNS["The lab's convolution"], 2), (EXAMPLE_DESIGNS["Half the size"], 3)):
        (pool,) = switch_operation(start, "Max pooling", 2).layers
        assert pool.kernel_size == kept  # type: ignore[attr-defined]
    large = Architecture(input_shape=(1, 40, 40), layers=(MaxPool2d(kernel_size=10, stride=4),))
    (average,) = switch_operation(large, "Average pooling", 2).layers
    assert (average.kernel_size, average.stride) == (10, 4)  # type: ignore[attr-defined]


def test_an_operation_keeps_the_numbers_it_can() -> None:
    pool = switch_operation(
        Architecture(input_shape=(1, 9, 9), layers=(MaxPool2d(kernel_size=2, padding=1),)), "Convolution", 2
    )
    (conv,) = pool.layers
    assert (conv.kernel_size, conv.stride, conv.padding) == (2, 2, 1)  # type: ignore[attr-defined]
