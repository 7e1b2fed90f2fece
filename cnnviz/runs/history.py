"""Points of a run as columns that only grow, so that another look at a long run reads only what is new."""

from array import array
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from cnnviz.runs.store import Store
from cnnviz.training.epoch_score import EpochScore, best_index
from cnnviz.training.point import Point

Column = npt.NDArray[np.float64]


MAX_BATCH_LOSSES = 200_000
"""Batch losses of a run that are kept in memory, for each student who looks at it."""


class History:
    """The points of one run that have been read so far; `read_new_points` adds those that came since.

    Of a run of very many steps, it has the batch losses of every so many.
    """

    def __init__(self, run_id: str, steps: int = 0) -> None:
        """`steps` is how many the run will have in all; 0 where that is unknown."""
        self.run_id = run_id
        self.every = -(-steps // MAX_BATCH_LOSSES) or 1
        """Steps from one batch loss to the next."""
        self.step = self.epoch = 0
        self._last = 0
        # arrays, not lists of points: the garbage collector walks over every object it knows after every page run
        self._columns: defaultdict[tuple[str, str], tuple[array[float], array[float], array[float]]] = defaultdict(
            lambda: (array("d"), array("d"), array("d"))
        )

    def read_new_points(self, store: Store) -> None:
        """Adds the points that the store has beyond those read before."""
        for number, point in store.iter_points(self.run_id, self._last, self.every):
            self.add(point)
            self._last = number

    def add(self, point: Point) -> None:
        """Adds one point."""
        steps, epochs, values = self._columns[point.split, point.metric]
        steps.append(point.step)
        epochs.append(point.epoch)
        values.append(point.value)
        self.step, self.epoch = max(self.step, point.step), max(self.epoch, point.epoch)

    def curve(self, split: str, metric: str) -> tuple[Column, Column]:
        """Returns steps and values of one split and metric, in the order in which they came."""
        steps, _, values = self._columns.get((split, metric), (array("d"),) * 3)
        # copies: an array cannot grow while its memory is shared
        return np.array(steps), np.array(values)

    def splits(self, metric: str) -> list[str]:
        """Returns the splits, layers or devices that have this metric, in the order in which they came."""
        return [split for split, measured in self._columns if measured == metric]

    def best(self) -> tuple[int, float]:
        """Returns the epoch with the highest validation accuracy, then the lowest loss, and its accuracy; or (0, 0).

        Weights are kept by the same rule.
        """
        _, accuracy = self.curve("validation", "accuracy")
        _, loss = self.curve("validation", "loss")
        best = best_index(map(EpochScore, accuracy, loss))
        if best is None:
            return 0, 0.0
        return int(self._columns["validation", "accuracy"][1][best]), float(accuracy[best])
