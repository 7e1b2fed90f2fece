import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from cnnviz.charts.points_file import COLUMNS, points_to_csv, points_to_json
from cnnviz.training.point import Point

points = st.lists(
    st.builds(
        Point,
        st.integers(1, 10**9),
        st.integers(1, 1000),
        st.sampled_from(["batch", "3.b1", "device"]),
        st.sampled_from(["loss", "macro F1"]),
        st.floats(allow_nan=False, allow_infinity=False),
    )
)


def test_the_columns_are_those_of_a_point() -> None:
    assert Point._fields == COLUMNS


@given(points)
def test_csv_gives_every_point_back_exactly(run: list[Point]) -> None:
    rows = csv.DictReader(io.StringIO(points_to_csv(run)))
    kinds = {"step": int, "epoch": int, "split": str, "metric": str, "value": float}
    assert [Point(**{name: kinds[name](cell) for name, cell in row.items()}) for row in rows] == run


@given(points)
def test_json_gives_every_point_back_exactly(run: list[Point]) -> None:
    assert [Point(**point) for point in json.loads(points_to_json(run))] == run
