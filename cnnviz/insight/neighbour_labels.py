"""Labels of training samples that those of their neighbours contradict."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class NeighbourLabels:
    """What the labels of a sample's neighbours say about its own, for N samples."""

    support: npt.NDArray[np.float64]
    """(N,): share of the neighbours that have the same label."""
    rival: npt.NDArray[np.int64]
    """(N,): the most frequent other label among them; −1 where there is none."""
    rival_support: npt.NDArray[np.float64]
    """(N,): share of the neighbours that have that other label."""

    @property
    def ranking(self) -> npt.NDArray[np.intp]:
        """(N,): the samples, those with the least support first; of these, the ones with the strongest rival."""
        return np.lexsort((-self.rival_support, self.support))

    @property
    def contradicted(self) -> npt.NDArray[np.intp]:
        """The samples of which half the neighbours or more share another label, in the order of the ranking."""
        order = self.ranking
        return order[self.rival_support[order] >= 0.5]


def compare_labels(labels: npt.NDArray[np.int64], neighbours: npt.NDArray[np.int64]) -> NeighbourLabels:
    """Compares the label (N,) of each sample with those (N, K) of its neighbours, itself not among them.

    In the last hidden layer of a net, samples of a class lie together, also for some epochs those that carry a wrong
    label. Source: the idea of Wilson (1972), "Asymptotic Properties of Nearest Neighbor Rules Using Edited Data".

    >>> found = compare_labels(np.array([0, 1]), np.array([[0, 0, 1], [2, 2, 1]]))
    >>> found.support.round(2).tolist(), found.rival.tolist(), found.contradicted.tolist()
    ([0.67, 0.33], [1, 2], [1])
    """
    own = neighbours == labels[:, None]
    rivals = np.full(len(labels), -1, np.int64)
    rival_support = np.zeros(len(labels))
    for number, row in enumerate(neighbours):
        others = row[~own[number]]
        if len(others):
            names, counts = np.unique(others, return_counts=True)
            rivals[number] = names[counts.argmax()]
            rival_support[number] = counts.max() / len(row)
    return NeighbourLabels(own.mean(axis=1), rivals, rival_support)
