import re

import pytest
import torch
from hypothesis import given, settings

from cnnviz.architecture import Architecture, build_model, iter_steps, trace
from cnnviz.layers import AvgPool2d, Conv2d, ConvTranspose2d, Flatten, Linear, MaxPool2d, Parallel, ReLU, Residual
from cnnviz.presets import PRESETS
from cnnviz.table import COLUMNS, format_bytes, format_receptive_field, table_rows, to_markdown, totals
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture
BLOCKS = Architecture(
    input_shape=(3, 8, 8),
    layers=[
        Parallel(
            branches=[
                [Conv2d(out_channels=4, kernel_size=1)],
                [ReLU(), Residual(layers=[Conv2d(out_channels=3, kernel_size=3, padding=1)])],
            ]
        ),
        Flatten(),
    ],
)


def cells(markdown: str) -> list[list[str]]:
    """The cells of every line; a pipe behind a backslash is part of its cell."""
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in markdown.splitlines()]


def test_the_labs_table_has_its_numbers() -> None:
    table = table_rows(trace(LAB))
    assert [row.number for row in table] == [str(i) for i in range(1, 10)]
    assert table[0].arguments == "in_channels=1, out_channels=10, kernel_size=10"
    assert table[0].formula.splitlines()[1] == "⌊(26 + 2·0 − 10) / 1⌋ + 1 = 17"
    assert (table[0].parameters, table[0].multiply_adds, table[0].activation_bytes) == (1010, 1_530_000, 61_200)
    assert [format_receptive_field(row.receptive_field) for row in table[:2]] == ["10 × 10", "13 × 13"]
    assert format_receptive_field(table[-1].receptive_field) == "97 × 25 of 99 × 26"
    sums = totals(trace(LAB))
    assert (sums.layers, sums.parameters, sums.multiply_adds) == (9, 92_645, 1_530_000 + 88_000 + 3_500)


@settings(max_examples=200, deadline=None)
@given(architectures())
def test_every_design_has_a_table_that_adds_up(architecture: Architecture) -> None:
    steps = trace(architecture)
    table, sums = table_rows(steps), totals(steps)
    assert [row.path for row in table] == [step.path for step in iter_steps(steps)]
    outermost = [row for row in table if row.depth == 0]
    assert sums.parameters == sum(row.parameters for row in outermost)
    assert sums.multiply_adds == sum(row.multiply_adds for row in outermost)
    assert sums.activation_bytes == sum(row.activation_bytes for row in outermost)
    reasons = [row.error for row in table if row.error]
    assert len(reasons) == (1 if steps and steps[-1].error else 0)
    if reasons:
        assert reasons[0] == steps[-1].error
    else:
        assert sums.parameters == sum(p.numel() for p in build_model(architecture).parameters())


@settings(max_examples=100, deadline=None)
@given(architectures())
def test_every_line_of_the_markdown_has_every_column(architecture: Architecture) -> None:
    lines = cells(to_markdown(architecture))
    assert lines[0] == list(COLUMNS)
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert len(lines) == 4 + len(table_rows(trace(architecture)))


def test_layers_in_blocks_are_numbered_by_their_place_and_indented() -> None:
    lines = cells(to_markdown(BLOCKS))
    assert [line[0] for line in lines[3:-1]] == [
        "1",
        "&emsp;1.a1",
        "&emsp;1.b1",
        "&emsp;1.b2",
        "&emsp;&emsp;1.b2.a1",
        "2",
    ]
    assert lines[3][1:5] == ["Parallel", "", "7 × 8 × 8", "4 + 3 = 7 channels"]
    assert lines[-1][2] == "6 layers"
    assert lines[-1][5] == f"**{4 * 3 + 4 + 3 * 3 * 9 + 3}**"


def test_a_refusal_stands_in_the_line_of_the_layer_that_refuses() -> None:
    lines = cells(to_markdown(BLOCKS.update_layer((0, 0, 0), kernel_size=9)))
    assert lines[3][3:5] == ["—", ""]
    assert lines[4][:2] == ["&emsp;1.a1", "&emsp;Conv2d"]
    assert lines[4][4].startswith("Layer 1.a1, Conv2d: a window of 9 does not fit a height of 8")
    assert lines[-1][2].endswith(", up to the one that refuses")


def test_lines_of_a_formula_stay_in_one_cell() -> None:
    assert cells(to_markdown(LAB))[3][4] == "⌊(99 + 2·0 − 10) / 1⌋ + 1 = 90<br>⌊(26 + 2·0 − 10) / 1⌋ + 1 = 17"


def test_an_empty_net_has_a_table() -> None:
    lines = cells(to_markdown(Architecture(input_shape=(3,))))
    assert [line[1] for line in lines[2:]] == ["Input", "**Total**"]


def test_memory_is_written_in_a_handy_unit() -> None:
    assert [format_bytes(value) for value in (0, 1023, 1024, 2**20 - 1, 2**60)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1,024.0 KiB",
        "1,048,576.0 TiB",
    ]


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2d(out_channels=1, kernel_size=3, stride=2), Conv2d(out_channels=1, kernel_size=(1, 5), dilation=2)],
        [AvgPool2d(kernel_size=3, stride=2, padding=1), ConvTranspose2d(out_channels=1, kernel_size=4, stride=2)],
        [Residual(layers=[Conv2d(out_channels=1, kernel_size=5, padding=2)]), MaxPool2d(kernel_size=1)],
        [Conv2d(out_channels=1, kernel_size=3), Flatten(), Linear(out_features=2)],
    ],
)
def test_an_output_in_the_middle_reads_what_its_gradient_reaches(layers: list[object]) -> None:
    net = Architecture(input_shape=(1, 31, 31), layers=layers)
    x = torch.rand(1, 1, 31, 31, requires_grad=True)
    model = build_model(net).eval()
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    out = model(x)
    middle = out[(0, 0, *(size // 2 for size in out.shape[2:]))] if out.dim() > 2 else out[0, 0]
    middle.backward()
    assert x.grad is not None
    touched = x.grad[0, 0].nonzero()
    spans = tuple(int(touched[:, axis].max() - touched[:, axis].min()) + 1 for axis in (0, 1))
    reach = trace(net)[-1].receptive_field
    assert reach is not None
    assert all(span <= axis.size for span, axis in zip(spans, reach, strict=True))
    assert spans == tuple(axis.size for axis in reach) or isinstance(layers[1], ConvTranspose2d)
