import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn, optim

from cnnviz.training.config import SCHEDULE_NAMES, TrainConfig
from cnnviz.training.schedule import SCHEDULES, WARMUP_START, learning_rates

RATE = 0.1


def rates_by_step(epochs: int = 10, **values: object) -> np.ndarray:
    return learning_rates(TrainConfig(learning_rate=RATE, **values), epochs, 8)  # type: ignore[arg-type]


def test_every_schedule_has_a_name_that_a_configuration_may_hold_and_a_story() -> None:
    assert tuple(SCHEDULES) == SCHEDULE_NAMES
    assert all(schedule.description.endswith(".") for schedule in SCHEDULES.values())


def test_constant_stays() -> None:
    np.testing.assert_allclose(rates_by_step(), RATE)


def test_step_falls_after_so_many_epochs() -> None:
    rates = rates_by_step(schedule="step", step_size=4, gamma=0.5)
    np.testing.assert_allclose(rates, np.repeat([RATE, RATE / 2, RATE / 4], [32, 32, 16]))


def test_cosine_falls_to_nothing() -> None:
    expected = [RATE * (1 + math.cos(math.pi * step / 80)) / 2 for step in range(80)]
    np.testing.assert_allclose(rates_by_step(schedule="cosine"), expected, rtol=1e-6)


def test_one_cycle_rises_and_falls_as_torch_has_it() -> None:
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=RATE)
    own = optim.lr_scheduler.OneCycleLR(optimizer, RATE, 80, cycle_momentum=False)
    expected = []
    for _ in range(80):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        own.step()
    np.testing.assert_allclose(rates_by_step(schedule="one-cycle"), expected, rtol=1e-6)
    assert max(expected) == pytest.approx(RATE, rel=1e-2)


@pytest.mark.parametrize("name", ["constant", "step", "cosine"])
def test_a_warm_up_rises_from_a_hundredth_and_the_schedule_follows(name: str) -> None:
    rates, without = rates_by_step(schedule=name, step_size=4, warmup=2.0), rates_by_step(schedule=name, step_size=4)
    assert rates[0] == pytest.approx(WARMUP_START * RATE)
    assert (np.diff(rates[:16]) > 0).all()
    assert rates[16] == pytest.approx(RATE, rel=0.1)
    assert len(rates) == len(without) == 80
    shorter = rates_by_step(8, schedule=name, step_size=4)
    np.testing.assert_allclose(rates[16:], shorter, rtol=1e-6)


def torch_rates(name: str, steps: int, warmup: int, drop_steps: int, gamma: float) -> list[float]:
    """The rates of torch's own schedulers in sequence: a linear one for the warm-up, then that of the name."""
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=RATE)
    schedulers = optim.lr_scheduler
    following: dict[str, Callable[[], optim.lr_scheduler.LRScheduler]] = {
        "constant": lambda: schedulers.ConstantLR(optimizer, 1.0),
        "step": lambda: schedulers.StepLR(optimizer, drop_steps, gamma),
        "cosine": lambda: schedulers.CosineAnnealingLR(optimizer, steps - warmup),
    }
    first = schedulers.LinearLR(optimizer, WARMUP_START, total_iters=warmup - 1)
    own = schedulers.SequentialLR(optimizer, [first, following[name]()], [warmup])
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        own.step()
    return rates


@given(
    st.sampled_from(["constant", "step", "cosine"]),
    st.integers(2, 12),
    st.integers(2, 9),
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from([0.1, 0.3, 0.9]),
)
@settings(max_examples=60, deadline=None)
def test_torchs_own_schedulers_in_sequence_have_the_same_rates(
    name: str, epochs: int, per_epoch: int, warmup: int, step_size: int, gamma: float
) -> None:
    warmup = min(warmup, epochs - 1)
    config = TrainConfig(learning_rate=RATE, schedule=name, warmup=float(warmup), step_size=step_size, gamma=gamma)
    rates = learning_rates(config, epochs, per_epoch)
    expected = torch_rates(name, epochs * per_epoch, warmup * per_epoch, step_size * per_epoch, gamma)
    np.testing.assert_allclose(rates, expected, rtol=1e-6, atol=1e-12)
    assert rates[-1] > 0


def test_one_cycle_warms_up_by_itself() -> None:
    np.testing.assert_array_equal(rates_by_step(schedule="one-cycle", warmup=3.0), rates_by_step(schedule="one-cycle"))


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_a_rate_for_each_step(name: str, steps: int) -> None:
    rates = learning_rates(TrainConfig(learning_rate=RATE, schedule=name, warmup=50.0), 1, steps)
    assert rates.shape == (steps,)
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert rates.max() <= RATE * 1.0001
