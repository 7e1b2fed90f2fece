"""What the curves of a run tell, as numbers that verdicts ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cnnviz.architecture import Architecture, number
from cnnviz.training.config import TrainConfig

Numbers = npt.NDArray[np.float64]
NOTHING: Numbers = np.array([])


@dataclass(frozen=True, eq=False, kw_only=True)
class Story:
    """A run so far: its net, its settings, and what was measured after each epoch (E,).

    Of layers with weights, by their number in the net: norm of the gradient, and of the update over that of the
    weights.
    """

    architecture: Architecture
    config: TrainConfig
    train_loss: Numbers = field(default_factory=lambda: NOTHING)
    train_accuracy: Numbers = field(default_factory=lambda: NOTHING)
    loss: Numbers = field(default_factory=lambda: NOTHING)
    """On validation, as `accuracy`."""
    accuracy: Numbers = field(default_factory=lambda: NOTHING)
    gradients: Mapping[str, Numbers] = field(default_factory=dict)
    updates: Mapping[str, Numbers] = field(default_factory=dict)
    goal: float = 0.9
    over: bool = True
    """Whether it has ended."""
    message: str = ""
    """Why it failed or was stopped."""

    @property
    def epochs(self) -> int:
        """Epochs in which all four curves were measured."""
        return min(map(len, (self.train_loss, self.train_accuracy, self.loss, self.accuracy)))

    @property
    def best(self) -> int:
        """The epoch with the highest validation accuracy, then the lowest loss; the first one is 1."""
        count = self.epochs
        return int(np.lexsort((self.loss[:count], -self.accuracy[:count]))[0]) + 1

    def layer(self, name: str) -> str:
        """A layer by its number, with its kind.

        >>> from cnnviz.presets import PRESETS
        >>> story = Story(architecture=PRESETS["lab-convnet"].architecture, config=TrainConfig())
        >>> story.layer("1")
        'layer 1, Conv2d'
        """
        kinds = {number(path): layer.kind for path, layer in self.architecture.every()}
        return f"layer {name}, {kinds[name]}" if name in kinds else f"layer {name}"

    def late(self, values: Mapping[str, Numbers]) -> dict[str, float]:
        """The median over the last half of the epochs of each layer, in the order of the net."""
        return self.typical({name: line[len(line) // 2 :] for name, line in values.items()})

    def typical(self, values: Mapping[str, Numbers]) -> dict[str, float]:
        """The median over all epochs of each layer, in the order of the net."""
        order = [number(path) for path, _ in self.architecture.every()]
        return {name: float(np.median(values[name])) for name in order if name in values and len(values[name])}
