"""Data sets that people brought themselves, in the data directory; each belongs to its owner."""

import json
import os
import re
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from cnnviz.data.audio import Features
from cnnviz.data.base import Dataset, Progress
from cnnviz.data.content import Content
from cnnviz.errors import DataError, LimitError
from cnnviz.shapes import show

MAX_TITLE = 60
_NAME = re.compile(r"upload-[0-9a-f]{32}")
_OWNER = re.compile(r"[0-9a-f]{32}")
_ABOUT = "about.json"


@dataclass(frozen=True)
class Quota:
    """How much may be kept: data sets of one owner, their bytes, and bytes of all owners together."""

    count: int
    owner_bytes: int = 2**62
    bytes: int = 2**62


@dataclass(frozen=True)
class About:
    """What is told of an upload.

    axes and features are those of `Dataset`, report is what its import had to tell, source what it was made of.
    """

    title: str
    axes: tuple[str, ...] = ()
    features: Features | None = None
    report: tuple[str, ...] = ()
    source: str = ""


class Uploads:
    """The folder `root`/owner/name/ for every upload.

    In it about.json, feats.npy and labels.npy; for sounds sounds.npy; where speakers or parts are known, told.json.
    """

    def __init__(self, root: Path, quota: Quota) -> None:
        self._root = root
        self._quota = quota

    def check_room(self, owner: str, size: int = 0) -> None:
        """Raise LimitError when one more upload of that many bytes would be more than the quota allows."""
        mine = self.of(owner)
        if len(mine) >= self._quota.count:
            raise LimitError(
                f"You already keep {self._quota.count} data sets on this server. Remove one, then bring the next."
            )
        used = sum(_size(self._folder(owner, name)) for name in mine)
        if used + size > self._quota.owner_bytes:
            raise LimitError(
                f"This data set takes {_mega(size)} and yours take {_mega(used)} already; this server keeps at most"
                f" {_mega(self._quota.owner_bytes)} for one student. Remove one, or bring less."
            )
        everybody = sum(map(_size, self._root.glob("*/upload-*")))
        if everybody + size > self._quota.bytes:
            raise LimitError(
                f"All data sets on this server take {_mega(everybody)} of {_mega(self._quota.bytes)}, so there is no"
                f" room for {_mega(size)} more. Bring less, or ask who runs the server."
            )

    def add(self, owner: str, content: Content, about: About, name: str = "") -> Dataset:
        """Keep a checked data set; it appears whole or not at all. Raises LimitError when there is no room for it."""
        sounds = None if content.sounds is None else np.asarray(content.sounds)
        size = content.x.nbytes + content.y.nbytes + (0 if sounds is None else sounds.nbytes)
        self.check_room(owner, size)
        folder = self._folder(owner, name or new_name())
        draft = _draft(folder)
        draft.mkdir(parents=True)
        try:
            np.save(draft / "feats.npy", content.x)
            np.save(draft / "labels.npy", content.y)
            if sounds is not None:
                np.save(draft / "sounds.npy", sounds)
            parts = {way: part.tolist() for way, part in content.parts.items()}
            if parts or content.speakers:
                _write(draft / "told.json", {"speakers": content.speakers, "parts": parts})
            _write(
                draft / _ABOUT,
                {
                    "title": about.title[:MAX_TITLE] or "My data",
                    "shape": content.x.shape[1:],
                    "classes": content.classes,
                    "size": len(content.y),
                    "bytes": size,
                    "ways": content.ways,
                    "axes": about.axes,
                    "rate": content.rate,
                    "features": about.features.model_dump() if about.features else None,
                    "report": about.report,
                    "source": about.source,
                },
            )
            for file in draft.iterdir():
                _settle(file)
            with FileLock(self._root / ".lock"):  # of two that come at the same moment, the second counts the first
                self.check_room(owner, size)
                draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return self._open(folder)

    def of(self, owner: str) -> dict[str, Dataset]:
        """The owner's data sets by name, oldest first."""
        if not _OWNER.fullmatch(owner):
            return {}
        found = []
        for folder in (self._root / owner).glob("upload-*"):
            if _NAME.fullmatch(folder.name):
                with suppress(FileNotFoundError, ValueError, KeyError):  # removed in this moment, or damaged
                    found.append((folder.stat().st_mtime_ns, self._open(folder)))
        return {dataset.name: dataset for _, dataset in sorted(found, key=lambda each: (each[0], each[1].name))}

    def source(self, owner: str, name: str) -> str:
        """What an upload was made of, as it was told to `add`; empty where it was not, or is gone."""
        with suppress(FileNotFoundError, ValueError):
            return str(_about(self._folder(owner, name)).get("source", ""))
        return ""

    def remove(self, owner: str, name: str) -> None:
        """Delete an upload, or what an interrupted import has left of it; harmless when it is gone already."""
        folder = self._folder(owner, name)
        gone = _draft(folder)
        if gone.exists():
            shutil.rmtree(gone, ignore_errors=True)
        with suppress(FileNotFoundError):
            folder.rename(gone)  # at once: half of an upload must not be listed
        shutil.rmtree(gone, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what interrupted imports have left; only while none is under way."""
        for draft in self._root.glob("*/.upload-*"):
            shutil.rmtree(draft, ignore_errors=True)

    def _folder(self, owner: str, name: str) -> Path:
        if not (_OWNER.fullmatch(owner) and _NAME.fullmatch(name)):
            raise ValueError(f"no upload can be called {owner!r}/{name!r}")
        return self._root / owner / name

    def _open(self, folder: Path) -> Dataset:
        about = _about(folder)
        shape, classes = tuple(about["shape"]), tuple(about["classes"])
        features = about.get("features")
        return Dataset(
            name=folder.name,
            title=about["title"],
            story=" ".join(
                about.get("report") or [f"{about['size']:,} samples of {show(shape)}, {len(classes)} classes."]
            ),
            shape=shape,
            classes=classes,
            size=about["size"],
            load=partial(_load, folder, classes, about.get("rate", 16_000)),
            splits=tuple(about.get("ways", ("random",))),
            axes=tuple(about.get("axes", ())),
            features=Features(**features) if features else None,
            version=str(folder.stat().st_mtime_ns),
        )


def new_name() -> str:
    """A name that no upload has."""
    return f"upload-{uuid.uuid4().hex}"


def _load(folder: Path, classes: tuple[str, ...], rate: int, _progress: Progress) -> Content:
    try:
        return _content(folder, classes, rate)
    except FileNotFoundError:  # in this moment, from another tab
        raise DataError("This data set was just removed; choose another one.") from None


def _content(folder: Path, classes: tuple[str, ...], rate: int) -> Content:
    told: dict[str, Any] = {}
    with suppress(FileNotFoundError):  # an upload of an older cnnviz
        told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    sounds = folder / "sounds.npy"
    speakers = told.get("speakers")
    return Content(
        x=_mapped(folder / "feats.npy"),
        y=np.load(folder / "labels.npy", allow_pickle=False),
        classes=classes,
        sounds=_mapped(sounds) if sounds.exists() else None,
        rate=rate,
        speakers=tuple(speakers) if speakers else None,
        parts={way: np.array(part, np.int8) for way, part in told.get("parts", {}).items()},
    )


def _settle(file: Path) -> None:
    """Have a file on the disk, not only on its way there, before anything says that it is whole."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _mapped(file: Path) -> Any:
    """The array of a file, of which only what is looked at comes into memory."""
    return np.load(file, mmap_mode="r", allow_pickle=False)


def _draft(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}")


def _about(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    return about


def _size(folder: Path) -> int:
    """Bytes of an upload; those of an older cnnviz are counted by their files."""
    with suppress(FileNotFoundError, ValueError):
        about = _about(folder)
        return int(about.get("bytes") or sum(file.stat().st_size for file in folder.glob("*.npy")))
    return 0


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")


def _mega(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
