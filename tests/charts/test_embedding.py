"""Samples as points: each is drawn once, and a click on it names the right one."""

import numpy as np

from cnnviz.charts.embedding import EmbeddedSamples, embedding_figure, nearest_classes

POINTS = np.array([[0, 0], [0, 1], [5, 5], [9, 0], [9, 1], [5, 6]], np.float32)
SAMPLES = EmbeddedSamples(
    POINTS, np.array([10, 11, 20, 30, 31, 21]), np.array([0, 0, 2, 1, 1, 2]), list("abcdef"), ("first", "second")
)


def test_every_sample_is_drawn_once_at_its_place_with_its_index_and_text() -> None:
    others, one, two, ring = embedding_figure(SAMPLES, ["x", "y", "z"], [2, 0], marked=21).data
    assert (others.name, one.name, two.name, ring.name) == ("other classes", "z", "x", "this sample")
    drawn = {
        (int(index), text, float(x), float(y))
        for trace in (others, one, two)
        for index, text, x, y in zip(trace.customdata, trace.text, trace.x, trace.y, strict=True)
    }
    expected = zip(SAMPLES.indices.tolist(), SAMPLES.texts, *POINTS.T.tolist(), strict=True)
    assert drawn == set(expected)
    assert (ring.x[0], ring.y[0]) == (5, 6)
    styles = {(trace.marker.color, trace.marker.symbol) for trace in (others, one, two)}
    assert len(styles) == 3
    assert one.marker.color != two.marker.color
    assert one.marker.symbol != two.marker.symbol


def test_the_first_classes_in_colour_are_the_one_at_hand_and_those_nearest_to_it() -> None:
    assert nearest_classes(SAMPLES, 0) == [0, 2, 1]
    assert nearest_classes(SAMPLES, 1, limit=2) == [1, 2]
