"""Deep nets from papers for photographs of 224 × 224 and 1,000 classes, as torchvision has them; to look at."""

from cnnviz.architecture import Architecture
from cnnviz.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Gate,
    Layer,
    Linear,
    MaxPool2d,
    Parallel,
    ReLU,
    ReLU6,
    Residual,
    Sigmoid,
    SiLU,
)
from cnnviz.presets.base import Layers, Preset, conv_norm

INPUT_SHAPE = (3, 224, 224)


def _scores(*, dropout: float = 0.0) -> Layers:
    """Returns a mean over the picture and a Linear for 1,000 classes."""
    dropped = (Dropout(p=dropout),) if dropout else ()
    return (AdaptiveAvgPool2d(output_size=1), Flatten(), *dropped, Linear(out_features=1000))


def _inception(one: int, three: tuple[int, int], five: tuple[int, int], pool: int) -> Layer:
    """Returns four branches side by side: a window of 1, two of 3 behind a narrow one, and a pool.

    Source: Szegedy et al. (2014), figure 2b. Where the paper has a window of 5, torchvision has one of 3.
    """

    def conv(out_channels: int, kernel_size: int = 1) -> Layers:
        return (*conv_norm(out_channels, kernel_size), ReLU())

    return Parallel(
        branches=(
            conv(one),
            (*conv(three[0]), *conv(three[1], 3)),
            (*conv(five[0]), *conv(five[1], 3)),
            (MaxPool2d(kernel_size=3, stride=1, padding=1), *conv(pool)),
        )
    )


GOOGLENET = Preset(
    title="GoogLeNet",
    description=(
        "Photographs of 224 × 224, 1,000 classes: windows of several sizes side by side, nine times; Szegedy et al., "
        "“Going deeper with convolutions” (2014), with norms and without the two auxiliary classifiers. 6,624,904 "
        "parameters. To look at."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *conv_norm(64, kernel_size=7, stride=2),
            ReLU(),
            MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            *conv_norm(64, kernel_size=1),
            ReLU(),
            *conv_norm(192),
            ReLU(),
            MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            _inception(64, (96, 128), (16, 32), 32),
            _inception(128, (128, 192), (32, 96), 64),
            MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            _inception(192, (96, 208), (16, 48), 64),
            _inception(160, (112, 224), (24, 64), 64),
            _inception(128, (128, 256), (24, 64), 64),
            _inception(112, (144, 288), (32, 64), 64),
            _inception(256, (160, 320), (32, 128), 128),
            MaxPool2d(kernel_size=2, ceil_mode=True),
            _inception(256, (160, 320), (32, 128), 128),
            _inception(384, (192, 384), (48, 128), 128),
            *_scores(dropout=0.2),
        ),
    ),
)


def _dense_layers(count: int) -> Layers:
    """Returns layers that each read all that the ones before them have made, and add 32 channels to it.

    Source: Huang et al. (2016), section 3, with bottlenecks of four times as many channels.
    """

    def norm_conv(out_channels: int, kernel_size: int) -> Layers:
        conv = Conv2d(out_channels=out_channels, kernel_size=kernel_size, padding=kernel_size // 2, bias=False)
        return (BatchNorm2d(), ReLU(), conv)

    return (Parallel(branches=((), (*norm_conv(128, 1), *norm_conv(32, 3)))),) * count


def _transition(out_channels: int) -> Layers:
    conv = Conv2d(out_channels=out_channels, kernel_size=1, bias=False)
    return (BatchNorm2d(), ReLU(), conv, AvgPool2d(kernel_size=2))


DENSENET_121 = Preset(
    title="DenseNet-121",
    description=(
        "Photographs of 224 × 224, 1,000 classes: 58 small stacks, each of which reads the outputs of all before it; "
        "Huang, Liu, van der Maaten & Weinberger, “Densely connected convolutional networks” (2016). 7,978,856 "
        "parameters in 427 layers. To look at."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *conv_norm(64, kernel_size=7, stride=2),
            ReLU(),
            MaxPool2d(kernel_size=3, stride=2, padding=1),
            *_dense_layers(6),
            *_transition(128),
            *_dense_layers(12),
            *_transition(256),
            *_dense_layers(24),
            *_transition(512),
            *_dense_layers(16),
            BatchNorm2d(),
            ReLU(),
            *_scores(),
        ),
    ),
)


def _inverted_block(channels: int, expansion: int, out_channels: int, stride: int) -> Layers:
    """Returns a stack that widens, works on each channel on its own, and narrows; a Residual where the shape stays.

    Source: Sandler et al. (2018), figure 3b.
    """
    wide = channels * expansion
    widen = (*conv_norm(wide, kernel_size=1), ReLU6()) if expansion > 1 else ()
    layers = (*widen, *conv_norm(wide, stride=stride, groups=wide), ReLU6(), *conv_norm(out_channels, kernel_size=1))
    return (Residual(layers=layers),) if stride == 1 and channels == out_channels else layers


def _inverted_blocks(channels: int, *stages: tuple[int, int, int, int]) -> Layers:
    layers: Layers = ()
    for expansion, out_channels, count, stride in stages:
        for number in range(count):
            layers += _inverted_block(channels, expansion, out_channels, stride if number == 0 else 1)
            channels = out_channels
    return layers


MOBILENET_V2 = Preset(
    title="MobileNetV2",
    description=(
        "Photographs of 224 × 224, 1,000 classes, for telephones: each block is wide inside and narrow outside; "
        "Sandler, Howard, Zhu, Zhmoginov & Chen, “MobileNetV2: inverted residuals and linear bottlenecks” (2018). "
        "3,504,872 parameters. To look at."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *conv_norm(32, stride=2),
            ReLU6(),
            *_inverted_blocks(
                32,
                (1, 16, 1, 1),
                (6, 24, 2, 2),
                (6, 32, 3, 2),
                (6, 64, 4, 2),
                (6, 96, 3, 1),
                (6, 160, 3, 2),
                (6, 320, 1, 1),
            ),
            *conv_norm(1280, kernel_size=1),
            ReLU6(),
            *_scores(dropout=0.2),
        ),
    ),
)


def _gated_block(channels: int, expansion: int, kernel_size: int, out_channels: int, stride: int) -> Layers:
    """Returns an inverted block with squeeze and excitation.

    Source: Tan & Le (2019), table 1, and Tan et al., "MnasNet" (2018), figure 7.
    """
    wide = channels * expansion
    widen = (*conv_norm(wide, kernel_size=1), SiLU()) if expansion > 1 else ()
    gate = Gate(
        layers=(
            AdaptiveAvgPool2d(output_size=1),
            Conv2d(out_channels=channels // 4, kernel_size=1),
            SiLU(),
            Conv2d(out_channels=wide, kernel_size=1),
            Sigmoid(),
        )
    )
    depthwise = (*conv_norm(wide, kernel_size, stride, groups=wide), SiLU())
    layers = (*widen, *depthwise, gate, *conv_norm(out_channels, kernel_size=1))
    return (Residual(layers=layers),) if stride == 1 and channels == out_channels else layers


def _gated_blocks(channels: int, *stages: tuple[int, int, int, int, int]) -> Layers:
    layers: Layers = ()
    for expansion, kernel_size, out_channels, count, stride in stages:
        for number in range(count):
            layers += _gated_block(channels, expansion, kernel_size, out_channels, stride if number == 0 else 1)
            channels = out_channels
    return layers


EFFICIENTNET_B0 = Preset(
    title="EfficientNet-B0",
    description=(
        "Photographs of 224 × 224, 1,000 classes: the blocks of MobileNetV2 with a gate for every channel (squeeze and "
        "excitation), in numbers that a search has found; Tan & Le, “EfficientNet” (2019). 5,288,548 parameters, "
        "without the random omission of blocks while training. To look at."
    ),
    architecture=Architecture(
        input_shape=INPUT_SHAPE,
        layers=(
            *conv_norm(32, stride=2),
            SiLU(),
            *_gated_blocks(
                32,
                (1, 3, 16, 1, 1),
                (6, 3, 24, 2, 2),
                (6, 5, 40, 2, 2),
                (6, 3, 80, 3, 2),
                (6, 5, 112, 3, 1),
                (6, 5, 192, 4, 2),
                (6, 3, 320, 1, 1),
            ),
            *conv_norm(1280, kernel_size=1),
            SiLU(),
            *_scores(dropout=0.2),
        ),
    ),
)
