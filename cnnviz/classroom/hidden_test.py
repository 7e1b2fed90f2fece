"""Hidden tests: samples that are kept from everybody; nets are tried on them in a process of its own."""

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from cnnviz.data.arrays import Labels, Samples
from cnnviz.data.content import Content
from cnnviz.errors import DataError
from cnnviz.shapes import Shape, format_shape
from cnnviz.words import quote_name

MIN_SHARE, MAX_SHARE = 0.05, 0.5
MIN_SAMPLES = 20
"""Fewest samples of a hidden test; with fewer, chance decides."""
_ID_PATTERN = re.compile(r"[0-9a-f]{32}")
_SAMPLES_FILE, _LABELS_FILE, _ABOUT_FILE = "samples.npy", "labels.npy", "about.json"


@dataclass(frozen=True, eq=False)
class HiddenTest:
    """The samples of one hidden test: x (N, *shape) and y (N,), by the classes of the assignment's data set."""

    x: Samples
    y: Labels


class HiddenTests:
    """Hidden tests in folders of their own, below `root`, one for each assignment; no page reads from there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, assignment_id: str, test: HiddenTest) -> None:
        """Stores the hidden test of an assignment, whole or not at all, in the place of the one before."""
        if len(test.y) < MIN_SAMPLES:
            raise DataError(
                f"A hidden test of {len(test.y)} samples says nothing: it takes at least {MIN_SAMPLES}. Keep more"
                " samples for it."
            )
        folder = self._path(assignment_id)
        temporary = folder.with_name(f".{folder.name}")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(mode=0o700, parents=True)
        np.save(temporary / _SAMPLES_FILE, test.x)
        np.save(temporary / _LABELS_FILE, test.y)
        (temporary / _ABOUT_FILE).write_text(json.dumps({"samples": len(test.y)}), encoding="utf-8")
        for file in temporary.iterdir():
            os.chmod(file, 0o600)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)

    def folder(self, assignment_id: str) -> Path | None:
        """Returns where the hidden test of an assignment lies; None where it has none."""
        if not _ID_PATTERN.fullmatch(assignment_id):  # the id of an assignment that comes with cnnviz
            return None
        folder = self._path(assignment_id)
        return folder if folder.is_dir() else None

    def sample_count(self, assignment_id: str) -> int:
        """Returns how many samples the hidden test of an assignment has; 0 where there is none."""
        folder = self.folder(assignment_id)
        return int(json.loads((folder / _ABOUT_FILE).read_text(encoding="utf-8"))["samples"]) if folder else 0

    def remove(self, assignment_id: str) -> None:
        """Deletes the hidden test of an assignment."""
        if folder := self.folder(assignment_id):
            shutil.rmtree(folder, ignore_errors=True)

    def _path(self, assignment_id: str) -> Path:
        if not _ID_PATTERN.fullmatch(assignment_id):
            raise ValueError(f"no hidden test can belong to {assignment_id!r}")
        return self._root / assignment_id


def read_hidden_test(folder: Path) -> HiddenTest:
    """Returns a stored hidden test; for the process that tries nets on it."""
    x = np.load(folder / _SAMPLES_FILE, mmap_mode="r", allow_pickle=False)
    return HiddenTest(x, np.load(folder / _LABELS_FILE, allow_pickle=False))


def split_off(content: Content, share: float, seed: int = 0) -> tuple[Content, HiddenTest]:
    """Returns what is left for the class, and the hidden test: so large a share, of all classes alike.

    Where it is known who is heard, nobody is in both. Raises DataError where the samples do not suffice.
    """
    if not MIN_SHARE <= share <= MAX_SHARE:
        raise DataError(f"Keep {MIN_SHARE:.0%} to {MAX_SHARE:.0%} of the samples for the hidden test.")
    rows = np.arange(len(content.y))
    if content.speakers is not None:
        splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
        kept, hidden = next(splitter.split(rows, content.y, np.asarray(content.speakers)))
    else:
        try:
            kept, hidden = train_test_split(rows, test_size=share, stratify=content.y, random_state=seed)
        except ValueError:
            raise DataError(
                "The data set has too few samples for a hidden test with all of its classes. Keep a larger share, or"
                " collect more samples."
            ) from None
    kept, hidden = np.sort(kept), np.sort(hidden)
    missing = [content.classes[number] for number in np.setdiff1d(np.unique(content.y), np.unique(content.y[kept]))]
    if missing:
        raise DataError(
            f"Nothing of the class {quote_name(missing[0])} would be left to learn from. Keep a smaller share for the"
            " hidden test."
        )
    return _take(content, kept), HiddenTest(np.asarray(content.x[hidden]), content.y[hidden])


def as_hidden_test(content: Content, shape: Shape, classes: Sequence[str]) -> HiddenTest:
    """Returns a whole data set as hidden test for nets that know these classes.

    Raises DataError where its samples are of another shape or its classes have other names.
    """
    if content.shape != shape:
        raise DataError(
            f"The samples of the hidden test are {format_shape(content.shape)}, those of the assignment's data set"
            f" {format_shape(shape)}. Prepare both alike."
        )
    numbers = {name: number for number, name in enumerate(classes)}
    unknown = [name for name in content.classes if name not in numbers]
    if unknown:
        raise DataError(
            f"{len(unknown)} classes of the hidden test are none of the assignment's data set, the first being"
            f" {quote_name(unknown[0])}. Give them the same names."
        )
    y = np.array([numbers[name] for name in content.classes], np.int64)[content.y]
    return HiddenTest(np.asarray(content.x), y)


def _take(content: Content, rows: npt.NDArray[np.intp]) -> Content:
    """Returns some samples of a data set, without the recordings that they were made from."""
    return Content(
        x=np.asarray(content.x[rows]),
        y=content.y[rows],
        classes=content.classes,
        rate=content.rate,
        speakers=None if content.speakers is None else tuple(content.speakers[row] for row in rows),
        parts={kind: part[rows] for kind, part in content.parts.items()},
    )
