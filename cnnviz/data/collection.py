"""Turns an archive with a folder for each class into a data set; damaged files are left out."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.data.archive import Archive
from cnnviz.data.archive_member import ArchiveMember
from cnnviz.data.arrays import Labels
from cnnviz.data.audio import BLOCK_SIZE
from cnnviz.data.classes import MAX_CLASS_NAME_LENGTH, MAX_CLASSES, check_class_counts
from cnnviz.data.content import Content
from cnnviz.data.dataset import ReportProgress
from cnnviz.data.form import PictureForm, SampleForm, SoundForm
from cnnviz.data.part_folders import read_part_folders
from cnnviz.data.part_lists import read_part_lists
from cnnviz.data.report import ImportReport
from cnnviz.data.speaker import find_speakers
from cnnviz.errors import DataError, LimitError
from cnnviz.words import count_label, format_mebibytes, quote_name

MAX_IMPORT_SECONDS = 1800.0
"""Default limit on the duration of an import."""
MAX_DAMAGED_SHARE = 0.2
"""Share of the files that may be damaged."""

Allocate = Callable[[str, tuple[int, ...], type[np.generic]], npt.NDArray[Any]]
"""Returns an array of zeros with this name, shape and type."""


def allocate_in_memory(_name: str, shape: tuple[int, ...], kind: type[np.generic]) -> npt.NDArray[Any]:
    """Returns an ordinary array; its name is not used."""
    return np.zeros(shape, kind)


@dataclass(frozen=True, eq=False)
class ImportedContent:
    """Content of an archive, and a report on its import."""

    content: Content
    report: ImportReport


def suggest_form(archive: Archive) -> SampleForm:
    """Returns the default form for the most frequent kind of file; raises DataError when there is no usable file."""
    forms: tuple[SampleForm, ...] = (SoundForm(), PictureForm())
    counts = [len(_members_of_form(archive, form)) for form in forms]
    if not any(counts):
        raise DataError(
            "The archive has no .wav, .flac, .ogg, .png or .jpg file in a folder. Make one folder for each class and"
            " put its files into it."
        )
    return forms[int(np.argmax(counts))]


def collect_samples(
    archive: Archive,
    form: SampleForm,
    *,
    max_bytes: int,
    template: str | None = None,
    max_seconds: float = MAX_IMPORT_SECONDS,
    allocate: Allocate = allocate_in_memory,
    progress: ReportProgress = lambda done, total: None,
) -> ImportedContent:
    """Decodes every file of the form's kind; the folder around a file is its class.

    `allocate` makes the arrays for what is decoded; `progress` is called with the number of files done and the total.
    Raises DataError when there are too few or too many classes, too few files in one, too many damaged ones, or names
    that do not fit `template` (see `find_speakers`); LimitError when it takes more than `max_bytes` or `max_seconds`.
    """
    deadline = time.monotonic() + max_seconds
    members = _members_of_form(archive, form)
    classes, y = _class_labels(members, form)
    size = len(members) * form.sample_bytes
    if size > max_bytes:
        raise LimitError(
            f"{len(members):,} {form.noun} take {format_mebibytes(size)}; this server takes at most"
            f" {format_mebibytes(max_bytes)}. Send fewer of them, or make each of them smaller."
        )
    file_speakers = find_speakers([member.name for member in members], template) if form.keeps_decoded else None
    lists, folder_split = read_part_lists(archive, members), read_part_folders(members, y)
    parts = {} if lists is None else {"lists": lists}
    if folder_split:
        parts["folders"] = folder_split.parts
    decoder = _SampleDecoder(form, len(members), allocate)
    for number, member in enumerate(members):
        if time.monotonic() >= deadline:
            raise LimitError(
                f"After {max_seconds:,.0f} seconds only {number:,} of {len(members):,} files had been read. Send"
                " fewer or smaller files."
            )
        decoder.add(number, member, archive)
        progress(number + 1, len(members))
    decoder.compute_features()
    good = decoder.decoded_numbers
    check_class_counts(y[good], classes)
    return ImportedContent(
        Content(
            x=decoder.x[: len(good)],
            y=y[good],
            classes=classes,
            sounds=decoder.decoded[: len(good)] if form.keeps_decoded else None,
            rate=form.sample_rate,
            speakers=file_speakers and tuple(file_speakers[number] for number in good),
            parts={name: numbers[good] for name, numbers in parts.items()},
        ),
        ImportReport(
            form.noun,
            len(good),
            tuple(decoder.damaged),
            _count_skipped(archive, members),
            dict(decoder.treatments),
            folder_split.sentence if folder_split else "",
        ),
    )


class _SampleDecoder:
    """Collects up to `count` decoded files and computes their features in blocks."""

    def __init__(self, form: SampleForm, count: int, allocate: Allocate) -> None:
        shape, kind = form.decoded_spec
        self._form = form
        self._computed = 0
        self.decoded = allocate("decoded", (count, *shape), kind)
        self.x = allocate("samples", (count, *form.shape), np.float32) if form.keeps_decoded else self.decoded
        self.decoded_numbers: list[int] = []
        self.damaged: list[str] = []
        self.treatments: Counter[str] = Counter()

    def add(self, number: int, member: ArchiveMember, archive: Archive) -> None:
        """Decodes one file; raises DataError when it is one damaged file too many."""
        try:
            self.decoded[len(self.decoded_numbers)], words = self._form.decode(archive.read(member), member.path)
        except DataError as error:
            self.damaged.append(str(error))
            if len(self.damaged) > MAX_DAMAGED_SHARE * len(self.decoded):
                raise _too_many_damaged_error(self.damaged, len(self.decoded)) from None
            return
        self.decoded_numbers.append(number)
        self.treatments.update(words)
        if len(self.decoded_numbers) - self._computed == BLOCK_SIZE:
            self.compute_features()

    def compute_features(self) -> None:
        """Computes the features of the files decoded since the last call."""
        block = slice(self._computed, len(self.decoded_numbers))
        if self._form.keeps_decoded and len(self.decoded_numbers) > self._computed:
            self.x[block] = self._form.to_samples(self.decoded[block])
        self._computed = len(self.decoded_numbers)


def _members_of_form(archive: Archive, form: SampleForm) -> tuple[ArchiveMember, ...]:
    return tuple(
        member for member in archive.members if member.folders and member.name.lower().endswith(form.extensions)
    )


def _class_labels(members: Sequence[ArchiveMember], form: SampleForm) -> tuple[tuple[str, ...], Labels]:
    if not members:
        endings = f"{', '.join(form.extensions[:-1])} or {form.extensions[-1]}"
        raise DataError(f"The archive has no {endings} file in a folder, so no {form.noun}. Read it as another kind.")
    classes = tuple(sorted({member.folder for member in members}))
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise DataError(
            f"The archive has {form.noun} in {count_label(len(classes), 'folder')}; 2 to {MAX_CLASSES:,} classes can be"
            f" learned, one folder for each. Put the {form.noun} of each class into a folder with its name."
        )
    for name in classes:
        if len(name) > MAX_CLASS_NAME_LENGTH:
            raise DataError(
                f"The folder name {quote_name(name)} is too long; the name of a class can have at most"
                f" {MAX_CLASS_NAME_LENGTH} characters."
            )
    numbers = {name: number for number, name in enumerate(classes)}
    y = np.array([numbers[member.folder] for member in members], np.int64)
    check_class_counts(y, classes)
    return classes, y


def _count_skipped(archive: Archive, members: Sequence[ArchiveMember]) -> int:
    return sum(1 for member in archive.members if member.folders) - len(members)


def _too_many_damaged_error(damaged: Sequence[str], total: int) -> DataError:
    return DataError(
        f"{len(damaged):,} of {total:,} files cannot be read, more than {MAX_DAMAGED_SHARE:.0%}, so the import was"
        f" stopped. The first ones: {' '.join(damaged[:3])}"
    )
