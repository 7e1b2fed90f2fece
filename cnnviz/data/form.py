"""What the files of an archive become: sounds become features, pictures become points."""

import math
from abc import ABC, abstractmethod
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from cnnviz.data.arrays import Samples
from cnnviz.data.audio import Features
from cnnviz.data.picture import PICTURE_EXTENSIONS, read_picture
from cnnviz.data.sound import SOUND_EXTENSIONS, read_sound
from cnnviz.shapes import Shape


class SampleForm(BaseModel, ABC):
    """One kind of sample; frozen, bounds included."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    extensions: ClassVar[tuple[str, ...]]
    noun: ClassVar[str]
    """What a message calls the files."""
    keeps_decoded: ClassVar[bool]
    """Whether what was decoded is kept beside the samples that are made of it."""

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """Shape of one sample."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of what is kept, if that is sound."""
        return 16_000

    @property
    @abstractmethod
    def axes(self) -> tuple[str, ...]:
        """What the axes of a sample are."""

    @property
    @abstractmethod
    def decoded_spec(self) -> tuple[Shape, type[np.generic]]:
        """Shape and type of a file as it is decoded."""

    @abstractmethod
    def decode(self, content: bytes, name: str) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
        """A decoded file, and in single words what was done to it; raises DataError when it is damaged."""

    @abstractmethod
    def to_samples(self, decoded: npt.NDArray[np.generic]) -> Samples:
        """(N, *raw shape) → (N, *shape) float32."""

    @property
    def sample_bytes(self) -> int:
        """Bytes that are kept of one sample."""
        shape, kind = self.decoded_spec
        return 4 * math.prod(self.shape) + self.keeps_decoded * np.dtype(kind).itemsize * math.prod(shape)


class SoundForm(SampleForm):
    """Sounds of one length become (1, frames, width) features."""

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
        """Frames and bands."""
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
        """One channel in 16-bit integers."""
        return (self.sample_count,), np.int16

    def decode(self, content: bytes, name: str) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
        """(length,) int16."""
        sound = read_sound(content, name, self.features.sample_rate, self.sample_count)
        done = sound.treatment
        words = {"resampled": done.resampled_from, "padded": done.padded, "cut": done.cut}
        return sound.samples, tuple(word for word, value in words.items() if value)

    def to_samples(self, decoded: npt.NDArray[np.generic]) -> Samples:
        """(N, length) → (N, 1, frames, width)."""
        return self.features.compute(decoded)[:, None]


class PictureForm(SampleForm):
    """Pictures become (1 or 3, height, width) points from 0 to 1."""

    extensions = PICTURE_EXTENSIONS
    noun = "pictures"
    keeps_decoded = False

    height: Annotated[int, Field(ge=4, le=512)] = Field(32, title="Height", description="Points of every column.")
    width: Annotated[int, Field(ge=4, le=512)] = Field(32, title="Width", description="Points of every row.")
    grey: bool = Field(False, title="Grey", description="One channel instead of red, green and blue.")

    @property
    def axes(self) -> tuple[str, ...]:
        """Rows and columns."""
        return ("channel", "height", "width")

    @property
    def shape(self) -> Shape:
        """Channels first."""
        return (1 if self.grey else 3, self.height, self.width)

    @property
    def decoded_spec(self) -> tuple[Shape, type[np.generic]]:
        """Points are decoded into what they stay."""
        return self.shape, np.float32

    def decode(self, content: bytes, name: str) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
        """(C, height, width) float32."""
        return read_picture(content, name, self.height, self.width, grey=self.grey), ()

    def to_samples(self, decoded: npt.NDArray[np.generic]) -> Samples:
        """(N, C, height, width), as decoded."""
        return np.asarray(decoded, np.float32)
