"""What a data set is, and the lab's way to split one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from cnnviz.errors import DataError
from cnnviz.shapes import Shape

Samples = npt.NDArray[np.float32]
"""(N, *shape): N samples in float32."""
Labels = npt.NDArray[np.int64]
"""(N,): the class number of each sample."""

MIN_PER_CLASS = 10
"""Samples of a class that 80/10/10 needs so that two of them reach validation and test together."""


@dataclass(frozen=True, eq=False)
class Split:
    """Samples and their class numbers: x (N, *shape) float32, y (N,) int64."""

    x: Samples
    y: Labels

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Splits:
    """One data set in three parts that share no sample."""

    train: Split
    validation: Split
    test: Split


@dataclass(frozen=True)
class Dataset:
    """A classification task: the shape of one sample, the classes, and how to load it."""

    name: str
    title: str
    story: str
    shape: Shape
    classes: tuple[str, ...]
    size: int
    load: Callable[..., Splits]
    """Takes one of `splits`; without it, the first."""
    preset: str | None = None
    """A preset that fits this task."""
    splits: tuple[str, ...] = ("random",)
    """The ways in which it can be split, by their names in `WAYS`."""

    def split_by(self, way: str) -> Splits:
        """In three parts; where this data set knows no such way, by its first."""
        return self.load(way if way in self.splits else self.splits[0])


def split(x: Samples, y: Labels, classes: tuple[str, ...]) -> Splits:
    """The lab's split: 80 % train, 10 % validation, 10 % test, stratified, random_state=42.

    Raises DataError when a class has fewer than ten samples.
    """
    check_counts(y, classes)
    x_train, x_rest, y_train, y_rest = train_test_split(x, y, train_size=0.8, stratify=y, random_state=42)
    x_validation, x_test, y_validation, y_test = train_test_split(
        x_rest, y_rest, train_size=0.5, stratify=y_rest, random_state=42
    )
    return Splits(Split(x_train, y_train), Split(x_validation, y_validation), Split(x_test, y_test))


def check_counts(y: Labels, classes: tuple[str, ...]) -> None:
    """Raise DataError unless every class has enough samples for `split`."""
    counts = np.bincount(y, minlength=len(classes))
    rarest = int(counts.argmin())
    if counts[rarest] < MIN_PER_CLASS:
        raise DataError(
            f"Class “{classes[rarest]}” has {counts[rarest]} samples; a split into 80 % training, 10 % validation and"
            f" 10 % test needs at least {MIN_PER_CLASS} of every class. Add samples or leave this class out."
        )
