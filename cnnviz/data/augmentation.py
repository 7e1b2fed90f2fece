"""Training samples changed a little each time they are seen, so that a net learns what does not depend on it."""

from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor


class Augmentation(BaseModel):
    """How much each kind of change may do; frozen, bounds included. With the defaults nothing is changed.

    Source of the masks: Park et al., "SpecAugment" (2019).
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    time_shift: Annotated[int, Field(ge=0, le=10_000)] = Field(
        0,
        title="Time shift",
        description="Earlier or later by up to so many steps of the time axis; what leaves at one end comes in at the"
        " other.",
    )
    noise: Annotated[float, Field(ge=0, le=5)] = Field(
        0.0,
        title="Noise",
        description="Standard deviation of added normal noise, as a share of that of the training samples.",
    )
    time_mask: Annotated[int, Field(ge=0, le=10_000)] = Field(
        0, title="Time mask", description="Longest stretch of time that is replaced by the sample's mean (SpecAugment)."
    )
    band_mask: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        title="Band mask",
        description="Most neighbouring bands that are replaced by the sample's mean (SpecAugment).",
    )
    shift: Annotated[int, Field(ge=0, le=256)] = Field(
        0,
        title="Shift",
        description="Every picture axis moved by up to so many places either way; the edge is repeated.",
    )
    flip: bool = Field(False, title="Flip", description="Every second sample mirrored, left to right.")

    def of(self, x: Tensor, axes: tuple[str, ...], deviation: float, generator: torch.Generator) -> Tensor:
        """(N, *shape) → the same shape, each sample changed in its own way; x itself where nothing is to be done.

        `axes` says what the axes of a sample are, as `Dataset.axes`; `deviation` is that of the training samples.
        """
        places = Places(axes, x.ndim - 1)
        if self.time_shift and places.time is not None:
            x = _moved(x, places.time, self.time_shift, generator, around=True)
        if self.shift:
            for axis in places.picture:
                x = _moved(x, axis, self.shift, generator, around=False)
        if self.flip and places.width is not None:
            flipped = _random(len(x), generator) < 0.5
            x = torch.where(_column(flipped, x.ndim), x.flip(places.width), x)
        if self.noise:
            noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
            x = x + self.noise * deviation * noise
        for place, most in ((places.time, self.time_mask), (places.band, self.band_mask)):
            if most and place is not None:
                x = _masked(x, place, most, generator)
        return x


class Places:
    """Which axes of (N, *shape) are time, bands, and those of a picture.

    Where nobody has said what the axes are, the first behind the channels may be time or height, the last bands or
    width: the lab's 99 × 26 come as they are.
    """

    def __init__(self, axes: tuple[str, ...], count: int) -> None:
        named = {name: place for place, name in enumerate(axes, 1)}
        known = bool(axes)
        behind = range(2, count + 1)
        self.time = named.get("time") if known else next(iter(behind), None)
        self.band = named.get("band") if known else (count if count > 2 else None)
        self.width = named.get("width") if known else (count if count > 2 else None)
        spatial = [named[name] for name in ("depth", "height", "width") if name in named]
        self.picture = spatial if known else (list(behind) if count > 2 else [])

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of `Augmentation` that change such samples."""
        given = {
            "time_shift": self.time,
            "noise": 0,
            "time_mask": self.time,
            "band_mask": self.band,
            "shift": self.picture or None,
            "flip": self.width,
        }
        return tuple(name for name, place in given.items() if place is not None)


def _random(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device)


def _column(values: Tensor, axes: int) -> Tensor:
    return values.view(-1, *[1] * (axes - 1))


def _whole(count: int, least: int, most: int, generator: torch.Generator) -> Tensor:
    """Whole numbers from least to most, both included."""
    return torch.randint(least, most + 1, (count,), generator=generator, device=generator.device)


def _moved(x: Tensor, axis: int, most: int, generator: torch.Generator, *, around: bool) -> Tensor:
    size = x.shape[axis]
    offset = _whole(len(x), -most, most, generator)
    index = torch.arange(size, device=x.device)[None] - offset[:, None]
    index = index % size if around else index.clamp(0, size - 1)
    shape = [1] * x.ndim
    shape[0], shape[axis] = len(x), size
    return x.gather(axis, index.view(shape).expand(x.shape))


def _masked(x: Tensor, axis: int, most: int, generator: torch.Generator) -> Tensor:
    size = x.shape[axis]
    width = _whole(len(x), 0, min(most, size), generator)
    start = (_random(len(x), generator) * (size - width + 1)).long()
    place = torch.arange(size, device=x.device)[None]
    hidden = (place >= start[:, None]) & (place < (start + width)[:, None])
    shape = [1] * x.ndim
    shape[0], shape[axis] = len(x), size
    mean = _column(x.flatten(1).mean(dim=1), x.ndim)
    return torch.where(hidden.view(shape), mean, x)
