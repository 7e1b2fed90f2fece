"""Data sets that students brought themselves, in the data directory; each belongs to its owner."""

import json
import re
import shutil
import uuid
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from cnnviz.data.base import Dataset, Splits
from cnnviz.data.pair import Pair
from cnnviz.errors import LimitError
from cnnviz.shapes import show

MAX_TITLE = 60
_NAME = re.compile(r"upload-[0-9a-f]{32}")
_OWNER = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """The folder `root`/owner/name/ for every upload: feats.npy, labels.npy and about.json."""

    def __init__(self, root: Path, max_per_owner: int) -> None:
        self._root = root
        self._max_per_owner = max_per_owner

    def add(self, owner: str, pair: Pair, title: str) -> Dataset:
        """Keep a checked pair; it appears whole or not at all. Raises LimitError when the owner has too many."""
        if len(self.of(owner)) >= self._max_per_owner:
            raise LimitError(
                f"You already keep {self._max_per_owner} data sets on this server. Remove one, then upload again."
            )
        name = f"upload-{uuid.uuid4().hex}"
        folder = self._folder(owner, name)
        draft = folder.with_name(f".{name}")
        draft.mkdir(parents=True)
        try:
            np.save(draft / "feats.npy", pair.x)
            np.save(draft / "labels.npy", pair.y)
            about = {"title": title[:MAX_TITLE] or "My data", "shape": pair.shape, "classes": pair.classes}
            (draft / "about.json").write_text(json.dumps(about | {"size": len(pair.y)}), encoding="utf-8")
            draft.rename(folder)
        except OSError:
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
                with suppress(FileNotFoundError):  # removed in this moment, from another tab
                    found.append((folder.stat().st_mtime_ns, self._open(folder)))
        return {dataset.name: dataset for _, dataset in sorted(found, key=lambda each: (each[0], each[1].name))}

    def remove(self, owner: str, name: str) -> None:
        """Delete an upload; harmless when it is gone already."""
        folder = self._folder(owner, name)
        gone = folder.with_name(f".{name}")
        with suppress(FileNotFoundError):
            folder.rename(gone)  # at once: half of an upload must not be listed
        shutil.rmtree(gone, ignore_errors=True)

    def _folder(self, owner: str, name: str) -> Path:
        if not (_OWNER.fullmatch(owner) and _NAME.fullmatch(name)):
            raise ValueError(f"no upload can be called {owner!r}/{name!r}")
        return self._root / owner / name

    def _open(self, folder: Path) -> Dataset:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        shape, classes = tuple(about["shape"]), tuple(about["classes"])
        return Dataset(
            name=folder.name,
            title=about["title"],
            story=f"Your upload: {about['size']:,} samples of {show(shape)}, {len(classes)} classes.",
            shape=shape,
            classes=classes,
            size=about["size"],
            load=partial(_load, folder, classes),
        )


def _load(folder: Path, classes: tuple[str, ...], _way: str = "random") -> Splits:
    x = np.load(folder / "feats.npy", allow_pickle=False)
    y = np.load(folder / "labels.npy", allow_pickle=False)
    return Pair(x, y, classes).splits()
