"""Small nets for the lab's task, 99 × 26 log-mel pictures and 35 classes, in the manner of two papers."""

from typing import Any

from cnnviz.architecture import Architecture
from cnnviz.layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    LogSoftmax,
    ReLU,
    Residual,
    SiLU,
    Upsample,
)
from cnnviz.layers.window import collapse_equal
from cnnviz.presets.base import Layers, Preset

INPUT_SHAPE = (1, 99, 26)


def _size(sizes: tuple[int, int]) -> Any:
    """Returns one number where both axes have the same."""
    return collapse_equal(sizes)


def _scores(dropout: float) -> Layers:
    head = (AdaptiveAvgPool2d(output_size=1), Flatten(), Dropout(p=dropout))
    return (*head, Linear(out_features=35), LogSoftmax(dim=1))


def _conv_norm(out_channels: int, kernel_size: tuple[int, int], stride: tuple[int, int] = (1, 1)) -> Layers:
    height, width = kernel_size
    conv = Conv2d(
        out_channels=out_channels,
        kernel_size=_size(kernel_size),
        stride=_size(stride),
        padding=_size((height // 2, width // 2)),
        bias=False,
    )
    return (conv, BatchNorm2d())


def _depthwise_norm(channels: int, kernel_size: tuple[int, int], step: int = 1, dilation: int = 1) -> Layers:
    """Returns a window along time or along the bands for each channel on its own; `step` is that along the bands."""
    height, width = kernel_size
    conv = Conv2d(
        out_channels=channels,
        kernel_size=_size(kernel_size),
        stride=_size((1, step)),
        padding=_size((height // 2 * dilation, width // 2)),
        dilation=_size((dilation, 1)),
        groups=channels,
        bias=False,
    )
    return (conv, BatchNorm2d())


def _time_block(channels: int, out_channels: int, step: int) -> Layers:
    """Returns a window of nine frames for each channel on its own, then a mix of the channels."""
    return (*_separable_time(channels, out_channels, step), ReLU())


def _residual_time_block(channels: int) -> Layers:
    """Returns the same, added to its input."""
    return (Residual(layers=_separable_time(channels, channels, 1)), ReLU())


def _separable_time(channels: int, out_channels: int, step: int) -> Layers:
    conv = Conv2d(
        out_channels=channels, kernel_size=(9, 1), stride=_size((step, 1)), padding=(4, 0), groups=channels, bias=False
    )
    return (conv, BatchNorm2d(), ReLU(), *_conv_norm(out_channels, (1, 1)))


def _all_bands(out_channels: int, frames: int) -> Layers:
    """Returns windows of some frames that read all 26 bands at once."""
    conv = Conv2d(
        out_channels=out_channels, kernel_size=(frames, 26), stride=(2, 1), padding=(frames // 2, 0), bias=False
    )
    return (conv, BatchNorm2d(), ReLU())


TEMPORAL = Preset(
    title="Keywords, along time",
    description=(
        "The first windows read all 26 bands at once; from there on each channel slides along time on its own, nine "
        "frames wide, and a mix of the channels follows, twice: 64,211 parameters and a seventh of the multiplications "
        "of the residual net. In the manner of MatchboxNet (Majumdar & Ginsburg, 2020)."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *_all_bands(96, 5),
            *_time_block(96, 144, 2),
            *_time_block(144, 192, 2),
            *_scores(0.2),
        ),
    ),
)

TEMPORAL_MEDIUM = Preset(
    title="Keywords, along time, medium",
    description=(
        "The same with fewer channels, and with three more steps that are each added to their input: 24,443 "
        "parameters, twice as deep."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *_all_bands(40, 3),
            *_time_block(40, 48, 2),
            *_residual_time_block(48),
            *_time_block(48, 64, 2),
            *_residual_time_block(64),
            *_residual_time_block(64),
            *_scores(0.2),
        ),
    ),
)

TEMPORAL_SMALL = Preset(
    title="Keywords, along time, small",
    description=("The same with few channels and three such steps: 8,155 parameters and 176,392 multiplications."),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *_all_bands(24, 3),
            *_time_block(24, 32, 2),
            *_time_block(32, 32, 1),
            *_time_block(32, 48, 2),
            *_scores(0.1),
        ),
    ),
)


FRAMES = 25
"""Frames that are left behind the first windows of the broadcast net, all the way to its end."""


def _broadcast(channels: int, dilation: int, bands: int) -> Layer:
    """Returns a Residual whose stack reads the mean over the bands along time, and gives it back to every band."""
    return Residual(
        layers=(
            AdaptiveAvgPool2d(output_size=(None, 1)),
            *_depthwise_norm(channels, (3, 1), dilation=dilation),
            SiLU(),
            Conv2d(out_channels=channels, kernel_size=1, bias=False),
            Upsample(size=(FRAMES, bands)),
        )
    )


def _normal_block(channels: int, dilation: int, bands: int) -> Layers:
    layers = (*_depthwise_norm(channels, (1, 3)), _broadcast(channels, dilation, bands))
    return (Residual(layers=layers), ReLU())


def _transition_block(channels: int, dilation: int, bands: int, step: int) -> Layers:
    mixed = (*_conv_norm(channels, (1, 1)), ReLU(), *_depthwise_norm(channels, (1, 3), step))
    return (*mixed, _broadcast(channels, dilation, bands), ReLU())


BROADCAST = Preset(
    title="Keywords, broadcast",
    description=(
        "Windows along the bands, and beside them what a mean over all bands says along time, given back to every band "
        "by an Upsample: 9,623 parameters. In the manner of BC-ResNet (Kim et al., “Broadcasted residual learning for "
        "efficient keyword spotting”, 2021), with one BatchNorm for all bands and half of the blocks."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *_conv_norm(16, (7, 5), (4, 2)),
            ReLU(),
            *_transition_block(12, 1, 13, 1),
            *_normal_block(12, 1, 13),
            *_transition_block(16, 1, 7, 2),
            *_normal_block(16, 1, 7),
            *_transition_block(24, 2, 4, 2),
            *_normal_block(24, 2, 4),
            *_transition_block(28, 2, 4, 1),
            *_normal_block(28, 2, 4),
            *_depthwise_norm(28, (5, 1)),
            *_conv_norm(32, (1, 1)),
            ReLU(),
            *_scores(0.1),
        ),
    ),
)
