"""Predictions of a net on the samples that it was tested on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save


@dataclass(frozen=True, eq=False)
class Predictions:
    """Class probabilities (N, C) float32 and true class numbers y (N,) int64 of the test samples.

    The samples are in the order of the test part, as the split of the data set returns it.
    """

    probabilities: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    """C names. A net may have more scores than there are classes; the names of the others say so."""

    def __post_init__(self) -> None:
        """Adds names for the scores that belong to no class."""
        names, count = self.classes, self.probabilities.shape[1]
        extra_names = (f"score {index + 1} (no class)" for index in range(len(names), count))
        object.__setattr__(self, "classes", (*names[:count], *extra_names))

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Number of the class with the highest probability for each sample, (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    def to_bytes(self) -> bytes:
        """Returns the content of a safetensors file with probabilities and y."""
        return save(
            {
                "probabilities": np.ascontiguousarray(self.probabilities, np.float32),
                "y": np.ascontiguousarray(self.y, np.int64),
            }
        )
