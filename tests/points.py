"""What the points of a run say."""

from collections.abc import Iterable

from cnnviz.runs.history import History
from cnnviz.training.point import Point


def best_epoch(points: Iterable[Point]) -> tuple[int, float]:
    """The best epoch as the page names it, and its validation accuracy."""
    history = History("run")
    for point in points:
        history.add(point)
    return history.best()


def without_device_points(points: Iterable[Point]) -> list[Point]:
    """What they say of the net; how fast it went is never the same."""
    return [point for point in points if point.split != "device"]
