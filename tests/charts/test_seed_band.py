import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.charts.curve import Curve
from cnnviz.charts.seed_band import band_spec, band_table

lines = st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=6), min_size=1, max_size=4)


def curve(values: list[float]) -> Curve:
    return Curve(np.arange(1.0, len(values) + 1), np.array(values))


@given(lines)
def test_the_band_reaches_from_the_lowest_to_the_highest_seed(runs: list[list[float]]) -> None:
    table = band_table({"these": [curve(values) for values in runs]})
    for row in table.itertuples():
        values = [values[int(row.epoch) - 1] for values in runs if len(values) >= row.epoch]
        assert (row.lowest, row.highest, row.seeds) == (min(values), max(values), len(values))
        assert row.mean == pytest.approx(np.mean(values))
    assert table["epoch"].tolist() == list(range(1, max(map(len, runs)) + 1))


def test_groups_are_told_apart_and_one_without_values_is_left_out() -> None:
    table = band_table({"one": [curve([0.5, 0.6])], "two": [curve([0.1]), curve([0.3])], "none": []})
    assert table.groupby("runs")["mean"].apply(list).to_dict() == {"one": [0.5, 0.6], "two": [0.2]}
    assert len(band_table({"none": []})) == 0
    spec = band_spec(30, ["one", "two"])
    assert spec["encoding"]["color"]["scale"]["domain"] == ["one", "two"]
    assert spec["encoding"]["x"]["scale"]["domain"] == [0, 30]
