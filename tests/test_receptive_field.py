"""What each position reads, against torch: an input sample that is no number spoils every output that reads it."""

import pytest
import torch
from hypothesis import given, settings

from cnnviz.architecture import Architecture, build_model, trace
from cnnviz.layers import PALETTE, Layer
from cnnviz.receptive_field import MAX_READS, ReceptiveField
from cnnviz.table import format_receptive_field
from cnnviz.windows import TransposedWindow
from tests.strategies import buildable_nets, shape_after

SPREADING = {
    "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "Softmax", "LogSoftmax",
    "Softmin",
}  # fmt: skip
"""Kinds whose means and sums over the whole sample are not counted."""
RANDOM = {"FractionalMaxPool2d", "FractionalMaxPool3d"}
"""Kinds that read other samples in every draw; what they read in all of them is tested on its own."""


def outputs_with_nan(architecture: Architecture, axis: int) -> torch.Tensor:
    """For each sample along an axis, the output when that sample is no number, in a batch; whether each number is."""
    size = architecture.input_shape[1 + axis]
    x = torch.rand(size, *architecture.input_shape)
    for sample in range(size):
        x[sample].select(1 + axis, sample).fill_(torch.nan)
    with torch.inference_mode():
        return build_model(architecture).eval()(x).isnan()


def extents_by_torch(architecture: Architecture, axis: int, positions: int) -> list[tuple[int, int] | None]:
    """First and last sample that each position reads along an axis; None where it reads nothing."""
    nans = outputs_with_nan(architecture, axis)
    if positions > 1 or nans.dim() == len(architecture.input_shape) + 1:
        nans = nans.movedim(2 + axis, 1)
    else:
        nans = nans[:, None]
    reads = nans.reshape(len(nans), positions, -1).any(2).T
    return [(int(row.nonzero()[0]), int(row.nonzero()[-1])) if row.any() else None for row in reads]


def check(architecture: Architecture) -> None:
    last = trace(architecture)[-1]
    assert last.receptive_field is not None
    for axis, field in enumerate(last.receptive_field):
        told = [
            (int(first), int(last)) if first <= last else None
            for first, last in zip(field.reads.firsts, field.reads.lasts, strict=True)
        ]
        assert told == extents_by_torch(architecture, axis, len(told))


def spreads(layer: Layer) -> bool:
    stacks = getattr(layer, "stacks", ())
    over_batch = not getattr(layer, "track_running_stats", True)  # sums over the batch, in evaluation, too
    return layer.kind in SPREADING or over_batch or any(spreads(inner) for stack in stacks for inner in stack)


def holds(layer: Layer, kinds: set[str]) -> bool:
    return layer.kind in kinds or any(holds(inner, kinds) for stack in getattr(layer, "stacks", ()) for inner in stack)


@pytest.mark.parametrize(("size", "kernel_size", "output_size"), [(7, 2, 3), (13, 3, 5), (9, 4, 1), (20, 2, 19)])
def test_a_fractional_pool_reads_what_torch_reads_in_all_draws_together(
    size: int, kernel_size: int, output_size: int
) -> None:
    layer = PALETTE["FractionalMaxPool2d"](kernel_size=(kernel_size, 1), output_size=(output_size, 1))
    x = torch.rand(size, 1, size, 1)
    for sample in range(size):
        x[sample, 0, sample] = torch.inf
    draws = (torch.arange(400) + 0.5) / 400  # none at which rounding decides
    reads = torch.zeros(output_size, size, dtype=torch.bool)
    for draw in draws:
        pool = torch.nn.FractionalMaxPool2d(
            (kernel_size, 1), output_size=(output_size, 1), _random_samples=draw.expand(size, 1, 2)
        )
        reads |= pool(x)[:, 0, :, 0].isinf().T
    (step,) = trace(Architecture(input_shape=(1, size, 1), layers=[layer]))
    (field, _) = step.receptive_field or ()
    told = list(zip(field.reads.firsts.tolist(), field.reads.lasts.tolist(), strict=True))
    assert told == [(int(row.nonzero()[0]), int(row.nonzero()[-1])) for row in reads]


@given(buildable_nets())
@settings(max_examples=300)
def test_every_position_reads_what_torch_says(architecture: Architecture) -> None:
    kept = [layer for layer in architecture.layers if not spreads(layer) and not holds(layer, RANDOM)]
    shape, stack = architecture.input_shape, []
    for layer in kept:
        after = shape_after(layer, shape)
        if after is not None and len(after) in (1, len(architecture.input_shape)):
            stack.append(layer)
            shape = after
    if not stack or len(architecture.input_shape) == 1 or (len(shape) == 1 and stack[-1].kind != "Linear"):
        return
    if any(layer.kind == "Flatten" for layer in stack) and "Linear" not in [layer.kind for layer in stack]:
        return
    check(Architecture(input_shape=architecture.input_shape, layers=stack))


def conv(kernel_size: int, **given: object) -> Layer:
    return PALETTE["Conv1d"](out_channels=1, kernel_size=kernel_size, **given)


def conv_transpose(kernel_size: int, **given: object) -> Layer:
    return PALETTE["ConvTranspose1d"](out_channels=1, kernel_size=kernel_size, **given)


POOL2, POOL4 = PALETTE["MaxPool1d"](kernel_size=2), PALETTE["MaxPool1d"](kernel_size=4)


@pytest.mark.parametrize(
    ("layers", "size"),
    [
        ([POOL4, conv_transpose(4, stride=4), conv(3, padding=1)], 8),
        ([POOL2, POOL2, conv_transpose(2, stride=2), conv_transpose(2, stride=2), conv(3)], 8),
        ([conv_transpose(3, stride=3, dilation=2)], 1),
        ([conv(10), POOL4], 13),
        ([conv(3), conv(3), conv(3)], 7),
        ([conv(3, dilation=4), conv(2, stride=3), conv(5)], 22),
        ([POOL2, PALETTE["AdaptiveAvgPool1d"](output_size=5), conv(2)], 28),
    ],
)
def test_the_size_is_that_of_an_output_far_from_the_edges(layers: list[Layer], size: int) -> None:
    architecture = Architecture(input_shape=(1, 64), layers=layers)
    check(architecture)
    (field,) = trace(architecture)[-1].receptive_field or ()
    assert field.size == field.reads.sizes.max() == size


def test_a_linear_layer_reads_what_is_read_before_it() -> None:
    lab = Architecture(
        input_shape=(1, 99),
        layers=[conv(10), POOL4, PALETTE["Flatten"](), PALETTE["Linear"](out_features=3)],
    )
    steps = trace(lab)
    check(lab)
    assert format_receptive_field(steps[-1].receptive_field) == "97 of 99"
    whole = trace(Architecture(input_shape=(1, 97), layers=lab.layers))
    assert format_receptive_field(whole[-1].receptive_field) == "whole input"


def test_outputs_that_read_nothing_along_one_axis_read_nothing() -> None:
    pool, conv2 = PALETTE["AvgPool2d"], PALETTE["Conv2d"]
    layers = [pool(kernel_size=2, stride=5), conv2(out_channels=1, kernel_size=2, stride=2, padding=(0, 3))]
    check(Architecture(input_shape=(1, 24, 6), layers=[*layers, pool(kernel_size=1, stride=5)]))


def test_what_takes_too_long_is_not_worked_out() -> None:
    assert ReceptiveField.of_input(MAX_READS + 1) is None
    field = ReceptiveField.of_input(1000)
    assert field
    assert field.behind(TransposedWindow(3, stride=65_536), 1000) is None
    giant = Architecture(input_shape=(1, 1000), layers=[conv_transpose(1, stride=65_536), conv(3)])
    assert [format_receptive_field(step.receptive_field) for step in trace(giant)] == ["—", "—"]
