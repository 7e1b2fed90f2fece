"""What a data set is, and the lab's way to split one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from cnnviz.errors import DataError
from cnnviz.shapes import Shape

if TYPE_CHECKING:
    from cnnviz.data.audio import Features
    from cnnviz.data.content import Content

Samples = npt.NDArray[np.float32]
"""(N, *shape): N samples in float32."""
Labels = npt.NDArray[np.int64]
"""(N,): the class number of each sample."""

SplitIndices = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]
"""Places of the samples for training, validation and test, in the order in which they are used."""
ReportProgress = Callable[[int, int], None]
"""Hears how much of how much is done."""

MAX_CLASSES = 1000
MAX_CLASS_NAME_LENGTH = 60
"""Characters."""
MIN_SAMPLES_PER_CLASS = 10
"""Samples of a class that 80/10/10 needs so that two of them reach validation and test together."""


@dataclass(frozen=True, eq=False)
class Subset:
    """Samples and their class numbers: x (N, *shape) float32, y (N,) int64."""

    x: Samples
    y: Labels

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Splits:
    """One data set in three parts that share no sample."""

    train: Subset
    validation: Subset
    test: Subset
    axes: tuple[str, ...] = ()
    """What the axes of a sample are, as `Dataset.axes`."""

    @property
    def parts(self) -> tuple[Subset, Subset, Subset]:
        """All three."""
        return self.train, self.validation, self.test


@dataclass(frozen=True)
class Dataset:
    """A classification task: the shape of one sample, the classes, and how to load it."""

    name: str
    title: str
    description: str
    shape: Shape
    classes: tuple[str, ...]
    size: int
    load: Callable[[ReportProgress], Content]
    """Everything in it; the first time that may take a while."""
    preset: str | None = None
    """A preset that fits this task."""
    split_kinds: tuple[str, ...] = ("random",)
    """The ways in which it can be split, by their names in `WAYS`."""
    axes: tuple[str, ...] = ()
    """What the axes of a sample are: channel, time, band, depth, height, width; empty where nobody knows."""
    features: Features | None = None
    """How sound became these samples, if they are of sound."""
    version: str = ""
    """Changes when other data come under the same name."""

    def split_kind(self, wanted: str) -> str:
        """The wanted way to split, or the first where this data set does not know it."""
        return wanted if wanted in self.split_kinds else self.split_kinds[0]

    def load_content(self, progress: ReportProgress = lambda done, total: None) -> Content:
        """Everything in it."""
        return self.load(progress)

    def load_splits(self, split_kind: str = "random", progress: ReportProgress = lambda done, total: None) -> Splits:
        """In three parts; where this data set knows no such way, by its first."""
        return replace(self.load_content(progress).split(self.split_kind(split_kind)), axes=self.axes)


def split_at_random(y: Labels, classes: tuple[str, ...]) -> SplitIndices:
    """The lab's split: 80 % train, 10 % validation, 10 % test, stratified, random_state=42.

    Raises DataError when a class has fewer than ten samples.
    """
    check_class_counts(y, classes)
    train, rest = train_test_split(np.arange(len(y)), train_size=0.8, stratify=y, random_state=42)
    validation, test = train_test_split(rest, train_size=0.5, stratify=y[rest], random_state=42)
    return train, validation, test


def take_splits(x: Samples, y: Labels, indices: SplitIndices) -> Splits:
    """The samples of each part, copied."""
    train, validation, test = (Subset(x[part], y[part]) for part in indices)
    return Splits(train, validation, test)


def split(x: Samples, y: Labels, classes: tuple[str, ...]) -> Splits:
    """The lab's split of these samples, as `at_random`."""
    return take_splits(x, y, split_at_random(y, classes))


def count_label(count: int, noun: str) -> str:
    """A number of things.

    >>> count_label(1, "sample"), count_label(2_000, "sample")
    ('1 sample', '2,000 samples')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def check_class_counts(y: Labels, classes: tuple[str, ...]) -> None:
    """Raise DataError unless every class has enough samples for `split`."""
    counts = np.bincount(y, minlength=len(classes))
    rarest = int(counts.argmin())
    if counts[rarest] < MIN_SAMPLES_PER_CLASS:
        raise DataError(
            f"Class “{classes[rarest]}” has {count_label(int(counts[rarest]), 'sample')}; a split into 80 % training,"
            " 10 %"
            f" validation and 10 % test needs at least {MIN_SAMPLES_PER_CLASS} of every class. Add samples or leave"
            " this"
            " class out."
        )
