"""Nets for data with one or three axes behind the channels: sound as mel bands or as raw samples, and voxels."""

from cnnviz.architecture import Architecture
from cnnviz.layers import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool3d,
    BatchNorm1d,
    BatchNorm3d,
    Conv1d,
    Conv3d,
    Flatten,
    Linear,
    LogSoftmax,
    MaxPool1d,
    MaxPool3d,
    ReLU,
)
from cnnviz.presets.base import Layers, Preset

WORD_SCORE_LAYERS: Layers = (AdaptiveAvgPool1d(output_size=1), Flatten(), Linear(out_features=35), LogSoftmax(dim=1))


def _conv_block_1d(out_channels: int, kernel_size: int = 3, stride: int = 1) -> Layers:
    conv = Conv1d(
        out_channels=out_channels, kernel_size=kernel_size, stride=stride, padding=kernel_size // 2, bias=False
    )
    return (conv, BatchNorm1d(), ReLU(), MaxPool1d(kernel_size=2, ceil_mode=True))


def _conv_block_3d(out_channels: int) -> Layers:
    conv = Conv3d(out_channels=out_channels, kernel_size=3, padding=1, bias=False)
    return (conv, BatchNorm3d(), ReLU(), MaxPool3d(kernel_size=2))


BANDS_1D = Preset(
    title="Words along time, 1-D",
    description=(
        "Conv1d over the frames with the 26 log-mel bands as its channels: every filter sees all bands at once and "
        "slides along time only."
    ),
    architecture=Architecture(
        input_shape=(26, 99),
        layers=(
            *_conv_block_1d(64, 5),
            *_conv_block_1d(64, 5),
            *_conv_block_1d(96, 5),
            *_conv_block_1d(96, 5),
            *WORD_SCORE_LAYERS,
        ),
    ),
)

RAW_1D = Preset(
    title="Words from raw sound, 1-D",
    description=(
        "The first convolution, 80 samples in steps of 4 at 8 kHz, has to learn what the mel filters do in the lab."
    ),
    architecture=Architecture(
        input_shape=(1, 8000),
        layers=(
            *_conv_block_1d(32, 80, 4),
            *_conv_block_1d(64, 9, 2),
            *_conv_block_1d(64, 9, 2),
            *_conv_block_1d(64, 9, 2),
            *_conv_block_1d(96, 9),
            *WORD_SCORE_LAYERS,
        ),
    ),
)

VOXELS_3D = Preset(
    title="ConvNet for voxels, 3-D",
    description="Conv3d slides a cube of 3 × 3 × 3 through the volume; three blocks, then the mean over all places.",
    architecture=Architecture(
        input_shape=(1, 16, 16, 16),
        layers=(
            *_conv_block_3d(8),
            *_conv_block_3d(16),
            *_conv_block_3d(32),
            AdaptiveAvgPool3d(output_size=1),
            Flatten(),
            Linear(out_features=8),
            LogSoftmax(dim=1),
        ),
    ),
)
