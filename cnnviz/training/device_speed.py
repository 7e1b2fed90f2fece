"""How fast a device trains, measured on a few layers, and the time that a design needs by that."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from cnnviz.architecture import Step, evaluation_batch_size, iter_steps, micro_batch_size
from cnnviz.architecture.micro_batch import BACKWARD_FACTOR
from cnnviz.shapes import numel

SAMPLES, CHANNELS, SIZE = 16, 32, 24
"""Batch on which it is measured: pictures of SIZE × SIZE with so many channels."""
REPETITIONS = 5
"""Measurements, of which the fastest counts: another process can only make one slower."""


@dataclass(frozen=True)
class DeviceSpeed:
    """Speed of a device while training, by which the time of any design is estimated.

    The estimate is the sum of three terms: multiply-adds, values that layers put out, and layers. It tells seconds from
    minutes, not more: on two cores, the presets take 0.7 to 2.5 times as long as expected (docs/benchmarks.md).
    """

    multiply_adds_per_second: float
    """Multiply-adds of a convolution, those of the backward pass included."""
    values_per_second: float
    """Values that layers put out, and that the backward pass goes through again."""
    layer_seconds: float
    """Time of a layer, forward and backward, on next to nothing."""

    def fastest(self, other: "DeviceSpeed | None") -> "DeviceSpeed":
        """Returns the better of two measurements in everything: what else the machine does can only slow one down."""
        if other is None:
            return self
        return DeviceSpeed(
            max(self.multiply_adds_per_second, other.multiply_adds_per_second),
            max(self.values_per_second, other.values_per_second),
            min(self.layer_seconds, other.layer_seconds),
        )

    def step_seconds(self, steps: Sequence[Step], batch_size: int) -> float:
        """Returns the expected seconds of one optimizer step of a design's steps on a batch."""
        micro_batch = micro_batch_size(steps, batch_size)
        parts = -(-batch_size // micro_batch)
        return self._seconds(steps, batch_size) + parts * self.layer_seconds * _layer_count(steps)

    def longest_uncut_seconds(self, steps: Sequence[Step], batch_size: int) -> float:
        """Returns the expected seconds of the longest work that nothing can interrupt."""
        training = self.step_seconds(steps, micro_batch_size(steps, batch_size))
        return max(training, self._evaluation_seconds(steps, evaluation_batch_size(steps)))

    def epoch_seconds(self, steps: Sequence[Step], batch_size: int, trained: int, evaluated: int) -> float:
        """Returns the expected seconds of an epoch on so many samples, and the evaluation of so many after it."""
        whole, rest = divmod(trained, batch_size)
        training = whole * self.step_seconds(steps, batch_size) + (self.step_seconds(steps, rest) if rest else 0)
        return training + self._evaluation_seconds(steps, evaluated)

    def _evaluation_seconds(self, steps: Sequence[Step], samples: int) -> float:
        return self._seconds(steps, samples) / BACKWARD_FACTOR

    def _seconds(self, steps: Sequence[Step], samples: int) -> float:
        multiply_adds = BACKWARD_FACTOR * sum(step.multiply_adds for step in steps)
        values = sum(numel(step.output_shape) for step in iter_steps(steps) if step.output_shape)
        return samples * (multiply_adds / self.multiply_adds_per_second + values / self.values_per_second)


def measure_speed(device: torch.device, repetitions: int = REPETITIONS) -> DeviceSpeed:
    """Measures a device, with REPETITIONS for some hundredths of a second."""
    layout = torch.channels_last if device.type == "cpu" else torch.contiguous_format
    x = torch.zeros(SAMPLES, CHANNELS, SIZE, SIZE, device=device).to(memory_format=layout).requires_grad_()
    convolution = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, device=device).to(memory_format=layout)  # type: ignore[call-overload]
    cheap = nn.ReLU()
    tiny, tiny_x = nn.Linear(1, 1, device=device), torch.zeros(1, 1, device=device, requires_grad=True)
    layer_seconds = _seconds(lambda: tiny(tiny_x).sum(), device, repetitions)
    convolution_seconds = _seconds(lambda: convolution(x).sum(), device, repetitions)
    multiply_adds = x.numel() * CHANNELS * 9
    return DeviceSpeed(
        multiply_adds_per_second=BACKWARD_FACTOR * multiply_adds / convolution_seconds,
        values_per_second=x.numel() / max(_seconds(lambda: cheap(x).sum(), device, repetitions) - layer_seconds, 1e-6),
        layer_seconds=layer_seconds,
    )


def _seconds(forward: Callable[[], torch.Tensor], device: torch.device, repetitions: int) -> float:
    """Returns the seconds of a forward and backward pass."""
    fastest = float("inf")
    for _ in range(repetitions):
        _wait_for(device)
        start = time.perf_counter()
        forward().backward()  # type: ignore[no-untyped-call]
        _wait_for(device)
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _layer_count(steps: Sequence[Step]) -> int:
    return sum(not step.stacks for step in iter_steps(steps))
