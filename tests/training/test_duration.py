"""The time that trainings are expected to take, and what is refused for it; the speeds are those of the tests."""

import re
from collections.abc import Sequence

import pytest
import torch

from cnnviz.architecture import Architecture, trace
from cnnviz.data.digits import DIGITS
from cnnviz.errors import DesignError
from cnnviz.layers import BatchNorm2d, Conv2d, Flatten, GroupNorm, Layer, Linear
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.device_speed import DeviceSpeed, measure_speed
from cnnviz.training.duration import check_finder_step, expected_epoch_seconds
from cnnviz.training.readiness import check_trainable

SLOW = DeviceSpeed(multiply_adds_per_second=1e9, values_per_second=1e12, layer_seconds=0.0)
LIMITS = Settings()


def heavy(*norm: Layer, channels: int = 500) -> Architecture:
    """A design whose convolution takes channels × 64 × 25 multiply-adds."""
    layers = [Conv2d(out_channels=channels, kernel_size=5, padding=2), *norm, Flatten(), Linear(out_features=10)]
    return Architecture(input_shape=(1, 8, 8), layers=layers)


def refusal(architecture: Architecture, config: TrainConfig, limits: Settings = LIMITS) -> str | None:
    try:
        check_trainable(architecture, config, DIGITS, limits, SLOW)
    except DesignError as error:
        return str(error)
    return None


def test_the_terms_of_a_step_add_up() -> None:
    steps = trace(heavy())
    multiply_adds, values, layers = 500 * 64 * 25 + 500 * 64 * 10, 500 * 64 + 500 * 64 + 10, 3
    speed = DeviceSpeed(multiply_adds_per_second=2e9, values_per_second=1e8, layer_seconds=0.25)
    expected = 20 * (3 * multiply_adds / 2e9 + values / 1e8) + 0.25 * layers
    assert speed.step_seconds(steps, 20) == pytest.approx(expected)
    evaluation = 300 * (multiply_adds / 2e9 + values / 1e8 / 3)
    assert speed.epoch_seconds(steps, 20, 40, 300) == pytest.approx(2 * expected + evaluation)


def test_a_batch_that_nothing_can_interrupt_is_refused_with_its_numbers_and_what_passes() -> None:
    config = TrainConfig(dataset="digits", batch_size=4096)
    text = refusal(heavy(BatchNorm2d()), config)
    assert text is not None
    assert text.startswith(
        "4,096 of these samples at a time take 4.59 G multiply-adds forward and twice as many back: about 14 s"
    )
    (named,) = re.findall(r"Use batches of ([\d,]+), or GroupNorm instead of BatchNorm", text)
    fitting = int(named.replace(",", ""))
    assert refusal(heavy(BatchNorm2d()), config.changed(batch_size=fitting)) is None
    assert refusal(heavy(BatchNorm2d()), config.changed(batch_size=2 * fitting))


def test_without_batch_norm_the_batch_is_worked_on_in_parts_and_passes() -> None:
    speed = DeviceSpeed(multiply_adds_per_second=1e10, values_per_second=1e12, layer_seconds=0.0)
    config, limits = TrainConfig(dataset="digits", batch_size=4096), Settings(max_training_bytes=2**40)
    for norm in ([], [GroupNorm(num_groups=100)]):
        check_trainable(heavy(*norm, channels=2000), config, DIGITS, limits, speed)
    with pytest.raises(DesignError, match=r"^4,096 of these .* GroupNorm"):
        check_trainable(heavy(BatchNorm2d(), channels=2000), config, DIGITS, limits, speed)


def test_an_epoch_that_would_take_longer_than_a_run_may_is_refused() -> None:
    config = TrainConfig(dataset="digits", batch_size=16)
    seconds = expected_epoch_seconds(trace(heavy()), config, DIGITS, SLOW)
    assert 3 < seconds < 30
    assert refusal(heavy(), config, Settings(max_run_seconds=int(seconds) + 1)) is None
    text = refusal(heavy(), config, Settings(max_run_seconds=int(seconds)))
    assert text
    assert re.match(
        r"One epoch of this design on “Handwritten digits” would take about \d+ s here; this server gives", text
    )


def test_a_step_of_the_finder_is_bounded_as_nothing_interrupts_it() -> None:
    config = TrainConfig(dataset="digits", batch_size=4096)
    with pytest.raises(DesignError, match=r"about 14 s here.*Batches of (\d+,?)+ would do\.$") as refused:
        check_finder_step(heavy(), config, LIMITS, SLOW)
    fitting = int(re.findall(r"Batches of ([\d,]+) would", str(refused.value))[0].replace(",", ""))
    check_finder_step(heavy(), config.changed(batch_size=fitting), LIMITS, SLOW)
    check_finder_step(heavy(), config, LIMITS, None)


def measured(values: Sequence[float]) -> DeviceSpeed:
    return DeviceSpeed(*values)


def test_of_two_measurements_the_faster_counts() -> None:
    assert measured([1, 5, 3]).fastest(measured([2, 4, 1])) == measured([2, 5, 1])
    assert measured([1, 5, 3]).fastest(None) == measured([1, 5, 3])


def test_this_processor_is_measured_and_heavier_work_is_expected_to_take_longer() -> None:
    speed = measure_speed(torch.device("cpu"))
    assert 1e8 < speed.multiply_adds_per_second < 1e14
    light, heavier = (speed.step_seconds(trace(heavy(channels=channels)), 64) for channels in (10, 1000))
    assert 0 < light < heavier
