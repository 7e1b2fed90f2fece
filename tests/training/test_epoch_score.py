import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from cnnviz.architecture import Architecture
from cnnviz.insight.run_summary import RunSummary
from cnnviz.runs.history import History
from cnnviz.runs.score import Score
from cnnviz.training.best_weights import BestWeights
from cnnviz.training.config import TrainConfig
from cnnviz.training.epoch_score import NO_EPOCH, EpochScore, best_index
from cnnviz.training.point import Point

ACCURACIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 0.75, 1.0]))
LOSSES = st.one_of(st.floats(0, 20), st.sampled_from([0.0, 0.1, 0.2, math.inf]))
NAN = math.nan
measured_epochs = st.lists(st.builds(EpochScore, ACCURACIES, LOSSES), max_size=12)
with_nan = st.lists(st.builds(EpochScore, ACCURACIES | st.just(NAN), LOSSES | st.just(NAN)), max_size=12)


def best_by_hand(epochs: list[EpochScore]) -> int:
    """The number of the best epoch by comparing it with every other one; 0 where there is none."""

    def is_better(first: EpochScore, second: EpochScore) -> bool:
        if math.isnan(first.accuracy):
            return False
        if math.isnan(second.accuracy) or first.accuracy != second.accuracy:
            return math.isnan(second.accuracy) or first.accuracy > second.accuracy
        return not math.isnan(first.loss) and (
            first.loss < second.loss or (math.isnan(second.loss) and first.loss < math.inf)
        )

    unbeaten = [
        number
        for number, epoch in enumerate(epochs, 1)
        if not math.isnan(epoch.accuracy) and not any(is_better(second, epoch) for second in epochs)
    ]
    return min(unbeaten, default=0)


def best_of_weights(epochs: list[EpochScore]) -> int:
    best = BestWeights(nn.Linear(1, 1))
    for epoch, score in enumerate(epochs, 1):
        best.update(epoch, epoch, score._asdict())
    return best.epoch


def best_of_run_score(epochs: list[EpochScore]) -> int:
    score = Score()
    for points in points_by_epoch(epochs):
        score = score.with_points(points)
    return score.best_epoch


def best_of_history(epochs: list[EpochScore]) -> int:
    history = History("r")
    for points in points_by_epoch(epochs):
        for point in points:
            history.add(point)
    return history.best()[0]


def best_of_summary(epochs: list[EpochScore]) -> int:
    accuracy, loss = np.array(epochs).reshape(-1, 2).T
    return RunSummary(
        architecture=Architecture(input_shape=(1,), layers=()),
        config=TrainConfig(),
        train_loss=loss,
        train_accuracy=accuracy,
        validation_loss=loss,
        validation_accuracy=accuracy,
    ).best_epoch


def points_by_epoch(epochs: list[EpochScore]) -> list[list[Point]]:
    return [
        [Point(epoch, epoch, "validation", metric, value) for metric, value in score._asdict().items()]
        for epoch, score in enumerate(epochs, 1)
    ]


@given(st.one_of(measured_epochs, with_nan))
@example([EpochScore(0.5, NAN), EpochScore(0.5, 0.1)])
@example([EpochScore(NAN, 0.1), EpochScore(0.0, math.inf)])
@example([EpochScore(NAN, NAN)])
@example([])
def test_whoever_asks_for_the_best_epoch_gets_the_same(epochs: list[EpochScore]) -> None:
    best = best_by_hand(epochs)
    assert best_of_weights(epochs) == best
    assert best_of_run_score(epochs) == best
    assert best_of_history(epochs) == best
    assert best_of_summary(epochs) == best


@given(measured_epochs)
def test_the_best_index_is_that_of_a_stable_sort(epochs: list[EpochScore]) -> None:
    accuracy, loss = np.array(epochs).reshape(-1, 2).T
    assert best_index(epochs) == (int(np.lexsort((loss, -accuracy))[0]) if epochs else None)


@given(st.builds(EpochScore, ACCURACIES, LOSSES | st.just(NAN)))
def test_any_epoch_is_better_than_none_and_none_is_better_than_itself(epoch: EpochScore) -> None:
    assert epoch.is_better_than(NO_EPOCH)
    assert not epoch.is_better_than(epoch)
