"""Seeds that train in one pass are what each of them is alone: its curve, its end, its checkpoint."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest
import torch

from cnnviz.errors import DivergenceError
from cnnviz.training import stacked_training
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.prepared_data import prepare
from cnnviz.training.schedule import SCHEDULES
from cnnviz.training.stacked_training import advance_seeds, advance_together
from cnnviz.training.training import Training, TrainingResult
from tests.points import without_device_points
from tests.training.test_trainer import CONFIG, CPU, NET, digits

RICH = (
    CONFIG.changed(epochs=4)
    .changed(learning_rate=0.01)
    .changed(max_grad_norm=0.5)
    .changed(weight_decay=0.01)
    .changed(patience=3)
    .with_augmentation(noise=0.2, time_shift=1)
)
SEEDS = (1, 2, 3)
TOLERANCE = 1e-6
"""Evaluations end in float32; all else is float64 here, in which rounding does not grow into what can be noticed."""


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Seed:
    """A training that keeps its points and its result."""

    def __init__(self, config: TrainConfig) -> None:
        self.points: list[Point] = []
        self.result: TrainingResult | None = None
        self.error: DivergenceError | None = None
        self.stops = False
        data = prepare(digits(), config, CPU)
        (x, y), (x_validation, y_validation), (x_test, y_test) = data.train, data.validation, data.test
        double = replace(
            data,
            train=(x.double(), y),
            validation=(x_validation.double(), y_validation),
            test=(x_test.double(), y_test),
        )
        self.training = Training(
            NET, config, double, device=CPU, emit=self.points.extend, should_stop=lambda: self.stops
        )

    @property
    def goes_on(self) -> bool:
        return self.result is None and self.error is None

    @property
    def curve(self) -> list[Point]:
        return without_device_points(self.points)

    def advance(self, until: Callable[[], bool] = lambda: False) -> bool:
        try:
            self.result = self.training.advance(until)
        except DivergenceError as error:
            self.error = error
        return self.goes_on


def seeds_of(config: TrainConfig) -> list[Seed]:
    return [Seed(config.changed(seed=seed)) for seed in SEEDS]


def train_together(seeds: Sequence[Seed], calls: int | None = None) -> None:
    """Trains those that go on for one turn, which ends after so many questions whether it does, or with the last."""
    by_training = {seed.training: seed for seed in seeds if seed.goes_on}
    asked = count()
    advance_seeds(
        list(by_training),
        lambda: calls is not None and next(asked) >= calls,
        lambda training, until: by_training[training].advance(until),
    )


def assert_as_alone(seed: Seed, points: list[Point] | None = None) -> None:
    """Compares a seed with the same one trained alone; `points` are what it told in all its lives."""
    alone = Seed(seed.training.config)
    alone.advance()
    told = seed.curve if points is None else points
    assert [point._replace(value=0) for point in told] == [point._replace(value=0) for point in alone.curve]
    expected = [point.value for point in alone.curve]
    assert [point.value for point in told] == pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE)
    result, other = seed.result, alone.result
    assert result
    assert other
    assert (result.best_epoch, result.note, result.stopped) == (other.best_epoch, other.note, other.stopped)
    for name, value in other.weights.items():
        torch.testing.assert_close(result.weights[name], value, rtol=TOLERANCE, atol=TOLERANCE, msg=name)
    assert result.final_snapshot
    assert other.final_snapshot
    for name, value in other.final_snapshot.tensors.items():
        torch.testing.assert_close(result.final_snapshot.tensors[name], value, rtol=TOLERANCE, atol=TOLERANCE, msg=name)


@pytest.fixture
def stacked_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps each net has done in a stack, once for each pass of the stack."""
    widths = list[int]()

    class CountingNets(stacked_training.StackedNets):
        def step(self, batches: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
            widths.append(len(batches))
            return super().step(batches)

    monkeypatch.setattr(stacked_training, "StackedNets", CountingNets)
    return widths


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_seed_has_the_curve_that_it_has_alone(optimizer: str, schedule: str, stacked_steps: list[int]) -> None:
    seeds = seeds_of(RICH.changed(optimizer=optimizer).changed(schedule=schedule).changed(nesterov=True))
    train_together(seeds)
    assert stacked_steps == [3] * 4 * 4  # of five steps, the last of an epoch is each one's own
    for seed in seeds:
        assert_as_alone(seed)


@pytest.mark.parametrize("calls", [1, 2, 3, 7])
def test_turns_change_nothing(calls: int) -> None:
    seeds = seeds_of(RICH.changed(optimizer="Adam"))
    while any(seed.goes_on for seed in seeds):
        train_together(seeds, calls)
        torch.rand(3)  # whatever others draw
    for seed in seeds:
        assert_as_alone(seed)


def test_those_behind_catch_up_and_then_all_go_on_together(stacked_steps: list[int]) -> None:
    seeds = seeds_of(RICH)
    for seed, steps in zip(seeds, (1, 1, 8), strict=True):
        seed.advance(lambda seed=seed, steps=steps: seed.training.step >= steps)
    train_together(seeds)
    assert sorted(set(stacked_steps)) == [2, 3]
    for seed in seeds:
        assert_as_alone(seed)


def test_each_ends_by_its_own_patience() -> None:
    seeds = seeds_of(CONFIG.changed(epochs=40).changed(learning_rate=2.0).changed(patience=2))
    train_together(seeds)
    assert len({seed.training.step for seed in seeds}) > 1
    for seed in seeds:
        assert seed.result
        assert seed.result.note
        assert_as_alone(seed)


@pytest.mark.parametrize("calls", [3, 5])
def test_one_that_is_stopped_leaves_the_stack_and_goes_on_alone_another_day(calls: int) -> None:
    seeds = seeds_of(RICH)
    train_together(seeds, calls)
    first, *others = seeds
    first.stops = True
    train_together(seeds)
    assert first.result
    assert first.result.stopped
    for seed in others:
        assert_as_alone(seed)
    assert first.result.final_snapshot
    again = Seed(first.training.config)
    again.training.restore(first.training.snapshot(ended=False))
    again.advance()
    known = {(point.step, point.split, point.metric) for point in first.curve}
    goes_on = [point for point in again.curve if (point.step, point.split, point.metric) not in known]
    assert_as_alone(again, [*first.curve, *goes_on])


@pytest.mark.parametrize("calls", [3, 8, 30])
def test_each_goes_on_from_its_own_snapshot_alone_or_with_others(calls: int) -> None:
    seeds, lives = seeds_of(RICH), list[tuple[list[Point], Seed]]()
    train_together(seeds, calls)
    for seed in seeds:
        again = Seed(seed.training.config)
        again.training.restore(seed.training.snapshot())
        lives.append((seed.curve, again))
    lives[0][1].advance()
    train_together([again for _, again in lives])
    for before, again in lives:
        assert_as_alone(again, list(dict.fromkeys([*before, *again.curve])))


def test_one_that_diverges_ends_by_itself() -> None:
    seeds = seeds_of(RICH)
    train_together(seeds, 3)
    with torch.no_grad():
        for parameter in seeds[1].training.setup.model.parameters():
            parameter.fill_(torch.nan)
    train_together(seeds)
    assert "the training diverged" in str(seeds[1].error)
    for seed in (seeds[0], seeds[2]):
        assert_as_alone(seed)


def test_the_time_of_a_pass_is_shared_and_no_loss_waits_when_it_ends() -> None:
    seeds = seeds_of(RICH)
    trainings = [seed.training for seed in seeds]
    advance_together(trainings, lambda: trainings[0].step >= 3)
    assert len({training.seconds for training in trainings}) == 1
    assert trainings[0].seconds > 0
    assert [[point.step for point in seed.points] for seed in seeds] == [[1, 2, 3]] * 3
