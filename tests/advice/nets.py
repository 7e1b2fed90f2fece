"""Nets in a line, and what is said about them."""

from cnnviz.advice import Remark, Task, advise
from cnnviz.architecture import Architecture, find_refusing_step, trace
from cnnviz.layers import BatchNorm2d, Conv2d, Flatten, Layer, Linear, ReLU, Sigmoid, Tanh

relu, sigmoid, tanh, flatten, norm = ReLU(), Sigmoid(), Tanh(), Flatten(), BatchNorm2d()
UNKNOWN_TASK = Task()


def net(*stack: Layer, shape: tuple[int, ...] = (1, 16, 16)) -> Architecture:
    return Architecture(input_shape=shape, layers=stack)


def conv(out_channels: int = 4, kernel_size: int = 3, **arguments: object) -> Conv2d:
    return Conv2d(out_channels=out_channels, kernel_size=kernel_size, **arguments)  # type: ignore[arg-type]


def linear(out_features: int = 10) -> Linear:
    return Linear(out_features=out_features)


def remarks_of(rule: str, architecture: Architecture, task: Task = UNKNOWN_TASK) -> list[Remark]:
    assert find_refusing_step(trace(architecture)) is None, "the net of a test must build"
    return [remark for remark in advise(architecture, task) if remark.rule == rule]
