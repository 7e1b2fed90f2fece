"""Nets of the course: the lab's net, and one for the digits that come with the app."""

from cnnviz.architecture import Architecture
from cnnviz.layers import (
    Conv2d,
    Dropout,
    Dropout2d,
    Flatten,
    Linear,
    LogSoftmax,
    MaxPool2d,
    ReLU,
)
from cnnviz.presets.base import Preset, conv_norm

LAB = Preset(
    title="The lab's ConvNet",
    description=(
        "One convolution, one pool, two Linear layers: spoken words as 99 × 26 log-mel pictures, 35 classes. Simple on "
        "purpose; the exercise is to make it better."
    ),
    architecture=Architecture(
        input_shape=(1, 99, 26),
        layers=(
            Conv2d(out_channels=10, kernel_size=10),
            MaxPool2d(kernel_size=4),
            ReLU(),
            Dropout2d(p=0.2),
            Flatten(),
            Linear(out_features=100),
            Dropout(p=0.2),
            Linear(out_features=35),
            LogSoftmax(dim=1),
        ),
    ),
)

DIGITS = Preset(
    title="ConvNet for handwritten digits",
    description=(
        "Two small convolutions with BatchNorm for 8 × 8 pictures of digits, 10 classes; an accuracy above 0.95 within "
        "seconds."
    ),
    architecture=Architecture(
        input_shape=(1, 8, 8),
        layers=(
            *conv_norm(16),
            ReLU(),
            MaxPool2d(kernel_size=2),
            *conv_norm(32),
            ReLU(),
            MaxPool2d(kernel_size=2),
            Flatten(),
            Dropout(p=0.2),
            Linear(out_features=10),
            LogSoftmax(dim=1),
        ),
    ),
)
