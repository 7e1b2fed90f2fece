"""Labels against those of their neighbours: counted by hand, and wrong ones of two clouds found."""

from collections import Counter

import numpy as np
from sklearn.neighbors import NearestNeighbors

from cnnviz.insight.neighbour_labels import compare_labels


def test_support_and_rivals_are_what_counting_gives() -> None:
    random = np.random.default_rng(0)
    labels, neighbours = random.integers(0, 4, 200), random.integers(0, 4, (200, 7))
    found = compare_labels(labels, neighbours)
    for i, row in enumerate(neighbours.tolist()):
        counts = Counter(row)
        own = counts.pop(int(labels[i]), 0)
        assert found.support[i] == own / 7
        assert found.rival_support[i] == max(counts.values(), default=0) / 7
        assert counts[int(found.rival[i])] == max(counts.values(), default=0)
    assert (np.diff(found.support[found.ranking]) >= 0).all()
    assert set(found.contradicted) == {i for i in range(200) if found.rival_support[i] >= 0.5}
    assert compare_labels(np.array([1]), np.array([[1, 1]])).rival.tolist() == [-1]


def test_replaced_labels_of_two_clouds_are_found() -> None:
    random = np.random.default_rng(1)
    true = np.arange(200) % 2
    points = random.normal(size=(200, 3)) + 8 * true[:, None]
    labels = true.copy()
    replaced = np.arange(0, 200, 21)
    labels[replaced] = 1 - labels[replaced]
    nearest = NearestNeighbors(n_neighbors=9).fit(points).kneighbors(return_distance=False)
    found = compare_labels(labels, labels[nearest])
    assert set(found.contradicted) == set(replaced)
    assert set(found.ranking[: len(replaced)]) == set(replaced)
