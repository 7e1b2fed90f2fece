"""Data sets that people have uploaded, stored in the data directory; each belongs to its owner."""

import json
import logging
import os
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from cnnviz.data.audio import Features
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset, ReportProgress
from cnnviz.digests import file_digest
from cnnviz.errors import DataError, LimitError
from cnnviz.shapes import format_shape
from cnnviz.visitors import visitors
from cnnviz.words import format_mebibytes

MAX_TITLE_LENGTH = 60
_NAME_PATTERN = re.compile(r"upload-[0-9a-f]{32}")
_OWNER_PATTERN = re.compile(r"[0-9a-fs][0-9a-f]{31}")
log = logging.getLogger(__name__)
_ABOUT_FILE = "about.json"
MAX_VERIFIED_BYTES = 2**30
"""Largest file that is checked when it is opened, which takes a second; of larger ones only parts are read."""


def check_title(title: str) -> None:
    """Raises DataError when the name that a student gives to a data set is too long."""
    if len(title) > MAX_TITLE_LENGTH:
        raise DataError(f"A name has at most {MAX_TITLE_LENGTH} characters; this one has {len(title)}. Shorten it.")


@dataclass(frozen=True)
class Quota:
    """Limits on what is stored: data sets of one owner, their bytes, and the bytes of all owners together."""

    count: int
    owner_bytes: int = 2**62
    bytes: int = 2**62


@dataclass(frozen=True)
class UploadInfo:
    """Description of an upload.

    axes and features are those of `Dataset`; report holds the sentences of its `ImportReport`; source says which files
    it was made from.
    """

    title: str
    axes: tuple[str, ...] = ()
    features: Features | None = None
    report: tuple[str, ...] = ()
    source: str = ""


class Uploads:
    """Uploads of all owners, each in the folder `root`/owner/name/.

    It holds about.json, feats.npy and labels.npy; sounds.npy for sounds; told.json if speakers or parts are known.
    """

    def __init__(self, root: Path, quota: Quota) -> None:
        self._root = root
        self._quota = quota

    def room_for(self, owner: str) -> int:
        """Returns how many bytes this owner may take of what all owners may store."""
        return visitors().room_for(owner, self._taken_bytes(), self._quota.bytes)

    def check_quota(self, owner: str, size: int = 0) -> None:
        """Raises LimitError when one more upload of `size` bytes would exceed the quota."""
        own_datasets = self.datasets_of(owner)
        if len(own_datasets) >= self._quota.count:
            raise LimitError(
                f"You already have {self._quota.count} data sets on this server. Remove one before you upload another."
            )
        own_bytes = sum(_upload_bytes(self._folder(owner, name)) for name in own_datasets)
        if own_bytes + size > self._quota.owner_bytes:
            raise LimitError(
                f"This data set takes {format_mebibytes(size)}, and your others already take"
                f" {format_mebibytes(own_bytes)}; this server stores at most"
                f" {format_mebibytes(self._quota.owner_bytes)} for one student. Remove one, or upload less."
            )
        taken, room = self._taken_bytes(), self.room_for(owner)
        if size > room or taken.total() > self._quota.bytes:
            free = self._quota.bytes - taken.total()
            part = f" Of what is free, you may take {format_mebibytes(room)} now." if room < free else ""
            raise LimitError(
                f"All data sets on this server take {format_mebibytes(taken.total())} of"
                f" {format_mebibytes(self._quota.bytes)}, so there is no room for {format_mebibytes(size)} more.{part}"
                " Upload less, or ask whoever runs the server."
            )

    def _taken_bytes(self) -> Counter[str]:
        """Returns the bytes that the uploads of each owner take."""
        taken = Counter[str]()
        for folder in self._root.glob("*/upload-*"):
            taken[folder.parent.name] += _upload_bytes(folder)
        return taken

    def add(self, owner: str, content: Content, about: UploadInfo, name: str = "") -> Dataset:
        """Stores a checked data set, whole or not at all; raises LimitError when there is no room for it."""
        sounds = None if content.sounds is None else np.asarray(content.sounds)
        size = content.x.nbytes + content.y.nbytes + (0 if sounds is None else sounds.nbytes)
        self.check_quota(owner, size)
        folder = self._folder(owner, name or new_name())
        temporary_folder = _temporary_folder(folder)
        temporary_folder.mkdir(parents=True)
        try:
            np.save(temporary_folder / "feats.npy", content.x)
            np.save(temporary_folder / "labels.npy", content.y)
            if sounds is not None:
                np.save(temporary_folder / "sounds.npy", sounds)
            parts = {split_kind: part.tolist() for split_kind, part in content.parts.items()}
            if parts or content.speakers:
                _write_json(temporary_folder / "told.json", {"speakers": content.speakers, "parts": parts})
            _write_json(
                temporary_folder / _ABOUT_FILE,
                {
                    "title": about.title[:MAX_TITLE_LENGTH] or "My data",
                    "shape": content.x.shape[1:],
                    "classes": content.classes,
                    "size": len(content.y),
                    "bytes": size,
                    "ways": content.split_kinds,
                    "axes": about.axes,
                    "rate": content.rate,
                    "features": about.features.model_dump() if about.features else None,
                    "report": about.report,
                    "source": about.source,
                    "digests": {file.name: file_digest(file) for file in sorted(temporary_folder.iterdir())},
                },
            )
            for file in temporary_folder.iterdir():
                _flush_to_disk(file)
            with FileLock(self._root / ".lock"):  # of two uploads at the same moment, the second counts the first
                self.check_quota(owner, size)
                temporary_folder.rename(folder)
        except BaseException:
            shutil.rmtree(temporary_folder, ignore_errors=True)
            raise
        return self._open(folder)

    def datasets_of(self, owner: str) -> dict[str, Dataset]:
        """Returns the owner's data sets by name, oldest first."""
        if not _OWNER_PATTERN.fullmatch(owner):
            return {}
        datasets = []
        for folder in (self._root / owner).glob("upload-*"):
            if _NAME_PATTERN.fullmatch(folder.name):
                with suppress(FileNotFoundError, ValueError, KeyError):  # removed at this moment, or damaged
                    datasets.append((folder.stat().st_mtime_ns, self._open(folder)))
        return {dataset.name: dataset for _, dataset in sorted(datasets, key=lambda pair: (pair[0], pair[1].name))}

    def source(self, owner: str, name: str) -> str:
        """Returns `UploadInfo.source` of an upload; empty if it is unknown or the upload is gone."""
        with suppress(FileNotFoundError, ValueError):
            return str(_read_about(self._folder(owner, name)).get("source", ""))
        return ""

    def remove(self, owner: str, name: str) -> None:
        """Deletes an upload, or what an interrupted import has left of it; harmless when it is already gone."""
        folder = self._folder(owner, name)
        trash = _temporary_folder(folder)
        if trash.exists():
            shutil.rmtree(trash, ignore_errors=True)
        with suppress(FileNotFoundError):
            folder.rename(trash)  # at once: half of an upload must not be listed
        shutil.rmtree(trash, ignore_errors=True)

    def rename_owners(self, rename: Callable[[str], str]) -> None:
        """Gives all uploads to the owner that `rename` returns for their present one; must not be called in use."""
        for folder in self._root.glob("*"):
            if _OWNER_PATTERN.fullmatch(folder.name) and (new := rename(folder.name)) != folder.name:
                target = self._root / new
                target.mkdir(exist_ok=True)
                for upload in folder.iterdir():
                    upload.rename(target / upload.name)
                folder.rmdir()

    def delete_interrupted(self) -> None:
        """Deletes what interrupted imports have left behind; must not be called during an import."""
        for temporary_folder in self._root.glob("*/.upload-*"):
            shutil.rmtree(temporary_folder, ignore_errors=True)

    def _folder(self, owner: str, name: str) -> Path:
        if not (_OWNER_PATTERN.fullmatch(owner) and _NAME_PATTERN.fullmatch(name)):
            raise ValueError(f"no upload can be called {owner!r}/{name!r}")
        return self._root / owner / name

    def _open(self, folder: Path) -> Dataset:
        about = _read_about(folder)
        shape, classes = tuple(about["shape"]), tuple(about["classes"])
        features = about.get("features")
        return Dataset(
            name=folder.name,
            title=about["title"],
            description=" ".join(
                about.get("report") or [f"{about['size']:,} samples of {format_shape(shape)}, {len(classes)} classes."]
            ),
            shape=shape,
            classes=classes,
            size=about["size"],
            load=partial(_load_content, folder, classes, about.get("rate", 16_000), about.get("digests", {})),
            split_kinds=tuple(about.get("ways", ("random",))),
            axes=tuple(about.get("axes", ())),
            features=Features(**features) if features else None,
            version=str(folder.stat().st_mtime_ns),
        )


def new_name() -> str:
    """Returns a name that no upload has."""
    return f"upload-{uuid.uuid4().hex}"


def _load_content(
    folder: Path, classes: tuple[str, ...], rate: int, digests: Mapping[str, str], _progress: ReportProgress
) -> Content:
    try:
        for name, digest in digests.items():  # of an upload of an older cnnviz, nothing is known
            is_read_anyway = (folder / name).stat().st_size <= MAX_VERIFIED_BYTES
            if is_read_anyway and file_digest(folder / name) != digest:
                log.error("%s of upload %s is damaged", name, folder.name)
                raise DataError(
                    f"This data set is damaged: the server's disk has changed its file {name}. Remove it and upload it"
                    " again, and tell whoever runs the server."
                )
        return _read_content(folder, classes, rate)
    except FileNotFoundError:  # at this moment, from another tab
        raise DataError("This data set has just been removed; choose another one.") from None


def _read_content(folder: Path, classes: tuple[str, ...], rate: int) -> Content:
    extras: dict[str, Any] = {}
    with suppress(FileNotFoundError):  # an upload of an older cnnviz
        extras = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    sounds = folder / "sounds.npy"
    speakers = extras.get("speakers")
    return Content(
        x=_memory_map(folder / "feats.npy"),
        y=np.load(folder / "labels.npy", allow_pickle=False),
        classes=classes,
        sounds=_memory_map(sounds) if sounds.exists() else None,
        rate=rate,
        speakers=tuple(speakers) if speakers else None,
        parts={split_kind: np.array(part, np.int8) for split_kind, part in extras.get("parts", {}).items()},
    )


def _flush_to_disk(file: Path) -> None:
    """Waits until a file is on the disk, before anything marks the upload as complete."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def _memory_map(file: Path) -> Any:
    """Returns the array in a file; only the parts that are used are loaded into memory."""
    return np.load(file, mmap_mode="r", allow_pickle=False)


def _temporary_folder(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}")


def _read_about(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / _ABOUT_FILE).read_text(encoding="utf-8"))
    return about


def _upload_bytes(folder: Path) -> int:
    """Returns the size of an upload in bytes; an older cnnviz did not store it, so its files are measured."""
    with suppress(FileNotFoundError, ValueError):
        about = _read_about(folder)
        return int(about.get("bytes") or sum(file.stat().st_size for file in folder.glob("*.npy")))
    return 0


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")
