"""Where the channels of arrays are: first, as torch has them, or last, as most programs for pictures do."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from cnnviz.data.arrays import Samples
from cnnviz.errors import DataError
from cnnviz.shapes import Shape, format_shape

ChannelPlace = Literal["unknown", "first", "last"]
MAX_COLOURS = 4
"""Values along the last axis of pictures up to which they may be channels: grey, red, green, blue and transparency."""
MAX_PREVIEW_SIDE = 64
"""Values along an axis of a sample that is shown with the question; of longer ones, every so many."""


class ChannelsUnknownError(DataError):
    """Samples whose channels may be first or last; only who made them knows.

    `sample` is the first of them, with fewer values where it is large, and `shape` the shape of all, (N, …).
    """

    def __init__(self, name: str, shape: Shape, sample: Samples) -> None:
        super().__init__(
            f"{name} has the shape ({', '.join(map(str, shape))}). Its channels may be the {shape[-1]} at the end, as"
            f" pictures often have them, or the {shape[1]} after the samples. Say which of the two it is."
        )
        self.shape, self.sample = shape, sample


def place_channels(samples: npt.NDArray[np.generic], name: str, channels: ChannelPlace) -> npt.NDArray[np.generic]:
    """Returns samples, (N, …), with their channels first: (N, H, W) gets the one that it has.

    Raises ChannelsUnknownError where the channels may be last and nobody has said where they are.
    """
    if samples.ndim == 3:
        return samples[:, None]
    if samples.ndim < 4:
        return samples
    if channels == "last":
        return np.moveaxis(samples, -1, 1)
    if channels == "unknown" and samples.shape[-1] <= MAX_COLOURS < samples.shape[1]:
        steps = tuple(slice(None, None, -(-size // MAX_PREVIEW_SIDE)) for size in samples.shape[1:])
        raise ChannelsUnknownError(name, samples.shape, np.asarray(samples[0][steps], np.float32))
    return samples


def describe_channels(shape: Shape, channels: ChannelPlace) -> str:
    """Returns what one of the samples, (N, …), is if its channels are at a place.

    >>> describe_channels((40, 16, 16, 3), "last"), describe_channels((40, 16, 16, 3), "first")
    ('3 channels of 16 × 16', '16 channels of 16 × 3')
    """
    sizes = (*shape[1:-1], shape[-1]) if channels == "last" else (*shape[2:], shape[1])
    return f"{sizes[-1]:,} channels of {format_shape(sizes[:-1])}"
