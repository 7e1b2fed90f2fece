"""What a file says of the samples of a trained net: how they are scaled, their axes, and the classes."""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Moments = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SampleFacts:
    """Samples as the net was trained on them: max(x, floor), then (x − mean) / std, where these are not None."""

    floor: float | None = None
    mean: Moments | None = None
    std: Moments | None = None
    """As `mean`, of a shape that broadcasts over (N, *shape)."""
    classes: tuple[str, ...] = ()
    """Names of the scores, in their order."""
    axes: tuple[str, ...] = ()
    """Names of the axes of a sample, without that of the samples."""
    dataset: str = ""

    def metadata(self, *, scales: bool) -> dict[str, str]:
        """Returns the properties of the file, each as JSON; `scales` is whether the graph itself scales its input."""
        properties: dict[str, object] = {
            "input": "as in the data set; the graph scales it" if scales else "scaled: max(x, floor), (x - mean) / std",
            "floor": self.floor,
            "mean": None if self.mean is None else self.mean.tolist(),
            "std": None if self.std is None else self.std.tolist(),
            "classes": list(self.classes),
            "axes": list(self.axes),
            "dataset": self.dataset,
        }
        return {name: json.dumps(value, ensure_ascii=False) for name, value in properties.items()}
