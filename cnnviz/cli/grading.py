"""Grading of a folder of zips: the results of submissions, computed again without the server."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.hidden_test import HiddenTest, as_hidden_test, split_off
from cnnviz.classroom.regrade import Grader, Regrade
from cnnviz.cli.config import find_built_in_dataset, load_arrays
from cnnviz.cli.files import read_file
from cnnviz.data.dataset import Dataset
from cnnviz.errors import DataError
from cnnviz.settings import settings
from cnnviz.takehome.unpack import MAX_BYTES
from cnnviz.words import spreadsheet_text

MAX_ASSIGNMENT_BYTES, KEY_BYTES = 4 * 2**20, 32
COLUMNS = ("file", "name", "submitted", "late", "signature", "grade", "validation", "hidden test", "checks", "remark")


@dataclass(frozen=True)
class GradeOptions:
    """Options of the command."""

    folder: Path
    assignment: Path | None = None
    data: tuple[Path, Path] | None = None
    hidden: tuple[Path, Path] | None = None
    split_off: float | None = None
    """Share of `data` that is the hidden test; the rest is what the class has learned from."""
    key: Path | None = None


def grade_folder(options: GradeOptions) -> str:
    """Returns a CSV table of the results of all zips in a folder, by their names.

    Raises CnnvizError where the folder or an option cannot be used; a zip that cannot be read has a row that says why.
    """
    files = sorted(options.folder.glob("*.zip")) if options.folder.is_dir() else []
    if not files:
        raise DataError(f"{options.folder} has no zips. Give the folder that they are in.")
    own_data = _load(options.data) if options.data else None
    hidden = _hidden_test(options.hidden) if options.hidden else None
    if options.split_off is not None:
        if own_data is None or hidden:
            raise DataError("--split-off goes with --data, the whole data set that it was split off, and no --hidden.")
        own_data, hidden = _split_off(own_data, options.split_off)
    grader = Grader(
        limits=settings(),
        find_dataset=(lambda _name: own_data) if own_data else find_built_in_dataset,
        assignment=_read_assignment(options.assignment) if options.assignment else None,
        hidden=hidden,
        key=_read_key(options.key) if options.key else None,
    )
    return _to_csv(grader.grade((file.name, partial(read_file, file, MAX_BYTES)) for file in files))


@cache
def _load(files: tuple[Path, Path]) -> Dataset:
    return load_arrays(*files, settings().max_upload_bytes)


def _hidden_test(files: tuple[Path, Path]) -> Callable[[Dataset], HiddenTest]:
    content = _load(files).load_content()
    return lambda dataset: as_hidden_test(content, dataset.shape, dataset.classes)


def _split_off(whole: Dataset, share: float) -> tuple[Dataset, Callable[[Dataset], HiddenTest]]:
    """Returns what the class has got of a data set, and the hidden test, as the server has split them."""
    rest, test = split_off(whole.load_content(), share)
    return replace(whole, size=len(rest.y), load=lambda _progress: rest), lambda _dataset: test


def _read_assignment(path: Path) -> Assignment:
    return Assignment.from_json(read_file(path, MAX_ASSIGNMENT_BYTES))


def _read_key(path: Path) -> bytes:
    text = read_file(path, 4096).strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise DataError(f"{path} holds no key: {2 * KEY_BYTES} hexadecimal digits are expected. Download it once more.")
    return key


def _to_csv(graded: tuple[Regrade, ...]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in graded:
        writer.writerow([spreadsheet_text(cell) for cell in _cells(each)])
    return stream.getvalue()


def _cells(each: Regrade) -> tuple[str, ...]:
    if each.problem:
        return (each.file, "", "", "", "", "", "", "", "", each.problem)
    pairs = zip(each.labels, each.results, strict=True)
    checks = "; ".join(f"{'yes' if result.reached else 'no'}: {label} ({result.value})" for label, result in pairs)
    remark = f"the server has shown another result of: {'; '.join(each.differs)}" if each.differs else ""
    accuracies = (f"{found.correct}/{found.samples}" if found else "" for found in (each.validation, each.hidden))
    submitted = f"{each.record.submitted:%Y-%m-%d %H:%M:%S}" if each.record else ""
    late = "yes" if each.is_late else "no"
    return (
        *(each.file, each.name, submitted, late, each.signature.value, f"{each.percent:.2f}"),
        *accuracies,
        checks,
        remark,
    )
