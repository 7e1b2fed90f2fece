"""Describes in words how the samples of a run were prepared."""

from collections.abc import Sequence

from cnnviz.data.splitting import SPLIT_KINDS
from cnnviz.training.config import TrainConfig
from cnnviz.words import count_label, format_list_start


def preparation_text(
    config: TrainConfig, part_sizes: Sequence[int] = (), mean: Sequence[float] = (), std: Sequence[float] = ()
) -> str:
    """Returns sentences that say how the samples of a run were split and scaled, with the measured mean and deviation.

    >>> preparation_text(TrainConfig(floor=0.0), [8, 1, 1], mean=[2.5], std=[0.5]).split(". ")[1]
    'Each value raised to at least 0; minus the mean 2.5, divided by the deviation 0.5.'
    """
    sentences = []
    if part_sizes:
        sizes = ", ".join(f"{size:,}" for size in part_sizes)
        sentences.append(f"Split {SPLIT_KINDS[config.split_kind].title.lower()}: {sizes} samples.")
    if config.left_out:
        sentences.append(
            f"Left out of the training part: {count_label(len(config.left_out), 'sample')},"
            f" {format_list_start(config.left_out)}."
        )
    scaling_steps = [f"raised to at least {config.floor:g}"] if config.floor is not None else []
    if mean:
        several = f"minus the mean at its position, divided by the deviation there ({len(mean):,} of each)"
        one = f"minus the mean {mean[0]:.4g}, divided by the deviation {std[0]:.4g}"
        scaling_steps.append(one if len(mean) == 1 else several)
    if scaling_steps:
        sentences.append(f"Each value {'; '.join(scaling_steps)}.")
    return " ".join(sentences)
