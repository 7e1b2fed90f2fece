"""Describes in words how the samples of a run were prepared."""

from collections.abc import Mapping
from typing import Any

from cnnviz.data.splitting import SPLIT_KINDS
from cnnviz.training.config import TrainConfig


def preparation_text(config: TrainConfig, facts: Mapping[str, Any]) -> str:
    """Returns sentences that say how the samples of a run were split and scaled, with the measured mean and deviation.

    >>> facts = {"parts": [8, 1, 1], "scale": {"mean": [2.5], "std": [0.5]}}
    >>> preparation_text(TrainConfig(floor=0.0), facts).split(". ")[1]
    'Each value raised to at least 0; minus the mean 2.5, divided by the deviation 0.5.'
    """
    sentences = []
    if parts := facts.get("parts"):
        sentences.append(
            f"Split {SPLIT_KINDS[config.split_kind].title.lower()}: {', '.join(f'{part:,}' for part in parts)} samples."
        )
    scale = facts.get("scale") or {}
    scaling_steps = [f"raised to at least {config.floor:g}"] if config.floor is not None else []
    if mean := scale.get("mean"):
        several = f"minus the mean at its position, divided by the deviation there ({len(mean):,} of each)"
        one = f"minus the mean {mean[0]:.4g}, divided by the deviation {scale['std'][0]:.4g}"
        scaling_steps.append(one if len(mean) == 1 else several)
    if scaling_steps:
        sentences.append(f"Each value {'; '.join(scaling_steps)}.")
    return " ".join(sentences)
