"""Ways to split a data set into training, validation and test samples; each answers a question of its own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, train_test_split

from cnnviz.data.arrays import Labels, PartNumbers, SplitIndices
from cnnviz.data.classes import check_class_counts
from cnnviz.errors import DataError
from cnnviz.words import count_label

PARTS = ("training", "validation", "test")
"""Titles of the parts into which every split divides a data set."""
TRAIN_SHARE = 0.8
"""Share of the samples that a split keeps for training, exactly or about; the others are halved."""
FOLDS = 10
"""Folds of about equal size that speakers are dealt into: one is for validation, one for test."""
MAX_STRATIFIED = 2_000_000
"""Speakers × classes up to which the folds are stratified; with more, a random choice comes out as even."""
MAX_TRIES = 20
"""Random splits that are tried until every class is in every part."""


@dataclass(frozen=True)
class SplitKind:
    """A way to split: its name, its title in a form, and the question that its scores answer."""

    name: str
    title: str
    question: str


SPLIT_KINDS: dict[str, SplitKind] = {
    kind.name: kind
    for kind in (
        SplitKind("random", "At random", "How well does it recognise further samples like those it has seen?"),
        SplitKind("speaker", "By speaker", "How well does it recognise a voice that it has never heard?"),
        SplitKind(
            "folders", "By its folders", "How well does it recognise the samples that the data set keeps for the test?"
        ),
        SplitKind("lists", "As the data set says", "How well does it compare with others who used the same lists?"),
    )
}
"""Every way to split, by name; “random” is the lab's."""


def split_at_random(y: Labels, classes: tuple[str, ...]) -> SplitIndices:
    """Splits as the lab does: 80 % train, 10 % validation, 10 % test, stratified, random_state=42.

    Raises DataError when a class has fewer than ten samples.
    """
    check_class_counts(y, classes)
    train, rest = train_test_split(np.arange(len(y)), train_size=TRAIN_SHARE, stratify=y, random_state=42)
    validation, test = train_test_split(rest, train_size=0.5, stratify=y[rest], random_state=42)
    return train, validation, test


def split_by_speaker(y: Labels, classes: tuple[str, ...], speakers: Sequence[str]) -> SplitIndices:
    """Splits about 80/10/10 with no speaker in two parts, classes as even as possible, and always the same result.

    Fewer than ten speakers are dealt into one fold each, of which validation and test get one. Raises DataError when
    there are fewer than three speakers, or when no split was found in which every class is in every part.
    """
    names, groups = np.unique(np.asarray(speakers), return_inverse=True)
    if len(names) < 3:
        raise DataError(
            f"The file names show only {count_label(len(names), 'speaker')}; a split by speaker needs at least 3, one"
            " for each part. Split at random, or add recordings of other people."
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
        f"In {MAX_TRIES} tries no split by speaker was found that has every class in every part: with"
        f" {len(names):,} speakers, {first_missing}. Split at random, or add recordings of other people."
    )


def split_by_parts(y: Labels, classes: tuple[str, ...], parts: PartNumbers) -> SplitIndices:
    """Returns the split that a data set comes with; raises DataError when one of its parts lacks a class."""
    missing = _describe_missing_classes(y, parts, classes)
    if missing is not None:
        raise DataError(
            f"The split that this data set comes with cannot be used: {missing}. Use another one, or put all files of a"
            " class into one folder."
        )
    return _shuffled_indices(parts)


def leave_out(
    training: npt.NDArray[np.intp], left_out: Collection[int], y: Labels, classes: tuple[str, ...]
) -> npt.NDArray[np.intp]:
    """Returns the indices of training samples without those that are left out, in their order.

    Samples that are not among them change nothing. Raises DataError when a class would have none left.
    """
    if not left_out:
        return training
    kept = training[~np.isin(training, list(left_out))]
    lost = np.setdiff1d(y[training], y[kept])
    if len(lost):
        raise DataError(
            f"Without the {count_label(len(left_out), 'sample')} that are left out, nothing is left to train “"
            f"{classes[lost[0]]}” with. Take some in again."
        )
    return kept


def _test_and_validation_folds(
    y: Labels, groups: npt.NDArray[np.intp], classes: int, folds: int, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Returns the indices of the samples in the test fold and in the validation fold."""
    if (int(groups.max()) + 1) * classes <= MAX_STRATIFIED:
        folds_iterator = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(y, y, groups)
        (_, test), (_, validation), *_ = folds_iterator
        return test, validation
    rest, test = next(GroupShuffleSplit(1, test_size=1 / folds, random_state=seed).split(y, y, groups))
    group_split = GroupShuffleSplit(1, test_size=1 / (folds - 1), random_state=seed)
    _, validation = next(group_split.split(y[rest], y[rest], groups[rest]))
    return test, rest[validation]


def _describe_missing_classes(y: Labels, parts: PartNumbers, classes: tuple[str, ...]) -> str | None:
    """Describes the classes that the first incomplete part lacks; None when every part has every class."""
    for number, part in enumerate(PARTS):
        counts = np.bincount(y[parts == number], minlength=len(classes))
        if not counts.all():
            empty = np.flatnonzero(counts == 0)
            return (
                f"{len(empty):,} of {len(classes):,} classes have no sample in the {part} part"
                f" ({count_label(int(counts.sum()), 'sample')}), the first being “{classes[empty[0]]}”"
            )
    return None


def _shuffled_indices(parts: PartNumbers) -> SplitIndices:
    """Shuffles each part, always the same way, so that its first samples are representative of it."""
    order = np.random.default_rng(42).permutation(len(parts))
    train, validation, test = (order[parts[order] == number] for number in range(len(PARTS)))
    return train, validation, test
