"""Random changes of training samples, new each time, so that a net learns to ignore such changes."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from cnnviz.errors import TrainingError
from cnnviz.validation import FrozenModel


class Augmentation(FrozenModel):
    """Strength of each kind of change; frozen, bounds included. With the defaults nothing is changed.

    Source of the masks: Park et al., "SpecAugment" (2019).
    """

    change_error: ClassVar = TrainingError

    time_shift: Annotated[int, Field(ge=0, le=10_000)] = Field(
        0,
        title="Time shift",
        description="Moves a sample by up to this many steps along the time axis, either way; what leaves at one end"
        " comes back in at the other.",
    )
    noise: Annotated[float, Field(ge=0, le=5)] = Field(
        0.0,
        title="Noise",
        description="Standard deviation of added normal noise, relative to that of the training samples.",
    )
    time_mask: Annotated[int, Field(ge=0, le=10_000)] = Field(
        0,
        title="Time mask",
        description="Longest stretch of time that is replaced with the sample's mean (SpecAugment).",
    )
    band_mask: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        title="Band mask",
        description="Largest number of neighbouring bands that are replaced with the sample's mean (SpecAugment).",
    )
    shift: Annotated[int, Field(ge=0, le=256)] = Field(
        0,
        title="Shift",
        description="Moves a picture by up to this many pixels along each axis, either way; the edge is repeated.",
    )
    flip: bool = Field(False, title="Flip", description="Mirrors half of the samples, chosen at random, left to right.")

    def apply(self, x: Tensor, axes: tuple[str, ...], deviation: float, generator: torch.Generator) -> Tensor:
        """Changes each sample of x (N, *shape) in its own way; returns x itself when there is nothing to do.

        `axes` names the axes of a sample, as in `Dataset.axes`; `deviation` is the standard deviation of the training
        samples.
        """
        sample_axes = AugmentationAxes(axes, x.ndim - 1)
        if self.time_shift and sample_axes.time_axis is not None:
            x = _shift(x, sample_axes.time_axis, self.time_shift, generator, around=True)
        if self.shift:
            for axis in sample_axes.picture_axes:
                x = _shift(x, axis, self.shift, generator, around=False)
        if self.flip and sample_axes.width_axis is not None:
            flipped = _random_uniform(len(x), generator) < 0.5
            x = torch.where(_as_column(flipped, x.ndim), x.flip(sample_axes.width_axis), x)
        if self.noise:
            noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
            x = x + self.noise * deviation * noise
        for place, limit in ((sample_axes.time_axis, self.time_mask), (sample_axes.band_axis, self.band_mask)):
            if limit and place is not None:
                x = _mask(x, place, limit, generator)
        return x


class AugmentationAxes:
    """The axes of (N, *shape) along which samples can be changed: time, bands, and the axes of a picture.

    If the axes are unknown, the first one after the channels may be time or height, and the last one bands or width:
    the lab's 99 × 26 come without names.
    """

    def __init__(self, axes: tuple[str, ...], count: int) -> None:
        axis_by_name = {name: place for place, name in enumerate(axes, 1)}
        axes_are_known = bool(axes)
        after_channels = range(2, count + 1)
        self.time_axis = axis_by_name.get("time") if axes_are_known else next(iter(after_channels), None)
        self.band_axis = axis_by_name.get("band") if axes_are_known else (count if count > 2 else None)
        self.width_axis = axis_by_name.get("width") if axes_are_known else (count if count > 2 else None)
        spatial = [axis_by_name[name] for name in ("depth", "height", "width") if name in axis_by_name]
        self.picture_axes = spatial if axes_are_known else (list(after_channels) if count > 2 else [])

    @property
    def applicable_fields(self) -> tuple[str, ...]:
        """Fields of `Augmentation` that have an effect on such samples."""
        required_axes = {
            "time_shift": self.time_axis,
            "noise": 0,
            "time_mask": self.time_axis,
            "band_mask": self.band_axis,
            "shift": self.picture_axes or None,
            "flip": self.width_axis,
        }
        return tuple(name for name, place in required_axes.items() if place is not None)


def _random_uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device)


def _as_column(values: Tensor, axes: int) -> Tensor:
    return values.view(-1, *[1] * (axes - 1))


def _random_integers(count: int, low: int, high: int, generator: torch.Generator) -> Tensor:
    """Draws whole numbers from `low` to `high`, both included."""
    return torch.randint(low, high + 1, (count,), generator=generator, device=generator.device)


def _shift(x: Tensor, axis: int, limit: int, generator: torch.Generator, *, around: bool) -> Tensor:
    size = x.shape[axis]
    offset = _random_integers(len(x), -limit, limit, generator)
    index = torch.arange(size, device=x.device)[None] - offset[:, None]
    index = index % size if around else index.clamp(0, size - 1)
    shape = [1] * x.ndim
    shape[0], shape[axis] = len(x), size
    return x.gather(axis, index.view(shape).expand(x.shape))


def _mask(x: Tensor, axis: int, limit: int, generator: torch.Generator) -> Tensor:
    size = x.shape[axis]
    width = _random_integers(len(x), 0, min(limit, size), generator)
    start = (_random_uniform(len(x), generator) * (size - width + 1)).long()
    place = torch.arange(size, device=x.device)[None]
    is_masked = (place >= start[:, None]) & (place < (start + width)[:, None])
    shape = [1] * x.ndim
    shape[0], shape[axis] = len(x), size
    mean = _as_column(x.flatten(1).mean(dim=1), x.ndim)
    return torch.where(is_masked.view(shape), mean, x)
