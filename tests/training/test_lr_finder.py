"""The learning-rate finder, by ignite's own and by what it must leave as it was."""

import math
import warnings
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from ignite.handlers import FastaiLRFinder
from torch import optim

from cnnviz.architecture import Architecture, micro_batch
from cnnviz.layers import Linear
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.lr_finder import (
    DIVERGENCE_FACTOR,
    END_RATE,
    FINDER,
    ITERATIONS,
    RATES,
    SMOOTHING,
    START_RATE,
    TRIAL,
    LRFinder,
    LRFinderResult,
)
from cnnviz.training.point import Point
from cnnviz.training.prepared_data import prepare
from cnnviz.training.rate_trial import TRIAL_STEPS
from cnnviz.training.setup import TrainingSetup
from cnnviz.training.snapshot import Snapshot
from tests.training.test_trainer import CONFIG, CPU, NET, SCORES, digits, equal_states

GLOBAL = CONFIG.changed(normalization="global")
FORMS = (1e-4, 0.01, 0.1, 1.0, 10.0)
"""Learning rates that the form may hold when a search begins."""
MORE: dict[str, dict[str, object]] = {
    "plain": {},
    "decay, one cycle": {"weight_decay": 0.01, "schedule": "one-cycle", "momentum": 0.0},
    "everything": {
        "weight_decay": 0.1,
        "nesterov": True,
        "schedule": "cosine",
        "warmup": 1.0,
        "max_grad_norm": 1.0,
        "label_smoothing": 0.1,
    },
}
"""Settings beside the optimizer."""


class RecordedSearch:
    """A search that keeps its points."""

    def __init__(
        self,
        architecture: Architecture = NET,
        config: TrainConfig = GLOBAL,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.points: list[Point] = []
        data = prepare(digits(), config, CPU)
        self.finder = LRFinder(architecture, config, data, device=CPU, emit=self.points.extend, should_stop=should_stop)

    def run_to_end(self) -> LRFinderResult:
        result = self.finder.advance()
        assert result
        return result

    def curve(self, metric: str, split: str = FINDER) -> list[float]:
        return [point.value for point in self.points if (point.split, point.metric) == (split, metric)]


def record_rates(optimizer: optim.Optimizer) -> list[float]:
    """Grows by the learning rate that the optimizer has at each of its steps."""
    rates_used: list[float] = []

    def note_rate(optimizer: optim.Optimizer, *_: object) -> None:
        (rate,) = {group["lr"] for group in optimizer.param_groups}
        rates_used.append(rate)

    optimizer.register_step_pre_hook(note_rate)
    return rates_used


@cache
def run_search(optimizer: str, more: str, rate: float) -> tuple[LRFinderResult, list[Point], list[float]]:
    """What is found with such settings, its points, and the rates that the optimizer saw."""
    config = TrainConfig(**dict(GLOBAL) | MORE[more] | {"optimizer": optimizer, "learning_rate": rate})
    search = RecordedSearch(config=config)
    rates_used = record_rates(search.finder.setup.optimizer)
    return search.run_to_end(), search.points, rates_used


def search_with_ignite(config: TrainConfig) -> tuple[dict[str, list[float]], float]:
    """The same search as the lab does it, with ignite alone, but each step with the rate that is its own.

    Alone, ignite takes the first step at the optimizer's rate, and notes each other one step above that in use: so the
    rates are set before each step, and those that the optimizer saw take the place of the noted ones.
    """
    setup = TrainingSetup(NET, config, prepare(digits(), config, CPU), CPU)
    ramp, rates_used = np.geomspace(START_RATE, END_RATE, ITERATIONS + 1), record_rates(setup.optimizer)

    def set_rate(engine: Engine) -> None:
        for group in setup.optimizer.param_groups:
            group["lr"] = float(ramp[engine.state.iteration - 1])

    def step(_: Engine, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        loss = setup.backward(batch)
        setup.optimizer.step()
        return loss

    trainer, finder = Engine(step), FastaiLRFinder()
    named = {"model": setup.model, "optimizer": setup.optimizer}
    options = {"start_lr": START_RATE, "end_lr": END_RATE, "smooth_f": SMOOTHING, "diverge_th": DIVERGENCE_FACTOR}
    with (
        setup.random.activate(),
        warnings.catch_warnings(),
        finder.attach(trainer, named, num_iter=ITERATIONS, **options) as attached,  # type: ignore[arg-type]
    ):
        warnings.simplefilter("ignore", UserWarning)
        attached.add_event_handler(Events.ITERATION_STARTED, set_rate)
        attached.run(setup.batches, max_epochs=100)
    finder.get_results()["lr"][:] = rates_used
    return finder.get_results(), finder.lr_suggestion()


def test_the_curve_is_ignites_and_the_rule_a_tenth_of_its_lowest_place() -> None:
    search = RecordedSearch()
    result = search.run_to_end()
    history, steepest = search_with_ignite(GLOBAL)
    rates, losses = history["lr"], history["loss"]
    assert search.curve("learning_rate") == rates
    assert search.curve("smoothed_loss") == losses
    assert len(rates) > 100
    lowest = min(zip(losses, rates, strict=True))[1]
    assert result.suggestion == pytest.approx(lowest / 10, rel=0.05)
    assert result.steepest == pytest.approx(steepest, rel=0.05)
    assert min(rates) == START_RATE  # was up to 2 * START_RATE: ignite notes the first step one too high
    assert max(rates) <= END_RATE  # was up to 1.2 * END_RATE: so it went one step beyond


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_step_is_trained_with_the_very_rate_that_is_told(optimizer: str, more: str) -> None:
    """The first was trained with the rate of the form, each other with the one before the one that was told."""
    _, points, rates_used = run_search(optimizer, more, 0.1)
    points_by_metric = {
        metric: [p for p in points if (p.split, p.metric) == (FINDER, metric)]
        for metric in ("learning_rate", "loss", "smoothed_loss")
    }
    trial = [point for point in points if (point.split, point.metric) == (TRIAL, "learning_rate")]
    assert [point.value for point in (*points_by_metric["learning_rate"], *trial)] == rates_used
    assert [point.step for point in trial] == [*range(len(rates_used) - len(trial) + 1, len(rates_used) + 1)]
    rates_used = rates_used[: -len(trial)]
    assert len(rates_used) > 100
    assert all(
        [point.step for point in curve] == [*range(1, len(rates_used) + 1)] for curve in points_by_metric.values()
    )
    raw, smoothed = ([point.value for point in points_by_metric[metric]] for metric in ("loss", "smoothed_loss"))
    assert smoothed[0] == raw[0]
    follows = [SMOOTHING * loss + (1 - SMOOTHING) * before for loss, before in zip(raw[1:], smoothed, strict=False)]
    assert smoothed[1:] == follows


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_found_does_not_depend_on_the_rate_of_the_form(optimizer: str, more: str) -> None:
    """The first step had the form's rate: with 10, a search ended after two steps; others each told another rate."""
    first, *others = (run_search(optimizer, more, rate) for rate in FORMS)
    assert first[0].suggestion
    assert all(other == first for other in others)


def test_rates_grow_evenly_from_the_first_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingSetup, "backward", lambda self, _: torch.tensor(2.0))
    search = RecordedSearch()
    rates_used = record_rates(search.finder.setup.optimizer)
    search.run_to_end()
    assert search.curve("learning_rate") == rates_used
    assert (rates_used[0], rates_used[-1], len(rates_used)) == (START_RATE, END_RATE, ITERATIONS + 1)
    factor = (END_RATE / START_RATE) ** (1 / ITERATIONS)
    assert [b / a for a, b in pairwise(rates_used)] == pytest.approx([factor] * ITERATIONS)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_the_suggestion_hardly_depends_on_the_seed_and_trains(optimizer: str) -> None:
    config = GLOBAL.changed(optimizer=optimizer)
    suggestions = [RecordedSearch(SCORES, config.changed(seed=seed)).run_to_end().suggestion for seed in range(5)]
    rates = [rate for rate in suggestions if rate]
    assert len(rates) == 5
    assert max(rates) <= 10 * min(rates)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_suggestion_is_tried_out_as_a_training_begins(optimizer: str) -> None:
    """From the weights of the start, at that rate, on other batches than the search began with."""
    config = GLOBAL.changed(optimizer=optimizer)
    search = RecordedSearch(SCORES, config)
    result = search.run_to_end()
    setup = TrainingSetup(SCORES, config.changed(learning_rate=result.suggestion), search.finder.data, CPU)
    passes = -(-len(search.curve("loss")) // len(setup.whole_batches))
    batches = [batch for _ in range(passes + 1 + TRIAL_STEPS) for batch in setup.whole_batches]
    losses = []
    for batch in batches[passes * len(setup.whole_batches) :][:TRIAL_STEPS]:
        losses.append(float(setup.backward_in_parts(batch)))
        setup.optimizer.step()
    assert search.curve("loss", TRIAL) == losses
    (trial,) = result.trials
    assert (trial.rate, trial.steps, trial.falls) == (result.suggestion, TRIAL_STEPS, True)
    assert trial.start == pytest.approx(np.mean(search.curve("loss")[:10]))
    assert trial.end == pytest.approx(np.mean(losses[-10:]))


@pytest.mark.parametrize(("ends", "falls"), [([5.0, 1.0], [False, True]), ([math.nan, 2.3], [False, False])])
def test_where_the_loss_does_not_fall_a_third_is_tried_from_the_same_start(
    monkeypatch: pytest.MonkeyPatch, ends: list[float], falls: list[bool]
) -> None:
    real = TrainingSetup.backward
    found = RecordedSearch().run_to_end().suggestion
    assert found
    losses = dict(zip((found, float(f"{found / 3:.1e}")), ends, strict=True))

    def backward(self: TrainingSetup, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        loss = real(self, batch)
        return torch.tensor(losses.get(self.optimizer.param_groups[0]["lr"], float(loss)))

    monkeypatch.setattr(TrainingSetup, "backward", backward)
    search = RecordedSearch()
    before = {name: value.clone() for name, value in search.finder.setup.model.state_dict().items()}
    result = search.run_to_end()
    assert result.suggestion == found
    assert [trial.rate for trial in result.trials] == [*losses]
    assert [trial.falls for trial in result.trials] == falls
    assert result.trials[0].steps == (1 if math.isnan(ends[0]) else TRIAL_STEPS)
    assert equal_states(before, search.finder.setup.model.state_dict())
    assert search.finder.step <= search.finder.steps


def test_a_search_stopped_while_it_tries_out_is_stopped() -> None:
    search = RecordedSearch(should_stop=lambda: any(point.split == TRIAL for point in search.points))
    assert search.run_to_end().stopped
    assert len(search.curve("loss", TRIAL)) == 1


def test_weights_and_optimizer_are_afterwards_as_they_were() -> None:
    config = GLOBAL.changed(optimizer="Adam")
    search, untouched = RecordedSearch(config=config), RecordedSearch(config=config)
    before = {name: value.clone() for name, value in search.finder.setup.model.state_dict().items()}
    assert equal_states(before, untouched.finder.setup.model.state_dict())
    search.finder.advance(lambda: search.finder.step >= 20)
    assert not equal_states(before, search.finder.setup.model.state_dict())
    search.run_to_end()
    assert equal_states(before, search.finder.setup.model.state_dict())
    assert search.finder.setup.optimizer.state_dict() == untouched.finder.setup.optimizer.state_dict()


def test_a_search_in_slices_is_the_same_search() -> None:
    whole, sliced = RecordedSearch(), RecordedSearch()
    expected, result, count = whole.run_to_end(), None, 0
    while result is None:
        torch.rand(1)
        step = sliced.finder.step
        result = sliced.finder.advance(lambda step=step: sliced.finder.step >= step + 7)  # type: ignore[misc]
        count += 1
    assert count > 10
    assert (result, sliced.points) == (expected, whole.points)


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_search_that_is_set_aside_again_and_again_is_the_same_search(
    optimizer: str, more: str, tmp_path: Path
) -> None:
    config = GLOBAL.changed(optimizer=optimizer, **MORE[more]).with_augmentation(noise=0.1)
    whole = RecordedSearch(config=config)
    expected, result, points = whole.run_to_end(), None, list[Point]()
    part, count = RecordedSearch(config=config), 0
    while result is None:
        step = part.finder.step
        result = part.finder.advance(lambda step=step, part=part: part.finder.step >= step + 20)  # type: ignore[misc]
        points += part.points
        for _ in range(0 if result else 1 + count % 2):  # set aside again before a step, too
            part.finder.snapshot().write(tmp_path / "checkpoint")
            part.finder.close()
            part = RecordedSearch(config=config)
            part.finder.restore(Snapshot.read(tmp_path / "checkpoint"))
        count += 1
    assert count > 3
    assert (result, points) == (expected, whole.points)


def test_a_loss_that_diverges_ends_it_and_is_told_with_the_rate() -> None:
    deep = Architecture(
        input_shape=(1, 8, 8), layers=[SCORES.layers[0], *[Linear(out_features=32)] * 6, Linear(out_features=10)]
    )
    search = RecordedSearch(deep, CONFIG.changed(momentum=0.99))
    result = search.run_to_end()
    assert result.suggestion
    smoothed, rates = search.curve("smoothed_loss"), search.curve("learning_rate")
    assert smoothed[-1] > DIVERGENCE_FACTOR * min(smoothed)
    assert rates[-1] < END_RATE
    (note,) = result.notes
    assert note.startswith(
        f"The search ended at a rate of {float(f'{rates[-1]:.1e}'):g}, where the smoothed loss was 5 times its lowest"
    )


def test_what_never_is_a_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingSetup, "backward", lambda *_: torch.tensor(math.nan))
    result = RecordedSearch().run_to_end()
    assert result == LRFinderResult(None, None, ("The loss was not a number from the start.",))


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_loss_that_becomes_no_number_is_told_with_the_rate(monkeypatch: pytest.MonkeyPatch, bad: float) -> None:
    """With NaN, ignite's rule suggested the rate at which it came: it took that for the lowest loss."""
    real = TrainingSetup.backward
    count = 0

    def broken(self: TrainingSetup, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        nonlocal count
        count += 1
        return real(self, batch) if count < 120 else torch.tensor(bad)

    monkeypatch.setattr(TrainingSetup, "backward", broken)
    search = RecordedSearch()
    result = search.run_to_end()
    assert result.suggestion
    assert result.notes[0].startswith("From a rate of about 0.")
    assert len(search.curve("loss")) == 119
    smoothed, rates = torch.tensor(search.curve("smoothed_loss")), search.curve("learning_rate")
    falls = (smoothed[2:] - smoothed[:-2])[: int(smoothed.argmin()) - 1]
    assert result.steepest == float(f"{rates[int(falls.argmin()) + 1]:.1e}")


def test_a_loss_that_does_not_diverge_and_one_that_never_falls_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingSetup, "backward", lambda self, _: torch.tensor(2.0))
    result = RecordedSearch().run_to_end()
    assert (result.suggestion, result.steepest) == (None, None)
    assert [note[:24] for note in result.notes] == [
        "The loss did not diverge",
        "The loss hardly fell at ",
        "ignite's rule needs a cu",
    ]


def finder_notes(monkeypatch: pytest.MonkeyPatch, loss_at: Callable[[float], float]) -> tuple[str, ...]:
    """What is said of a curve whose loss depends on the rate alone."""
    count = 0

    def loss(self: TrainingSetup, _: object) -> torch.Tensor:
        nonlocal count
        count += 1
        return torch.tensor(loss_at(RATES[min(count, len(RATES)) - 1]))

    monkeypatch.setattr(TrainingSetup, "backward", loss)
    search = RecordedSearch()
    notes = search.run_to_end().notes
    assert len(search.curve("loss")) == ITERATIONS + 1  # none of these curves diverges
    return notes


@pytest.mark.parametrize(
    ("loss_at", "note"),
    [
        (lambda rate: 2.3 if rate < 1e-4 else 1.5 if rate < 0.1 else 4.0, "is above its start"),
        (lambda rate: 2.3 if rate < 1e-4 else 1.5 if rate < 0.1 else 2.1, "rose to"),
        (lambda rate: 2.3 if rate < 1e-4 else 0.5, "Even higher rates might work"),
    ],
    ids=["above its start", "rises", "falls to the end"],
)
def test_a_curve_that_ends_at_the_last_rate_is_judged_by_its_course(
    monkeypatch: pytest.MonkeyPatch, loss_at: Callable[[float], float], note: str
) -> None:
    """Of a curve that had climbed above its start it was said that it did not diverge, and that more might work."""
    (text, *_) = finder_notes(monkeypatch, loss_at)
    assert note in text
    assert ("higher rates might work" in text) == (note == "Even higher rates might work")


def test_a_stopped_search_suggests_nothing() -> None:
    search = RecordedSearch(should_stop=lambda: len(search.points) > 30)
    result = search.run_to_end()
    assert (result.suggestion, result.stopped) == (None, True)


def test_a_stop_that_comes_with_the_end_of_a_slice_ends_the_search() -> None:
    stop = False
    search = RecordedSearch(should_stop=lambda: stop)
    search.finder.advance(lambda: search.finder.step >= 10)
    stop = True
    result = search.finder.advance(lambda: True)
    assert result
    assert result.stopped
    assert search.finder.step == 11


def test_a_batch_of_a_heavy_net_is_worked_on_in_parts_and_gives_the_same_curve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = RecordedSearch(SCORES)
    whole.finder.advance()
    monkeypatch.setattr(micro_batch, "MICRO_BATCH_MULTIPLY_ADDS", 15 * 640)
    in_parts = RecordedSearch(SCORES)
    in_parts.finder.advance()
    assert len(in_parts.points) == len(whole.points)
    for ours, theirs in zip(in_parts.points, whole.points, strict=True):
        assert ours.value == pytest.approx(theirs.value, rel=1e-2)
