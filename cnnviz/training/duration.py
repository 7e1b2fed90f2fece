"""How long a training is expected to take on a device, and the refusal of what would keep it from everybody else."""

from collections.abc import Callable, Sequence

from cnnviz.architecture import Architecture, Step, iter_steps, micro_batch_size, trace
from cnnviz.data.dataset import Dataset
from cnnviz.data.splitting import TRAIN_SHARE
from cnnviz.errors import DesignError
from cnnviz.layers.norm import BatchNorm
from cnnviz.settings import Settings
from cnnviz.table import abbreviate
from cnnviz.training.config import TrainConfig
from cnnviz.training.device_speed import DeviceSpeed
from cnnviz.training.training import MIN_TRAIN_SAMPLES_EVALUATED
from cnnviz.words import format_duration

ESTIMATE_ERROR = 2.7
"""By what factor the true time of an epoch can be longer or shorter than the expected one (docs/benchmarks.md)."""
MAX_STEP_TURNS = 12
"""Longest step, in turns of the longest length: until it is complete, a run cannot be paused."""


def check_finder_step(
    architecture: Architecture, config: TrainConfig, limits: Settings, speed: DeviceSpeed | None
) -> None:
    """Raises DesignError if a step of the learning-rate finder, which nothing interrupts, would take too long."""
    steps = trace(architecture)
    seconds = speed.step_seconds(steps, config.batch_size) if speed else 0.0
    if speed and seconds > limits.max_turn_seconds:
        fitting = _largest_batch(lambda size: speed.step_seconds(steps, size) <= limits.max_turn_seconds, config)
        raise DesignError(
            f"One step of the search with batches of {config.batch_size:,} would take about {format_duration(seconds)}"
            f" here, and nobody else could train meanwhile; it may take {format_duration(limits.max_turn_seconds)}."
            + (f" Batches of {fitting:,} would do." if fitting else " Use fewer channels, or pool earlier.")
        )


def check_duration(
    steps: tuple[Step, ...], config: TrainConfig, dataset: Dataset, limits: Settings, speed: DeviceSpeed
) -> None:
    """Refuses work that would keep a device from everybody else, and epochs that could never end."""
    seconds = speed.longest_uncut_seconds(steps, config.batch_size)
    if seconds > limits.max_turn_seconds:
        fitting = _largest_batch(
            lambda size: speed.longest_uncut_seconds(steps, size) <= limits.max_turn_seconds, config
        )
        size = micro_batch_size(steps, config.batch_size)
        work = size * sum(step.multiply_adds for step in steps)
        mends = [f"batches of {fitting:,}"] if fitting else []
        if any(isinstance(step.layer, BatchNorm) for step in iter_steps(steps)):
            mends.append("GroupNorm instead of BatchNorm, which lets a batch be worked on in parts")
        mends.append("fewer channels or earlier pooling")
        raise DesignError(
            f"{size:,} of these samples at a time take {abbreviate(work)} multiply-adds forward and twice as many back:"
            f" about {format_duration(seconds)} here, during which nobody else could train. At most"
            f" {format_duration(limits.max_turn_seconds)} are allowed. Use {', or '.join(mends)}."
        )
    step = speed.step_seconds(steps, config.batch_size)
    if step > MAX_STEP_TURNS * limits.max_turn_seconds:
        raise DesignError(
            f"One step of this design with batches of {config.batch_size:,} would take about {format_duration(step)}"
            f" here; at most {format_duration(MAX_STEP_TURNS * limits.max_turn_seconds)} are allowed. Use smaller"
            " batches, fewer channels, or pool earlier."
        )
    epoch = expected_epoch_seconds(steps, config, dataset, speed)
    if epoch > limits.max_run_seconds:
        raise DesignError(
            f"One epoch of this design on “{dataset.title}” would take about {format_duration(epoch)} here; this server"
            f" gives a run {format_duration(limits.max_run_seconds)} in all. Use fewer channels, or pool earlier."
        )


def expected_epoch_seconds(steps: Sequence[Step], config: TrainConfig, dataset: Dataset, speed: DeviceSpeed) -> float:
    """Returns about how long an epoch of training takes a device that does nothing else, within ESTIMATE_ERROR."""
    trained, validation = round(TRAIN_SHARE * dataset.size), round((1 - TRAIN_SHARE) / 2 * dataset.size)
    evaluated = min(trained, max(MIN_TRAIN_SAMPLES_EVALUATED, validation)) + validation
    return speed.epoch_seconds(steps, config.batch_size, trained, evaluated)


def _largest_batch(fits: Callable[[int], bool], config: TrainConfig) -> int:
    """Returns the largest power of two below the batch size that fits; 0 where none does."""
    sizes = (2**power for power in range(12, -1, -1))
    return next((size for size in sizes if size < config.batch_size and fits(size)), 0)
