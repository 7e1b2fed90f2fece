"""What the curves of a run tell, as numbers that verdicts ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cnnviz.architecture import Architecture, layer_number
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason

Floats = npt.NDArray[np.float64]
NO_EPOCHS: Floats = np.array([])


@dataclass(frozen=True, eq=False, kw_only=True)
class RunSummary:
    """A run so far: its net, its settings, and what was measured after each epoch (E,).

    Of layers with weights, by their number in the net: norm of the gradient, and of the update over that of the
    weights.
    """

    architecture: Architecture
    config: TrainConfig
    train_loss: Floats = field(default_factory=lambda: NO_EPOCHS)
    train_accuracy: Floats = field(default_factory=lambda: NO_EPOCHS)
    loss: Floats = field(default_factory=lambda: NO_EPOCHS)
    """On validation, as `accuracy`."""
    accuracy: Floats = field(default_factory=lambda: NO_EPOCHS)
    gradient_norms: Mapping[str, Floats] = field(default_factory=dict)
    update_ratios: Mapping[str, Floats] = field(default_factory=dict)
    goal: float = 0.9
    has_ended: bool = True
    """Whether it has ended."""
    end_reason: EndReason = EndReason.NONE
    message: str = ""
    """Why it failed or was stopped."""

    @property
    def epochs(self) -> int:
        """Epochs in which all four curves were measured."""
        return min(map(len, (self.train_loss, self.train_accuracy, self.loss, self.accuracy)))

    @property
    def best_epoch(self) -> int:
        """The epoch with the highest validation accuracy, then the lowest loss; the first one is 1."""
        count = self.epochs
        return int(np.lexsort((self.loss[:count], -self.accuracy[:count]))[0]) + 1

    def layer_label(self, name: str) -> str:
        """A layer by its number, with its kind.

        >>> from cnnviz.presets import PRESETS
        >>> story = RunSummary(architecture=PRESETS["lab-convnet"].architecture, config=TrainConfig())
        >>> story.layer_label("1")
        'layer 1, Conv2d'
        """
        kinds = {layer_number(path): layer.kind for path, layer in self.architecture.iter_layers()}
        return f"layer {name}, {kinds[name]}" if name in kinds else f"layer {name}"

    def late_medians(self, values: Mapping[str, Floats]) -> dict[str, float]:
        """The median over the last half of the epochs of each layer, in the order of the net."""
        return self.medians({name: line[len(line) // 2 :] for name, line in values.items()})

    def medians(self, values: Mapping[str, Floats]) -> dict[str, float]:
        """The median over all epochs of each layer, in the order of the net."""
        order = [layer_number(path) for path, _ in self.architecture.iter_layers()]
        return {name: float(np.median(values[name])) for name in order if name in values and len(values[name])}
