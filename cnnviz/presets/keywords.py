"""Nets for the lab's task: 99 × 26 log-mel pictures of spoken words, 35 classes.

With ten classes, on the 3,000 recordings of the Free Spoken Digit Dataset (random split 80/10/10, 300 test words), a
minute or less of one CPU core and SGD at one-cycle rates up to 0.05 gave three blocks 0.973, four blocks 0.980, the
residual net 0.990 and the separable one 0.987; the lab's net 0.957, at 0.002 (at 0.005 it diverged). Speakers are in
all parts, so that this is the easy way to split.
"""

from cnnviz.architecture import Architecture
from cnnviz.layers import AdaptiveAvgPool2d, Dropout, Flatten, Linear, LogSoftmax, MaxPool2d, ReLU
from cnnviz.presets.base import Layers, Preset, basic_block, conv_norm

INPUT_SHAPE = (1, 99, 26)
SCORE_LAYERS: Layers = (Linear(out_features=35), LogSoftmax(dim=1))


def _conv_block(out_channels: int) -> Layers:
    """Returns convolution, norm, activation, and a pool that also reads a last odd row."""
    return (*conv_norm(out_channels), ReLU(), MaxPool2d(kernel_size=2, ceil_mode=True))


def _separable_block(in_channels: int, out_channels: int) -> Layers:
    """Returns a convolution of each channel on its own, then one that mixes the channels at each position.

    Source: Howard et al., "MobileNets" (2017), section 3.1.
    """
    return (*conv_norm(in_channels, groups=in_channels), ReLU(), *conv_norm(out_channels, kernel_size=1), ReLU())


THREE_BLOCKS = Preset(
    title="Keywords, three blocks",
    description=(
        "Convolution, BatchNorm, ReLU and pool, three times, then one Linear: the plain recipe for spoken words as 99 "
        "× 26 log-mel pictures, 35 classes. The norms let it learn with a learning rate at which the lab's net "
        "diverges."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(*_conv_block(16), *_conv_block(32), *_conv_block(64), Flatten(), Dropout(p=0.2), *SCORE_LAYERS),
    ),
)

FOUR_BLOCKS = Preset(
    title="Keywords, four blocks",
    description=(
        "The same blocks, four of them: half the parameters of three blocks, because the Linear gets a smaller "
        "picture, and a last convolution that sees 38 × 38 instead of 18 × 18."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *_conv_block(16),
            *_conv_block(32),
            *_conv_block(32),
            *_conv_block(64),
            Flatten(),
            Dropout(p=0.2),
            *SCORE_LAYERS,
        ),
    ),
)

RESIDUAL = Preset(
    title="Keywords, residual",
    description=(
        "Three residual blocks after one convolution, and a mean over the whole picture in place of a wide Linear: "
        "the last layer has 2,275 of its 79,379 parameters."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *_conv_block(16),
            *basic_block(16),
            *basic_block(32, stride=2, project=True),
            *basic_block(64, stride=2, project=True),
            AdaptiveAvgPool2d(output_size=1),
            Flatten(),
            *SCORE_LAYERS,
        ),
    ),
)

SEPARABLE = Preset(
    title="Keywords, depthwise-separable",
    description=(
        "Each convolution split in two, a window per channel and a mix of channels per position, as in MobileNets "
        "(Howard et al., 2017) and, for spoken words, Zhang et al., “Hello Edge” (2017). 17,123 parameters, a fifth of "
        "the lab's net, and about as many multiplications."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *_conv_block(16),
            *_separable_block(16, 32),
            MaxPool2d(kernel_size=2, ceil_mode=True),
            *_separable_block(32, 64),
            MaxPool2d(kernel_size=2, ceil_mode=True),
            *_separable_block(64, 128),
            AdaptiveAvgPool2d(output_size=1),
            Flatten(),
            *SCORE_LAYERS,
        ),
    ),
)
