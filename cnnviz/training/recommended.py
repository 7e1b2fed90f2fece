"""Trainings that presets were measured with; docs/data.md says what came of them."""

from dataclasses import dataclass
from typing import Final

from cnnviz.architecture import Architecture
from cnnviz.data.augmentation import Augmentation
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig


@dataclass(frozen=True)
class RecommendedTraining:
    """Settings for a preset, and in a few words what they are good for."""

    title: str
    config: TrainConfig

    def settings_for(self, current: TrainConfig) -> TrainConfig:
        """Returns its settings with the seed, and the samples left out, that a student has chosen."""
        return self.config.changed(seed=current.seed, left_out=current.left_out_of(self.config.dataset))


FAST: Final = "for 0.90 in seconds"
UNKNOWN_VOICES: Final = "for unknown voices"


def _fast(epochs: int, learning_rate: float, **changes: object) -> RecommendedTraining:
    config = TrainConfig(
        optimizer="AdamW", weight_decay=0.01, schedule="one-cycle", epochs=epochs, learning_rate=learning_rate
    )
    return RecommendedTraining(FAST, config.changed(**changes))


def _for_unknown_voices(epochs: int, learning_rate: float, **augmentation: object) -> RecommendedTraining:
    config = TrainConfig(
        split_kind="speaker",
        optimizer="AdamW",
        weight_decay=0.01,
        schedule="one-cycle",
        label_smoothing=0.1,
        augmentation=Augmentation(time_shift=8, time_mask=15, band_mask=4, noise=0.1),
        epochs=epochs,
        learning_rate=learning_rate,
    )
    return RecommendedTraining(UNKNOWN_VOICES, config.with_augmentation(**augmentation))


RECOMMENDED: dict[str, tuple[RecommendedTraining, ...]] = {
    "keywords-temporal": (_fast(6, 0.01), _for_unknown_voices(40, 0.01)),
    "keywords-temporal-medium": (_for_unknown_voices(60, 0.01),),
    "keywords-temporal-small": (_for_unknown_voices(70, 0.012),),
    "keywords-broadcast": (_for_unknown_voices(50, 0.02, time_mask=10, band_mask=3, noise=0.05),),
    "bands-1d": (_fast(6, 0.006, dataset="words-bands"),),
}
"""The trainings of a preset by its name; most presets have none."""


def recommended_trainings(architecture: Architecture) -> tuple[RecommendedTraining, ...]:
    """Returns the trainings of the preset that a design equals; none for other designs."""
    return next((RECOMMENDED[name] for name in RECOMMENDED if PRESETS[name].architecture == architecture), ())
