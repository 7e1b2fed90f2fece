import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.charts.learning import COLOURS, Curve, learning_chart, learning_spec, learning_table, thinned

LINES = {"train": Curve(np.array([1.0, 2.0]), np.array([0.5, 0.6])), "test": Curve(np.array([2.0]), np.array([0.45]))}


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=3000), st.integers(1, 700))
def test_thinning_keeps_the_mean_and_the_bound(values: list[float], most: int) -> None:
    curve = Curve(np.arange(len(values), dtype=np.float64), np.array(values))
    thin = thinned(curve, most)
    assert len(thin.values) <= most
    assert (np.diff(thin.epochs) > 0).all()
    group = -(-len(values) // most)
    weights = np.minimum(group, len(values) - group * np.arange(len(thin.values)))
    assert np.isclose((thin.values * weights).sum(), sum(values), atol=1e-6)


def test_the_table_has_every_value_of_every_curve_and_one_out_of_sight_where_there_is_none() -> None:
    table = learning_table(LINES)
    assert table[table.epoch >= 0].to_dict("list") == {
        "epoch": [1.0, 2.0, 2.0],
        "value": [0.5, 0.6, 0.45],
        "split": ["train", "train", "test"],
    }
    unseen = table[table.epoch < 0]
    assert list(unseen.split) == ["batch", "validation"]
    assert (unseen.value == 0).all()
    assert list(learning_table({}).split) == list(COLOURS)


def test_the_chart_is_the_specification_with_its_curves() -> None:
    chart = learning_chart("loss", 30, LINES)
    (table,) = chart.pop("datasets").values()
    assert chart == learning_spec("loss", 30)
    assert table.equals(learning_table(LINES))


def test_the_chart_depends_on_metric_and_epochs_alone_and_draws_every_split() -> None:
    assert learning_spec("loss", 30) == learning_spec("loss", 30)
    assert learning_spec("loss", 30)["encoding"]["color"]["scale"]["domain"] == list(COLOURS)
    filters = str([layer["transform"] for layer in learning_spec("loss", 30)["layer"]])
    assert all(f"'{split}'" in filters for split in COLOURS)
