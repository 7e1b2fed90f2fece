"""The curves of a run, and the numbers that verdicts are based on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cnnviz.architecture import Architecture, layer_number
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.epoch_score import EpochScore, best_index

Floats = npt.NDArray[np.float64]
NO_EPOCHS: Floats = np.array([])


@dataclass(frozen=True, eq=False, kw_only=True)
class RunSummary:
    """A run so far: its net, its settings, and the values (E,) measured after each epoch."""

    architecture: Architecture
    config: TrainConfig
    train_loss: Floats = field(default_factory=lambda: NO_EPOCHS)
    train_accuracy: Floats = field(default_factory=lambda: NO_EPOCHS)
    validation_loss: Floats = field(default_factory=lambda: NO_EPOCHS)
    validation_accuracy: Floats = field(default_factory=lambda: NO_EPOCHS)
    gradient_norms: Mapping[str, Floats] = field(default_factory=dict)
    """‖gradient‖ of each layer with weights, by its number in the net."""
    update_ratios: Mapping[str, Floats] = field(default_factory=dict)
    """‖update‖ / ‖weights‖ of each layer with weights, by its number in the net."""
    goal: float = 0.9
    """Validation accuracy that a run should reach."""
    has_ended: bool = True
    """Whether its training is over."""
    end_reason: EndReason = EndReason.NONE
    """Why it ended, as stored with the run."""
    message: str = ""
    """Why it failed or was stopped; "" where it was not."""
    classes: int | None = None
    """Number of classes of its data set; None where it is unknown, as for some runs of older versions."""
    part_sizes: tuple[int, int, int] | None = None
    """Numbers of training, validation and test samples; None where they are unknown."""
    test_accuracy: float | None = None
    """Accuracy of the best epoch's weights on the test part; None where it was not tested."""
    axes: tuple[str, ...] = ()
    """Names of the axes of a sample, as in `Dataset.axes`; empty if they are unknown."""
    split_kind: str = "random"
    """How the data set was really split, by its name in `SPLIT_KINDS`."""

    @property
    def epochs(self) -> int:
        """Number of epochs for which all four curves have a value."""
        return min(map(len, (self.train_loss, self.train_accuracy, self.validation_loss, self.validation_accuracy)))

    @property
    def best_epoch(self) -> int:
        """Number of the epoch whose weights are kept, the best by `EpochScore`, counted from 1; 0 means none yet."""
        count = self.epochs
        best = best_index(map(EpochScore, self.validation_accuracy[:count], self.validation_loss[:count]))
        return 0 if best is None else best + 1

    @property
    def validation_size(self) -> int | None:
        """Number of validation samples; None where it is unknown."""
        return self.part_sizes[1] if self.part_sizes else None

    @property
    def test_size(self) -> int | None:
        """Number of test samples; None where it is unknown."""
        return self.part_sizes[2] if self.part_sizes else None

    @property
    def has_raw_values(self) -> bool:
        """Whether the values of its samples were not normalized."""
        return self.config.normalization == "none"

    def layer_label(self, name: str) -> str:
        """Returns the number of a layer and its kind, as a sentence mentions it.

        >>> from cnnviz.presets import PRESETS
        >>> run = RunSummary(architecture=PRESETS["lab-convnet"].architecture, config=TrainConfig())
        >>> run.layer_label("1")
        'layer 1, Conv2d'
        """
        kinds = {layer_number(path): layer.kind for path, layer in self.architecture.iter_layers()}
        return f"layer {name}, {kinds[name]}" if name in kinds else f"layer {name}"

    def late_medians(self, values: Mapping[str, Floats]) -> dict[str, float]:
        """Returns the median of each layer over the last half of its epochs, in the order of the net."""
        return self.medians({name: line[len(line) // 2 :] for name, line in values.items()})

    def medians(self, values: Mapping[str, Floats]) -> dict[str, float]:
        """Returns the median of each layer over all epochs, in the order of the net."""
        order = [layer_number(path) for path, _ in self.architecture.iter_layers()]
        return {name: float(np.median(values[name])) for name in order if name in values and len(values[name])}
