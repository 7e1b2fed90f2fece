"""An archive with a folder for each class as a data set: files are decoded one by one, damaged ones are left out."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.data.archive import Archive
from cnnviz.data.audio import BLOCK
from cnnviz.data.base import MAX_CLASS_NAME, MAX_CLASSES, Labels, Progress, check_counts, counted
from cnnviz.data.content import Content
from cnnviz.data.form import Form, PictureForm, SoundForm
from cnnviz.data.lists import listed
from cnnviz.data.member import Member, quoted
from cnnviz.data.report import Report
from cnnviz.data.speaker import speakers
from cnnviz.errors import DataError, LimitError

MAX_SECONDS = 1800.0
"""Time that one import may take, unless the caller says otherwise."""
MAX_DAMAGED = 0.2
"""Share of the files that may be damaged."""


Room = Callable[[str, tuple[int, ...], type[np.generic]], npt.NDArray[Any]]
"""Makes an array of zeros of this name, shape and type."""


def in_memory(_name: str, shape: tuple[int, ...], kind: type[np.generic]) -> npt.NDArray[Any]:
    """An array as any other."""
    return np.zeros(shape, kind)


@dataclass(frozen=True, eq=False)
class Collection:
    """What an archive gave, and what must be told of it."""

    content: Content
    report: Report


def suggested(archive: Archive) -> Form:
    """The form for the files that the archive has most of, as it is by default; raises DataError when it has none."""
    forms: tuple[Form, ...] = (SoundForm(), PictureForm())
    counts = [len(_chosen(archive, form)) for form in forms]
    if not any(counts):
        raise DataError(
            "The archive has no .wav, .flac, .ogg, .png or .jpg file in a folder. Make one folder for each class and"
            " put its files into it."
        )
    return forms[int(np.argmax(counts))]


def collect(
    archive: Archive,
    form: Form,
    *,
    max_bytes: int,
    template: str | None = None,
    max_seconds: float = MAX_SECONDS,
    room: Room = in_memory,
    progress: Progress = lambda done, total: None,
) -> Collection:
    """Decode every file of the form's kind; its class is the folder around it, `progress` hears (files done, files).

    `room` makes the arrays for what is decoded, in memory unless it says otherwise.
    Raises DataError when there are too few or too many classes, too few files in one, too many damaged ones, or names
    that do not fit `template` (see `speakers`); LimitError when it takes more than `max_bytes` or `max_seconds`.
    """
    deadline = time.monotonic() + max_seconds
    members = _chosen(archive, form)
    classes, y = _classes(members, form)
    size = len(members) * form.sample_bytes
    if size > max_bytes:
        raise LimitError(
            f"{len(members):,} {form.noun} take {size / 2**20:,.0f} MB; this server takes at most"
            f" {max_bytes / 2**20:,.0f} MB. Send fewer of them, or make each of them smaller."
        )
    voices = speakers([member.name for member in members], template) if form.keeps else None
    parts = listed(archive, members)
    rows = _Rows(form, len(members), room)
    for number, member in enumerate(members):
        if time.monotonic() >= deadline:
            raise LimitError(
                f"After {max_seconds:,.0f} seconds only {number:,} of {len(members):,} files were read. Send fewer or"
                " smaller files."
            )
        rows.add(number, member, archive)
        progress(number + 1, len(members))
    rows.finish()
    good = rows.good
    check_counts(y[good], classes)
    return Collection(
        Content(
            x=rows.x[: len(good)],
            y=y[good],
            classes=classes,
            sounds=rows.decoded[: len(good)] if form.keeps else None,
            rate=form.rate,
            speakers=voices and tuple(voices[number] for number in good),
            parts={} if parts is None else {"lists": parts[good]},
        ),
        Report(form.noun, len(good), tuple(rows.damaged), _passed(archive, members), dict(rows.treated)),
    )


class _Rows:
    """The samples as far as they are decoded, at most `count`; features are computed in blocks."""

    def __init__(self, form: Form, count: int, room: Room) -> None:
        shape, kind = form.raw
        self._form = form
        self._ready = 0
        self.decoded = room("decoded", (count, *shape), kind)
        self.x = room("samples", (count, *form.shape), np.float32) if form.keeps else self.decoded
        self.good: list[int] = []
        self.damaged: list[str] = []
        self.treated: Counter[str] = Counter()

    def add(self, number: int, member: Member, archive: Archive) -> None:
        """Decode one file; raises DataError when it is one damaged file too many."""
        try:
            self.decoded[len(self.good)], words = self._form.read(archive.read(member), member.path)
        except DataError as error:
            self.damaged.append(str(error))
            if len(self.damaged) > MAX_DAMAGED * len(self.decoded):
                raise _too_many(self.damaged, len(self.decoded)) from None
            return
        self.good.append(number)
        self.treated.update(words)
        if len(self.good) - self._ready == BLOCK:
            self.finish()

    def finish(self) -> None:
        """Compute the features of what was decoded since the last time."""
        block = slice(self._ready, len(self.good))
        if self._form.keeps and len(self.good) > self._ready:
            self.x[block] = self._form.samples(self.decoded[block])
        self._ready = len(self.good)


def _chosen(archive: Archive, form: Form) -> tuple[Member, ...]:
    return tuple(each for each in archive.members if each.folders and each.name.lower().endswith(form.endings))


def _classes(members: Sequence[Member], form: Form) -> tuple[tuple[str, ...], Labels]:
    if not members:
        endings = f"{', '.join(form.endings[:-1])} or {form.endings[-1]}"
        raise DataError(f"The archive has no {endings} file in a folder, so no {form.noun}. Read it as another kind.")
    classes = tuple(sorted({member.folder for member in members}))
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise DataError(
            f"The archive has {form.noun} in {counted(len(classes), 'folder')}; 2 to {MAX_CLASSES:,} can be learned,"
            f" one folder for each class. Put the {form.noun} of each class into a folder of its name."
        )
    for name in classes:
        if len(name) > MAX_CLASS_NAME:
            raise DataError(f"The folder {quoted(name)} has a long name; a class can have {MAX_CLASS_NAME} characters.")
    numbers = {name: number for number, name in enumerate(classes)}
    y = np.array([numbers[member.folder] for member in members], np.int64)
    check_counts(y, classes)
    return classes, y


def _passed(archive: Archive, members: Sequence[Member]) -> int:
    return sum(1 for each in archive.members if each.folders) - len(members)


def _too_many(damaged: Sequence[str], total: int) -> DataError:
    return DataError(
        f"{len(damaged):,} of {total:,} files cannot be read, more than {MAX_DAMAGED:.0%}, so the import has stopped."
        f" The first: {' '.join(damaged[:3])}"
    )
