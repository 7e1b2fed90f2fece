"""Forms of samples that files are turned into: sounds become features, pictures become pixels of one size."""

import math
from abc import ABC, abstractmethod
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cnnviz.data.arrays import Samples
from cnnviz.data.audio import Features
from cnnviz.data.picture import PICTURE_EXTENSIONS, read_picture
from cnnviz.data.sound import SOUND_EXTENSIONS, read_sound
from cnnviz.errors import DataError
from cnnviz.shapes import Shape
from cnnviz.validation import FrozenModel


class SampleForm(FrozenModel, ABC):
    """Kind of file, and what a sample made from one looks like; frozen, bounds included."""

    change_error: ClassVar = DataError
    extensions: ClassVar[tuple[str, ...]]
    noun: ClassVar[str]
    """What a message calls the files."""
    keeps_decoded: ClassVar[bool]
    """Whether the decoded files are kept next to the samples computed from them."""

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """Shape of one sample."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of the decoded files, if they are sounds."""
        return 16_000

    @property
    @abstractmethod
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of a sample, as in `Dataset.axes`."""

    @property
    @abstractmethod
    def decoded_spec(self) -> tuple[Shape, type[np.generic]]:
        """Shape and type of a decoded file."""

    @abstractmethod
    def decode(self, content: bytes, name: str) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
        """Returns a decoded file, and one word for each change made to it; raises DataError when it is damaged."""

    @abstractmethod
    def to_samples(self, decoded: npt.NDArray[np.generic]) -> Samples:
        """Turns decoded files into samples: (N, *decoded shape) → (N, *shape) float32."""

    @property
    def sample_bytes(self) -> int:
        """Bytes that one sample takes, with the decoded file if it is kept."""
        shape, kind = self.decoded_spec
        return 4 * math.prod(self.shape) + self.keeps_decoded * np.dtype(kind).itemsize * math.prod(shape)


class SoundForm(SampleForm):
    """Sounds of one length, turned into (1, frames, width) features."""

    extensions = SOUND_EXTENSIONS
    noun = "sounds"
    keeps_decoded = True  # to be played, and to make other features of

    features: Features = Features()
    seconds: Annotated[float, Field(ge=0.1, le=30)] = Field(
        1.0, title="Length", description="Seconds of every sound; longer ones are cut, shorter ones end in silence."
    )

    @property
    def sample_rate(self) -> int:
        """Samples a second of every sound."""
        return self.features.sample_rate

    @property
    def axes(self) -> tuple[str, ...]:
        """One channel of frames × bands."""
        return ("channel", "time", "band")

    @property
    def sample_count(self) -> int:
        """Samples of every sound."""
        return round(self.seconds * self.features.sample_rate)

    @property
    def shape(self) -> Shape:
        """Shape of the features of one sound."""
        return (1, self.features.frame_count(self.sample_count), self.features.width)

    @property
    def decoded_spec(self) -> tuple[Shape, type[np.generic]]:
        """One channel of 16-bit integers."""
        return (self.sample_count,), np.int16

    def decode(self, content: bytes, name: str) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
        """Returns the sound, (length,) int16, and what was done to it."""
        sound = read_sound(content, name, self.features.sample_rate, self.sample_count)
        done = sound.treatment
        words = {
            "resampled": done.resampled_from,
            "padded": done.padded,
            "cut": done.cut,
            "rescaled": done.rescaled,
            "clipped": done.clipped,
        }
        return sound.samples, tuple(word for word, value in words.items() if value)

    def to_samples(self, decoded: npt.NDArray[np.generic]) -> Samples:
        """Computes the features: (N, length) → (N, 1, frames, width)."""
        return self.features.compute(decoded)[:, None]


class PictureForm(SampleForm):
    """Pictures, turned into (1 or 3, height, width) pixels from 0 to 1."""

    extensions = PICTURE_EXTENSIONS
    noun = "pictures"
    keeps_decoded = False

    height: Annotated[int, Field(ge=4, le=512)] = Field(32, title="Height", description="Pixels in a column.")
    width: Annotated[int, Field(ge=4, le=512)] = Field(32, title="Width", description="Pixels in a row.")
    grey: bool = Field(False, title="Grey", description="One channel instead of red, green and blue.")

    @property
    def axes(self) -> tuple[str, ...]:
        """Channels of rows and columns."""
        return ("channel", "height", "width")

    @property
    def shape(self) -> Shape:
        """Shape of one picture, channels first."""
        return (1 if self.grey else 3, self.height, self.width)

    @property
    def decoded_spec(self) -> tuple[Shape, type[np.generic]]:
        """Shape and type of a sample: decoded pictures need no further step."""
        return self.shape, np.float32

    def decode(self, content: bytes, name: str) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
        """Returns the picture, (C, height, width) float32; nothing done to it is worth reporting."""
        return read_picture(content, name, self.height, self.width, grey=self.grey), ()

    def to_samples(self, decoded: npt.NDArray[np.generic]) -> Samples:
        """Returns the pictures as they were decoded, (N, C, height, width)."""
        return np.asarray(decoded, np.float32)
