"""Samples made of sounds the way a data set makes its own, for sounds that are not in it."""

from dataclasses import dataclass

import numpy as np

from cnnviz.data.arrays import Samples
from cnnviz.data.audio import Features, SoundBatch
from cnnviz.data.dataset import Dataset
from cnnviz.shapes import Shape

FULL_SCALE = 2**15


@dataclass(frozen=True)
class SampleLayout:
    """What of a data set says how its samples are made of sounds."""

    features: Features | None
    axes: tuple[str, ...]
    shape: Shape


def samples_of_sounds(dataset: Dataset | SampleLayout, sounds: SoundBatch) -> Samples | None:
    """Returns the samples, (N, *shape), that a data set would have of these sounds; None where it is not made of sound.

    The sounds, (N, samples), have the rate and the length of the data set's own. A data set without features has the
    sounds themselves, neighbours averaged where it has fewer values than they.
    """
    if dataset.features is not None and dataset.axes in (("channel", "time", "band"), ("band", "time")):
        pictures = dataset.features.compute(sounds)
        return pictures[:, None] if len(dataset.axes) == 3 else pictures.transpose(0, 2, 1)
    if dataset.features is None and dataset.axes == ("channel", "time") and sounds.shape[1] % dataset.shape[1] == 0:
        grouped = sounds.reshape(len(sounds), 1, dataset.shape[1], -1)
        return np.asarray(grouped.mean(axis=3) / FULL_SCALE, np.float32)
    return None
