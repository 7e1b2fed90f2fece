"""The points of a run as columns that only ever grow, so that a look at a long run reads only what is new."""

from array import array
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from cnnviz.runs.store import Store
from cnnviz.training.epoch_score import EpochScore, best_index
from cnnviz.training.point import Point

Column = npt.NDArray[np.float64]


class History:
    """What has been read of one run so far; `read` adds what has come since."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.step = self.epoch = 0
        self._last = 0
        # arrays, not lists of points: the garbage collector walks over every object it knows after every page run
        self._columns: defaultdict[tuple[str, str], tuple[array[float], array[float], array[float]]] = defaultdict(
            lambda: (array("d"), array("d"), array("d"))
        )

    def read_new_points(self, store: Store) -> None:
        """Take in the points that the store has beyond those read before."""
        for number, point in store.points(self.run_id, after=self._last):
            self.add(point)
            self._last = number

    def add(self, point: Point) -> None:
        """Take in one point."""
        steps, epochs, values = self._columns[point.split, point.metric]
        steps.append(point.step)
        epochs.append(point.epoch)
        values.append(point.value)
        self.step, self.epoch = max(self.step, point.step), max(self.epoch, point.epoch)

    def curve(self, split: str, metric: str) -> tuple[Column, Column]:
        """Steps and values of one split and metric, in the order in which they came."""
        steps, _, values = self._columns.get((split, metric), (array("d"),) * 3)
        # copies: an array whose memory somebody else looks at could not grow
        return np.array(steps), np.array(values)

    def splits(self, metric: str) -> list[str]:
        """The splits, layers or devices that have this metric, in the order in which they came."""
        return [split for split, measured in self._columns if measured == metric]

    def value(self, split: str, metric: str) -> float | None:
        """The latest value; None before there is one."""
        _, _, values = self._columns.get((split, metric), (None, None, None))
        return values[-1] if values else None

    def best(self) -> tuple[int, float]:
        """Epoch with the highest validation accuracy (then the lowest loss) so far, and that accuracy; (0, 0) if none.

        The rule by which the trainer keeps weights.
        """
        _, accuracy = self.curve("validation", "accuracy")
        _, loss = self.curve("validation", "loss")
        best = best_index(map(EpochScore, accuracy, loss))
        if best is None:
            return 0, 0.0
        return int(self._columns["validation", "accuracy"][1][best]), float(accuracy[best])
