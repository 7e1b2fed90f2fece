"""What a net made of the samples that it was tested on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities (N, C) float32 of each class, and the class numbers y (N,) int64 that are right.

    In the order of the test part of the data set, as its split gives it.
    """

    probabilities: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    """C names; a net may have more scores than there are classes, and then they are called so."""

    def __post_init__(self) -> None:
        """Give scores that are no class a name."""
        names, count = self.classes, self.probabilities.shape[1]
        extra_names = (f"score {place + 1} (no class)" for place in range(len(names), count))
        object.__setattr__(self, "classes", (*names[:count], *extra_names))

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """(N,): the class that the net holds for the likeliest."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    def to_bytes(self) -> bytes:
        """A safetensors file of probabilities and y."""
        return save(
            {
                "probabilities": np.ascontiguousarray(self.probabilities, np.float32),
                "y": np.ascontiguousarray(self.y, np.int64),
            }
        )
