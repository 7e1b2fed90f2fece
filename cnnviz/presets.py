"""Nets to start from."""

from dataclasses import dataclass

from cnnviz.architecture import Architecture
from cnnviz.layers import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Dropout2d,
    Flatten,
    Linear,
    LogSoftmax,
    MaxPool2d,
    ReLU,
)


@dataclass(frozen=True)
class Preset:
    """A net to open in the design room, and the story of where it comes from."""

    title: str
    story: str
    architecture: Architecture


PRESETS: dict[str, Preset] = {
    "lab-convnet": Preset(
        title="The lab's ConvNet",
        story="One convolution, one pool, two Linear layers: spoken words as 99 × 26 log-mel pictures, 35 classes. "
        "Simple on purpose; the exercise is to make it better.",
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
    ),
    "digits-convnet": Preset(
        title="ConvNet for handwritten digits",
        story="Two small convolutions with BatchNorm for 8 × 8 pictures of digits, 10 classes; "
        "above 0.95 within seconds.",
        architecture=Architecture(
            input_shape=(1, 8, 8),
            layers=(
                Conv2d(out_channels=16, kernel_size=3, padding=1),
                BatchNorm2d(),
                ReLU(),
                MaxPool2d(kernel_size=2),
                Conv2d(out_channels=32, kernel_size=3, padding=1),
                BatchNorm2d(),
                ReLU(),
                MaxPool2d(kernel_size=2),
                Flatten(),
                Dropout(p=0.2),
                Linear(out_features=10),
                LogSoftmax(dim=1),
            ),
        ),
    ),
}
"""Every preset by its name."""
