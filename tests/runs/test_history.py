from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.runs import history as module
from cnnviz.runs.history import History
from cnnviz.runs.store import Store
from cnnviz.training.point import Point

scores = st.lists(st.tuples(st.sampled_from([0.5, 0.75, 1.0]), st.sampled_from([0.1, 0.2])), max_size=12)


def test_a_look_reads_what_is_new_and_keeps_what_was(tmp_path: Path) -> None:
    store, history = Store(tmp_path), History("r")
    store.append_points("r", [Point(1, 1, "batch", "loss", 2.0), Point(2, 1, "batch", "loss", 1.5)])
    store.append_points("other", [Point(9, 9, "batch", "loss", 9.0)])
    history.read_new_points(store)
    history.read_new_points(store)
    store.append_points("r", [Point(2, 1, "validation", "accuracy", 0.5), Point(3, 2, "batch", "loss", 1.0)])
    history.read_new_points(store)
    steps, values = history.curve("batch", "loss")
    assert (steps.tolist(), values.tolist()) == ([1, 2, 3], [2.0, 1.5, 1.0])
    assert (history.step, history.epoch) == (3, 2)
    assert history.curve("validation", "accuracy")[1].tolist()[-1:] == [0.5]
    assert history.curve("test", "accuracy")[1].tolist() == []
    assert not len(history.curve("test", "loss")[0])
    store.close()


def test_of_a_run_of_very_many_steps_it_has_the_losses_of_some_and_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BATCH_LOSSES", 10)
    store = Store(tmp_path)
    store.append_points("r", [Point(step, 1, "batch", "loss", 1 / step) for step in range(1, 95)])
    store.append_points("r", [Point(93, 1, "validation", "accuracy", 0.5)])
    history = History("r", steps=94)
    history.read_new_points(store)
    store.append_points("r", [Point(step, 1, "batch", "loss", 1 / step) for step in range(95, 105)])
    history.read_new_points(store)
    assert history.every == 10
    assert history.curve("batch", "loss")[0].tolist() == list(range(10, 105, 10))
    assert history.curve("validation", "accuracy")[0].tolist() == [93]
    store.close()


@given(scores)
def test_the_best_epoch_is_the_trainers(measured: list[tuple[float, float]]) -> None:
    history = History("r")
    for epoch, (accuracy, loss) in enumerate(measured, 1):
        history.add(Point(epoch, epoch, "validation", "accuracy", accuracy))
        history.add(Point(epoch, epoch, "validation", "loss", loss))
    ranked = [(accuracy, -loss) for accuracy, loss in measured]
    expected = (ranked.index(max(ranked)) + 1, max(ranked)[0]) if ranked else (0, 0.0)
    assert history.best() == expected


def test_an_epoch_half_measured_does_not_count() -> None:
    history = History("r")
    history.add(Point(1, 1, "validation", "accuracy", 0.5))
    assert history.best() == (0, 0.0)
    assert np.isfinite(history.curve("validation", "accuracy")[1]).all()


def test_what_was_measured_is_listed_by_metric() -> None:
    history = History("r")
    for split, metric in (("batch", "loss"), ("1", "gradient_norm"), ("3.b1", "gradient_norm"), ("1", "update_ratio")):
        history.add(Point(1, 1, split, metric, 0.5))
    assert history.splits("gradient_norm") == ["1", "3.b1"]
    assert history.splits("top-5") == []


def test_a_curve_that_somebody_holds_does_not_keep_the_history_from_growing() -> None:
    history = History("r")
    history.add(Point(1, 1, "batch", "loss", 2.0))
    held = history.curve("batch", "loss")
    history.add(Point(2, 1, "batch", "loss", 1.0))
    assert held[1].tolist() == [2.0]
    assert history.curve("batch", "loss")[1].tolist() == [2.0, 1.0]
