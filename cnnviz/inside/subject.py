"""Subject: a net, trained or not, and the sample that it is looked into with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model
from cnnviz.data.scaling import Scale
from cnnviz.seeding import seeded
from cnnviz.shapes import AXES


@dataclass(frozen=True, eq=False)
class Subject:
    """A design with its weights and one sample, and what is known about that sample.

    The design must be one that can be built. `weights` is the state dict of a run, or None for an untrained design,
    whose weights are drawn from `seed`.
    """

    architecture: Architecture
    weights: Mapping[str, Tensor] | None
    dataset: str
    """Name of the data set; empty for a sample that is from none."""
    scale: Scale
    """How the run scales samples."""
    sample: Tensor
    """(1, *shape) float32: the sample as the net gets it, scaled."""
    raw_sample: npt.NDArray[np.float32]
    """(*shape): the sample as the data set has it."""
    label: int | None
    """Number of its class; None where it has none."""
    classes: tuple[str, ...]
    axes: tuple[str, ...]
    """What the axes of a sample are called, as in `Dataset.axes`; empty if that is unknown."""
    seed: int = 0
    index: int | None = None
    """Which sample of the data set it is."""
    split_kind: str = "random"
    """How the run splits its data set, as it can be split."""
    left_out: tuple[int, ...] = ()
    """Samples of the training part that the run leaves out."""
    own: str = ""
    """What the student has given as the sample, such as “your recording”; empty for one of the data set."""
    own_sound: npt.NDArray[np.int16] | None = None
    """(samples,): the sound that it was made of, at the rate of the data set's own."""

    @classmethod
    def from_raw(  # noqa: PLR0913
        cls,
        architecture: Architecture,
        raw_sample: npt.NDArray[np.float32],
        *,
        weights: Mapping[str, Tensor] | None = None,
        dataset: str = "",
        scale: Scale | None = None,
        label: int | None = None,
        classes: tuple[str, ...] = (),
        axes: tuple[str, ...] = (),
        seed: int = 0,
        index: int | None = None,
    ) -> Subject:
        """Returns the subject of a sample as the data set has it; the sample is scaled here."""
        scale = scale or Scale()
        sample = scaled_batch(scale, raw_sample)
        return cls(architecture, weights, dataset, scale, sample, raw_sample, label, classes, axes, seed, index)

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Names of the axes of a sample: those of the data set, else torch's."""
        shape = self.architecture.input_shape
        return self.axes if len(self.axes) == len(shape) else AXES[len(shape)]

    def with_raw_sample(self, raw_sample: npt.NDArray[np.float32]) -> Subject:
        """Returns the same net with another sample, such as this one edited."""
        return replace(self, raw_sample=raw_sample, sample=scaled_batch(self.scale, raw_sample))

    def build(self) -> nn.Module:
        """Returns the net with its weights, in evaluation mode; raises ShapeError where the design does not fit."""
        if self.weights is None:
            return build_untrained(self.architecture, self.seed).eval()
        with torch.device("meta"):
            model = build_model(self.architecture)
        model.load_state_dict(dict(self.weights), assign=True)
        return model.eval()


def build_untrained(architecture: Architecture, seed: int) -> nn.Module:
    """Returns the net with torch's initial weights, drawn from a seed as a run with that seed begins."""
    with seeded(seed):
        return build_model(architecture)


def scaled_batch(scale: Scale, raw_sample: npt.NDArray[np.float32]) -> Tensor:
    """Returns a sample (*shape) as the net gets it, (1, *shape)."""
    return torch.from_numpy(np.array(scale.apply(np.asarray(raw_sample, np.float32)[None]), np.float32))
