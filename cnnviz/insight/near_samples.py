"""Samples of a data set beside their nearest neighbours: near duplicates, and samples unlike all others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from cnnviz.data.arrays import Samples
from cnnviz.data.scaling import Scale
from cnnviz.insight.confusion import SampleIndices
from cnnviz.processes.one_shot import OneShotProcess, OnProgress, report_progress, serve
from cnnviz.processes.tensor_message import decode_message, encode_message

BLOCK_SIZE = 256
"""Samples that are in memory at a time."""
PROJECTED_SIZE = 64
"""Numbers that each sample is reduced to while its neighbour is searched for."""
NO_MEMORY = "Comparing the samples needs more memory than the server has free. Try again when fewer nets are training."
NEAR_SAMPLES_PROCESS = OneShotProcess(
    module="cnnviz.insight.near_samples",
    task="Comparing the samples",
    busy="Many data sets are being looked into just now.",
    timeout_advice="Try again when fewer nets are training.",
    no_memory=NO_MEMORY,
)


@dataclass(frozen=True, eq=False)
class SamplePair:
    """Two samples by their index in the data set, and how far they are from each other."""

    first: int
    second: int
    distance: float
    """As a share of the median distance of a sample to its neighbour."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """M samples of a data set by their index, with the index of each one's neighbour among them."""

    indices: SampleIndices
    nearest: SampleIndices
    distances: npt.NDArray[np.float64]
    """(M,): Euclidean, of the scaled samples, as a share of their median; of the values where that is 0."""

    def pairs(self, limit: int) -> list[SamplePair]:
        """Returns up to `limit` pairs of neighbours, the nearest first."""
        pairs: dict[tuple[int, int], SamplePair] = {}
        for place in np.argsort(self.distances, kind="stable"):
            first, second = int(self.indices[place]), int(self.nearest[place])
            key = (min(first, second), max(first, second))
            if key not in pairs:
                pairs[key] = SamplePair(first, second, float(self.distances[place]))
            if len(pairs) == limit:
                break
        return list(pairs.values())

    def farthest(self, limit: int) -> list[SamplePair]:
        """Returns up to `limit` samples with their neighbours, those farthest from theirs first."""
        order = np.argsort(-self.distances, kind="stable")[:limit]
        return [SamplePair(int(self.indices[i]), int(self.nearest[i]), float(self.distances[i])) for i in order]


def find_neighbours(
    x: Samples, indices: SampleIndices, scale: Scale, report: Callable[[int, int], None] = lambda done, total: None
) -> Neighbours:
    """Finds the neighbour of each of these samples, at least two, among the others, and how far it is.

    Neighbours are those of a random projection onto 64 numbers, which keeps distances to about an eighth (Johnson &
    Lindenstrauss 1984) and equal samples equal; the distances to them are then measured on the samples themselves.
    `report` is called with the blocks done and their total.
    """
    size = int(np.prod(x.shape[1:]))
    width = min(PROJECTED_SIZE, size)
    matrix = np.random.default_rng(0).normal(size=(size, width)).astype(np.float32)
    if size <= PROJECTED_SIZE:
        matrix = np.eye(size, dtype=np.float32)
    blocks = -(-len(indices) // BLOCK_SIZE)
    projected_blocks = []
    for number, rows in enumerate(_rows(x, indices, scale)):
        projected_blocks.append(rows @ matrix)
        report(number + 1, 2 * blocks)
    projected = np.concatenate(projected_blocks)
    model = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(projected)
    nearest = indices[model.kneighbors(return_distance=False)[:, 0]]
    pairs = zip(_rows(x, indices, scale), _rows(x, nearest, scale), strict=True)
    distances = np.concatenate([np.linalg.norm(some - others, axis=1) for some, others in pairs]).astype(np.float64)
    return Neighbours(indices, nearest, distances / (float(np.median(distances)) or 1.0))


def _rows(x: Samples, indices: SampleIndices, scale: Scale) -> Iterator[npt.NDArray[np.float32]]:
    """Yields the scaled samples block by block, each sample as a row."""
    largest = float(np.finfo(np.float32).max) ** 0.25  # so that no square overflows
    for start in range(0, len(indices), BLOCK_SIZE):
        block = scale.apply(np.asarray(x[indices[start : start + BLOCK_SIZE]], np.float32))
        yield np.nan_to_num(block.reshape(len(block), -1), nan=0).clip(-largest, largest)


def compare_samples(
    x: Samples, indices: SampleIndices, scale: Scale, on_progress: OnProgress | None = None
) -> Neighbours:
    """Returns what `find_neighbours` does, in a process of its own.

    Raises LimitError where the server has no time or memory for it, CnnvizError where it fails.
    """
    moments = {"mean": scale.mean, "std": scale.std}
    known = {name: moment for name, moment in moments.items() if moment is not None}
    samples = np.asarray(x[indices], np.float32)
    request = encode_message(scale.floor, {**known, "samples": samples})
    _, arrays = decode_message(NEAR_SAMPLES_PROCESS.run(request, on_progress=on_progress))
    return Neighbours(indices, indices[arrays["nearest"].numpy()], arrays["distances"].numpy())


def handle_request(request: bytes) -> bytes:
    """Returns the answer to a request of `compare_samples`."""
    floor, arrays = decode_message(request)
    moments = [arrays[name].numpy() if name in arrays else None for name in ("mean", "std")]
    samples = arrays["samples"].numpy()
    found = find_neighbours(samples, np.arange(len(samples)), Scale(floor, *moments), report_progress)
    return encode_message(None, {"nearest": found.nearest, "distances": found.distances})


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
