"""Ways to split a data set in three; each answers a question of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from cnnviz.data.base import Labels, Rows
from cnnviz.errors import DataError

PARTS = ("training", "validation", "test")
Parts = npt.NDArray[np.int8]
"""(N,): the part of each sample, as a place in PARTS."""
FOLDS = 10
"""Parts of equal size that speakers are dealt into: one for validation, one for test."""
MAX_DEALT = 2_000_000
"""Speakers × classes up to which they are dealt out evenly; more are drawn, which comes out as even."""
DRAWS = 20
"""Splits that are tried until every class is in every part."""


@dataclass(frozen=True)
class Way:
    """A way to split: its name, what a form calls it, and which question its scores answer."""

    name: str
    title: str
    question: str


WAYS: dict[str, Way] = {
    way.name: way
    for way in (
        Way("random", "At random", "How well does it know samples like those it has seen, from the same people?"),
        Way("speaker", "By speaker", "How well does it know a voice that it has never heard?"),
        Way("lists", "As the data set says", "How well does it do beside others who used the same lists?"),
    )
}
"""Every way to split, by name; “random” is the lab's."""


def by_speaker(y: Labels, classes: tuple[str, ...], speakers: Sequence[str]) -> Rows:
    """About 80/10/10 of the samples, classes kept as even as they can be, no speaker in two parts; always the same.

    With fewer than ten speakers validation and test get one fold of as many as there are. Raises DataError with the
    numbers when there are fewer than three, or when no split was found in which every class is in every part.
    """
    names, groups = np.unique(np.asarray(speakers), return_inverse=True)
    if len(names) < 3:
        raise DataError(
            f"The file names tell of {len(names)} speaker{'s' * (len(names) != 1)}; a split by speaker needs at least"
            " 3, one for each part. Split at random or add recordings of other people."
        )
    folds = min(FOLDS, len(names))
    worst = ""
    for draw in range(DRAWS):
        test, validation = _folds(y, groups, len(classes), folds, seed=42 + draw)
        parts = np.zeros(len(y), np.int8)
        parts[validation], parts[test] = 1, 2
        lacking = _lacking(y, parts, classes)
        if lacking is None:
            return _rows(parts)
        worst = worst or lacking
    raise DataError(
        f"No split by speaker was found in {DRAWS} tries with every class in every part: with {len(names):,} speakers,"
        f" {worst}. Split at random or add recordings of other people."
    )


def by_parts(y: Labels, classes: tuple[str, ...], parts: Parts) -> Rows:
    """The parts that a data set comes with; raises DataError when one of them lacks a class."""
    lacking = _lacking(y, parts, classes)
    if lacking is not None:
        raise DataError(f"The lists of this data set cannot be used: {lacking}. Split at random or by speaker.")
    return _rows(parts)


def _folds(
    y: Labels, groups: npt.NDArray[np.intp], classes: int, folds: int, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices of the samples of one fold for test and of one for validation."""
    if (int(groups.max()) + 1) * classes <= MAX_DEALT:
        dealt = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(y, y, groups)
        (_, test), (_, validation), *_ = dealt
        return test, validation
    rest, test = next(GroupShuffleSplit(1, test_size=1 / folds, random_state=seed).split(y, y, groups))
    drawn = GroupShuffleSplit(1, test_size=1 / (folds - 1), random_state=seed)
    _, validation = next(drawn.split(y[rest], y[rest], groups[rest]))
    return test, rest[validation]


def _lacking(y: Labels, parts: Parts, classes: tuple[str, ...]) -> str | None:
    """What is missing: the emptiest class of a part, with its number."""
    for number, part in enumerate(PARTS):
        counts = np.bincount(y[parts == number], minlength=len(classes))
        if not counts.all():
            empty = np.flatnonzero(counts == 0)
            return (
                f"{len(empty):,} of {len(classes):,} classes have no sample in the {part} part of {counts.sum():,}"
                f" samples, first “{classes[empty[0]]}”"
            )
    return None


def _rows(parts: Parts) -> Rows:
    """In an order in which the first samples of a part are a fair choice of it, and always the same."""
    order = np.random.default_rng(42).permutation(len(parts))
    train, validation, test = (order[parts[order] == number] for number in range(len(PARTS)))
    return train, validation, test
