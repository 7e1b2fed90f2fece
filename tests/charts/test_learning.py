import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.charts.learning import COLOURS, Curve, learning_spec, learning_table, thinned

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


def test_the_table_has_every_value_of_every_curve() -> None:
    assert learning_table(LINES).to_dict("list") == {
        "epoch": [1.0, 2.0, 2.0],
        "value": [0.5, 0.6, 0.45],
        "split": ["train", "train", "test"],
    }


def test_an_empty_run_has_an_empty_table_with_the_same_columns() -> None:
    assert learning_table({}).dtypes.to_dict() == learning_table(LINES).dtypes.to_dict()


def test_the_chart_depends_on_metric_and_epochs_alone_and_draws_every_split() -> None:
    assert learning_spec("loss", 30) == learning_spec("loss", 30)
    assert learning_spec("loss", 30)["encoding"]["color"]["scale"]["domain"] == list(COLOURS)
    filters = str([layer["transform"] for layer in learning_spec("loss", 30)["layer"]])
    assert all(f"'{split}'" in filters for split in COLOURS)
