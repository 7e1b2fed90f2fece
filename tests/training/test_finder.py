"""The learning-rate finder, by ignite's own and by what it must leave as it was."""

import math
import warnings
from collections.abc import Callable

import pytest
import torch
from ignite.engine import Engine
from ignite.handlers import FastaiLRFinder

from cnnviz.architecture import Architecture
from cnnviz.layers import Linear
from cnnviz.training.config import TrainConfig
from cnnviz.training.finder import DIVERGED, END, ITERATIONS, SMOOTHING, START, Found, Search
from cnnviz.training.point import Point
from cnnviz.training.prepared import prepare
from cnnviz.training.setup import Setup
from tests.training.test_trainer import CONFIG, CPU, NET, SCORES, digits, same

GLOBAL = CONFIG.changed("normalization", "global")


class Kept:
    """A search that keeps its points."""

    def __init__(
        self,
        architecture: Architecture = NET,
        config: TrainConfig = GLOBAL,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.points: list[Point] = []
        data = prepare(digits(), config, CPU)
        self.search = Search(architecture, config, data, device=CPU, emit=self.points.extend, should_stop=should_stop)

    def found(self) -> Found:
        found = self.search.advance()
        assert found
        return found

    def curve(self, metric: str) -> list[float]:
        return [point.value for point in self.points if point.metric == metric]


def by_ignite(config: TrainConfig) -> tuple[dict[str, list[float]], float]:
    """The same search as the lab does it, with ignite alone."""
    setup = Setup(NET, config, prepare(digits(), config, CPU), CPU)

    def step(_: Engine, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        loss = setup.gradients(batch)
        setup.optimizer.step()
        return loss

    trainer, finder = Engine(step), FastaiLRFinder()
    named = {"model": setup.model, "optimizer": setup.optimizer}
    options = {"start_lr": START, "end_lr": END, "smooth_f": SMOOTHING, "diverge_th": DIVERGED}
    with (
        setup.random.own(),
        warnings.catch_warnings(),
        finder.attach(trainer, named, num_iter=ITERATIONS, **options) as attached,  # type: ignore[arg-type]
    ):
        warnings.simplefilter("ignore", UserWarning)
        attached.run(setup.batches, max_epochs=100)
    return finder.get_results(), finder.lr_suggestion()


def test_the_curve_is_ignites_and_the_rule_a_tenth_of_its_lowest_place() -> None:
    kept = Kept()
    found = kept.found()
    history, steepest = by_ignite(GLOBAL)
    rates, losses = history["lr"], history["loss"]
    assert kept.curve("learning_rate") == rates
    assert kept.curve("smoothed_loss") == losses
    assert len(rates) > 100
    lowest = min(zip(losses, rates, strict=True))[1]
    assert found.suggestion == pytest.approx(lowest / 10, rel=0.05)
    assert found.steepest == pytest.approx(steepest, rel=0.05)
    assert START <= min(rates) < 2 * START
    assert max(rates) <= 1.2 * END  # ignite goes one step beyond


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_the_suggestion_hardly_depends_on_the_seed_and_trains(optimizer: str) -> None:
    config = GLOBAL.changed("optimizer", optimizer)
    found = [Kept(SCORES, config.changed("seed", seed)).found().suggestion for seed in range(5)]
    rates = [rate for rate in found if rate]
    assert len(rates) == 5
    assert max(rates) <= 10 * min(rates)


def test_weights_and_optimizer_are_afterwards_as_they_were() -> None:
    config = GLOBAL.changed("optimizer", "Adam")
    kept, untouched = Kept(config=config), Kept(config=config)
    before = {name: value.clone() for name, value in kept.search.setup.model.state_dict().items()}
    assert same(before, untouched.search.setup.model.state_dict())
    kept.search.advance(lambda: kept.search.step >= 20)
    assert not same(before, kept.search.setup.model.state_dict())
    kept.found()
    assert same(before, kept.search.setup.model.state_dict())
    assert kept.search.setup.optimizer.state_dict() == untouched.search.setup.optimizer.state_dict()


def test_a_search_in_slices_is_the_same_search() -> None:
    whole, sliced = Kept(), Kept()
    wanted, found, count = whole.found(), None, 0
    while found is None:
        torch.rand(1)
        step = sliced.search.step
        found = sliced.search.advance(lambda step=step: sliced.search.step >= step + 7)  # type: ignore[misc]
        count += 1
    assert count > 10
    assert (found, sliced.points) == (wanted, whole.points)


def test_a_loss_that_diverges_ends_it_and_is_told_with_the_rate() -> None:
    deep = Architecture(
        input_shape=(1, 8, 8), layers=[SCORES.layers[0], *[Linear(out_features=32)] * 6, Linear(out_features=10)]
    )
    kept = Kept(deep, CONFIG.changed("momentum", 0.99))
    found = kept.found()
    assert found.suggestion
    smoothed, rates = kept.curve("smoothed_loss"), kept.curve("learning_rate")
    assert smoothed[-1] > DIVERGED * min(smoothed)
    assert rates[-1] < END
    (note,) = found.notes
    assert note.startswith(f"It ended at a rate of {float(f'{rates[-1]:.1e}'):g}: with a smoothed loss of 5 times")


def test_what_never_is_a_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Setup, "gradients", lambda *_: torch.tensor(math.nan))
    found = Kept().found()
    assert found == Found(None, None, ("The loss was no number from the beginning: nothing can be told.",))


def test_a_loss_that_becomes_no_number_is_told_with_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Setup.gradients
    count = 0

    def broken(self: Setup, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        nonlocal count
        count += 1
        return real(self, batch) if count < 120 else torch.tensor(float("inf"))

    monkeypatch.setattr(Setup, "gradients", broken)
    kept = Kept()
    found = kept.found()
    assert found.suggestion
    assert found.notes[0].startswith("From a rate of about 0.")
    assert len(kept.curve("loss")) == 119


def test_a_loss_that_does_not_diverge_and_one_that_never_falls_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Setup, "gradients", lambda self, _: torch.tensor(2.0))
    found = Kept().found()
    assert (found.suggestion, found.steepest) == (None, None)
    assert [note[:24] for note in found.notes] == [
        "The loss did not diverge",
        "The loss hardly fell at ",
        "ignite's rule needs a cu",
    ]


def test_a_stopped_search_suggests_nothing() -> None:
    kept = Kept(should_stop=lambda: len(kept.points) > 30)
    found = kept.found()
    assert (found.suggestion, found.stopped) == (None, True)


def test_a_stop_that_comes_with_the_end_of_a_slice_ends_the_search() -> None:
    stop = False
    kept = Kept(should_stop=lambda: stop)
    kept.search.advance(lambda: kept.search.step >= 10)
    stop = True
    found = kept.search.advance(lambda: True)
    assert found
    assert found.stopped
    assert kept.search.step == 11
