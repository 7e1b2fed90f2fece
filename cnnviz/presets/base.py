"""Preset, and stacks of layers that several presets contain."""

from dataclasses import dataclass

from cnnviz.architecture import Architecture
from cnnviz.layers import BatchNorm2d, Conv2d, Layer, ReLU, Residual

Layers = tuple[Layer, ...]


@dataclass(frozen=True)
class Preset:
    """A net to start from, with its title and a description of where it comes from."""

    title: str
    description: str
    architecture: Architecture


def conv_norm(out_channels: int, kernel_size: int = 3, stride: int = 1, groups: int = 1) -> Layers:
    """Returns a convolution whose stride alone changes the size, and a BatchNorm in place of its bias."""
    conv = Conv2d(
        out_channels=out_channels,
        kernel_size=kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        groups=groups,
        bias=False,
    )
    return (conv, BatchNorm2d())


def basic_block(out_channels: int, stride: int = 1, *, project: bool = False) -> Layers:
    """Returns a Residual of two convolutions, and a ReLU behind it.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2015), figure 5, and option B of section 3.3.
    """
    projection = conv_norm(out_channels, kernel_size=1, stride=stride) if project else ()
    layers = (*conv_norm(out_channels, stride=stride), ReLU(), *conv_norm(out_channels))
    return (Residual(layers=layers, projection=projection), ReLU())
