"""Ways to split a data set in three; each answers a question of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, train_test_split

from cnnviz.data.arrays import Labels, PartNumbers, SplitIndices
from cnnviz.data.classes import check_class_counts
from cnnviz.errors import DataError
from cnnviz.words import count_label

PARTS = ("training", "validation", "test")
FOLDS = 10
"""Parts of equal size that speakers are dealt into: one for validation, one for test."""
MAX_STRATIFIED = 2_000_000
"""Speakers × classes up to which they are dealt out evenly; more are drawn, which comes out as even."""
MAX_TRIES = 20
"""Splits that are tried until every class is in every part."""


@dataclass(frozen=True)
class SplitKind:
    """A way to split: its name, what a form calls it, and which question its scores answer."""

    name: str
    title: str
    question: str


SPLIT_KINDS: dict[str, SplitKind] = {
    way.name: way
    for way in (
        SplitKind("random", "At random", "How well does it know samples like those it has seen, from the same people?"),
        SplitKind("speaker", "By speaker", "How well does it know a voice that it has never heard?"),
        SplitKind("lists", "As the data set says", "How well does it do beside others who used the same lists?"),
    )
}
"""Every way to split, by name; “random” is the lab's."""


def split_at_random(y: Labels, classes: tuple[str, ...]) -> SplitIndices:
    """The lab's split: 80 % train, 10 % validation, 10 % test, stratified, random_state=42.

    Raises DataError when a class has fewer than ten samples.
    """
    check_class_counts(y, classes)
    train, rest = train_test_split(np.arange(len(y)), train_size=0.8, stratify=y, random_state=42)
    validation, test = train_test_split(rest, train_size=0.5, stratify=y[rest], random_state=42)
    return train, validation, test


def split_by_speaker(y: Labels, classes: tuple[str, ...], speakers: Sequence[str]) -> SplitIndices:
    """About 80/10/10 of the samples, classes kept as even as they can be, no speaker in two parts; always the same.

    With fewer than ten speakers validation and test get one fold of as many as there are. Raises DataError with the
    numbers when there are fewer than three, or when no split was found in which every class is in every part.
    """
    names, groups = np.unique(np.asarray(speakers), return_inverse=True)
    if len(names) < 3:
        raise DataError(
            f"The file names tell of {count_label(len(names), 'speaker')}; a split by speaker needs at least"
            " 3, one for each part. Split at random or add recordings of other people."
        )
    folds = min(FOLDS, len(names))
    first_missing = ""
    for attempt in range(MAX_TRIES):
        test, validation = _test_and_validation_folds(y, groups, len(classes), folds, seed=42 + attempt)
        parts = np.zeros(len(y), np.int8)
        parts[validation], parts[test] = 1, 2
        missing = _describe_missing_classes(y, parts, classes)
        if missing is None:
            return _shuffled_indices(parts)
        first_missing = first_missing or missing
    raise DataError(
        f"No split by speaker was found in {MAX_TRIES} tries with every class in every part: with {len(names):,}"
        " speakers,"
        f" {first_missing}. Split at random or add recordings of other people."
    )


def split_by_parts(y: Labels, classes: tuple[str, ...], parts: PartNumbers) -> SplitIndices:
    """The parts that a data set comes with; raises DataError when one of them lacks a class."""
    missing = _describe_missing_classes(y, parts, classes)
    if missing is not None:
        raise DataError(f"The lists of this data set cannot be used: {missing}. Split at random or by speaker.")
    return _shuffled_indices(parts)


def _test_and_validation_folds(
    y: Labels, groups: npt.NDArray[np.intp], classes: int, folds: int, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices of the samples of one fold for test and of one for validation."""
    if (int(groups.max()) + 1) * classes <= MAX_STRATIFIED:
        folds_iterator = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(y, y, groups)
        (_, test), (_, validation), *_ = folds_iterator
        return test, validation
    rest, test = next(GroupShuffleSplit(1, test_size=1 / folds, random_state=seed).split(y, y, groups))
    group_split = GroupShuffleSplit(1, test_size=1 / (folds - 1), random_state=seed)
    _, validation = next(group_split.split(y[rest], y[rest], groups[rest]))
    return test, rest[validation]


def _describe_missing_classes(y: Labels, parts: PartNumbers, classes: tuple[str, ...]) -> str | None:
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


def _shuffled_indices(parts: PartNumbers) -> SplitIndices:
    """In an order in which the first samples of a part are a fair choice of it, and always the same."""
    order = np.random.default_rng(42).permutation(len(parts))
    train, validation, test = (order[parts[order] == number] for number in range(len(PARTS)))
    return train, validation, test
