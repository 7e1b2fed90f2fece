"""Progress of a training on the standard error: a bar on a terminal, one line per epoch elsewhere."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from cnnviz.training.point import Point

PointListener = Callable[[Sequence[Point]], None]


@contextmanager
def show_progress(steps: int, epochs: int, *, quiet: bool) -> Iterator[PointListener]:
    """Yields a function that takes new points of a training and shows its progress; it shows nothing if `quiet`."""
    if quiet:
        yield lambda points: None
    elif not sys.stderr.isatty():
        yield _EpochLines(epochs)
    else:
        latest = _LatestValues(epochs)
        with click.progressbar(
            length=steps, label="Training", file=sys.stderr, item_show_func=lambda text: text
        ) as bar:

            def show(points: Sequence[Point]) -> None:
                latest.update(points)
                bar.update(latest.step - bar.pos, str(latest))

            yield show


class _LatestValues:
    """Latest step, epoch and metrics of a training, as text."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self.step = self._epoch = 0
        self._values: dict[tuple[str, str], float] = {}

    def update(self, points: Sequence[Point]) -> None:
        for point in points:
            self.step, self._epoch = max(self.step, point.step), max(self._epoch, point.epoch)
            self._values[point.split, point.metric] = point.value

    def __str__(self) -> str:
        shown = {"loss": ("batch", "loss"), "validation accuracy": ("validation", "accuracy")}
        numbers = [f", {name} {self._values[key]:.4g}" for name, key in shown.items() if key in self._values]
        return f"epoch {self._epoch} of {self._epochs}{''.join(numbers)}"


class _EpochLines:
    """Listener that prints a line after each evaluation on the validation samples."""

    def __init__(self, epochs: int) -> None:
        self._latest = _LatestValues(epochs)

    def __call__(self, points: Sequence[Point]) -> None:
        self._latest.update(points)
        if any((point.split, point.metric) == ("validation", "accuracy") for point in points):
            click.echo(self._latest, err=True)
