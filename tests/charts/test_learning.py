import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.charts.learning import COLOURS, MAX_BATCH_POINTS, Curve, curves, learning_spec, learning_table, thinned
from cnnviz.training.trainer import Point

POINTS = [
    Point(1, 1, "batch", "loss", 2.0),
    Point(2, 1, "batch", "loss", 1.0),
    Point(2, 1, "train", "accuracy", 0.5),
    Point(2, 1, "train", "loss", 0.9),
    Point(2, 1, "validation", "accuracy", 0.4),
    Point(2, 1, "validation", "loss", 1.1),
    Point(2, 1, "test", "accuracy", 0.45),
]


def test_curves_hold_one_metric_by_split_over_epochs() -> None:
    loss = curves(POINTS, "loss", steps_per_epoch=2)
    assert list(loss) == ["batch", "train", "validation"]
    assert loss["batch"].epochs.tolist() == [0.5, 1.0]
    assert loss["batch"].values.tolist() == [2.0, 1.0]
    assert list(curves(POINTS, "accuracy", steps_per_epoch=2)) == ["train", "validation", "test"]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=3000), st.integers(1, 700))
def test_thinning_keeps_the_mean_and_the_bound(values: list[float], most: int) -> None:
    curve = Curve(np.arange(len(values), dtype=np.float64), np.array(values))
    thin = thinned(curve, most)
    assert len(thin.values) <= most
    assert (np.diff(thin.epochs) > 0).all()
    group = -(-len(values) // most)
    weights = np.minimum(group, len(values) - group * np.arange(len(thin.values)))
    assert np.isclose((thin.values * weights).sum(), sum(values), atol=1e-6)


def test_a_long_batch_loss_is_thinned_and_epochs_are_not() -> None:
    points = [Point(step, step, split, "loss", 1.0) for step in range(5000) for split in ("batch", "train")]
    lines = curves(points, "loss", steps_per_epoch=1)
    assert len(lines["batch"].values) <= MAX_BATCH_POINTS
    assert len(lines["train"].values) == 5000


def test_the_table_has_every_value_of_every_curve() -> None:
    lines = curves(POINTS, "accuracy", steps_per_epoch=2)
    table = learning_table(lines)
    assert table.to_dict("list") == {
        "epoch": [1.0, 1.0, 1.0],
        "value": [0.5, 0.4, 0.45],
        "split": ["train", "validation", "test"],
    }


def test_an_empty_run_has_an_empty_table_with_the_same_columns() -> None:
    assert list(learning_table({}).columns) == ["epoch", "value", "split"]
    assert learning_table({}).dtypes.tolist() == learning_table(curves(POINTS, "loss", 2)).dtypes.tolist()


def test_the_chart_depends_on_metric_and_epochs_alone_and_draws_every_split() -> None:
    assert learning_spec("loss", 30) == learning_spec("loss", 30)
    assert learning_spec("loss", 30)["encoding"]["color"]["scale"]["domain"] == list(COLOURS)
    filters = str([layer["transform"] for layer in learning_spec("loss", 30)["layer"]])
    assert all(f"'{split}'" in filters for split in COLOURS)
