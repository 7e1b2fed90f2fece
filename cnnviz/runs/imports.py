"""Imports under way: each in a process of its own, one at a time for the students and one for the class."""

import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cnnviz.data import CLASS, shared, uploads
from cnnviz.data.collection import MAX_SECONDS
from cnnviz.data.form import Form
from cnnviz.data.uploads import new_name
from cnnviz.errors import LimitError
from cnnviz.runs.importer import FORMS
from cnnviz.runs.process import WorkerProcess
from cnnviz.runs.wire import Message
from cnnviz.settings import Settings

STORED_SECONDS = 4 * 3600.0
"""Time for an archive of CNNVIZ_DATASETS_DIR."""
GRACE = 60.0
"""Seconds after the time is up until an import that has not ended by itself is ended."""
MOST_ACTIVE = 20
"""Imports of students that wait or are read; each has its zip on the disk."""
ENDINGS = (".zip", ".tar.gz", ".tgz")

_CANCELLED = "cancelled", "It was cancelled; nothing of it is kept."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """An import as it was when somebody looked.

    `message` is why it was refused, or what its report says; `total` is 0 until the files are counted.
    """

    name: str
    title: str
    status: str = "waiting"
    """waiting → running → done, refused or cancelled."""
    done: int = 0
    total: int = 0
    message: str = ""

    @property
    def active(self) -> bool:
        """Whether it still waits or reads."""
        return self.status in ("waiting", "running")


@dataclass(eq=False)
class _Job:
    order: Message
    progress: Progress
    future: Future[None] | None = None
    claimed: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def tell(self, **change: Any) -> None:
        self.progress = replace(self.progress, **change)


class Imports:
    """Every import of this server; what a student brought last, and what the class gets."""

    def __init__(self, limits: Settings) -> None:
        self._limits = limits
        self._uploads, self._shared = uploads(limits), shared(limits)
        self._incoming = limits.data_dir / "incoming"
        self._jobs: dict[str, _Job] = {}
        self._class: list[_Job] = []
        self._lock = threading.Lock()
        self._students = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._stored = ThreadPoolExecutor(1, thread_name_prefix="class import")

    def open(self) -> None:
        """Delete what an ended server has left half done, and look for what the class gets."""
        self._uploads.sweep()
        self._shared.sweep()
        if self._incoming.is_dir():
            shutil.rmtree(self._incoming, ignore_errors=True)
        for draft in (self._limits.data_dir / "cache").glob(".*.npy"):
            draft.unlink(missing_ok=True)
        self._scanned = self._stored.submit(self._scan)

    @property
    def settled(self) -> bool:
        """Whether CNNVIZ_DATASETS_DIR has been looked through."""
        return self._scanned.done()

    def start(self, owner: str, content: bytes, title: str, form: Form | None = None, template: str = "") -> Progress:
        """Read a zip of folders into an upload of this owner; without a form, into what most of its files suggest.

        Raises LimitError when the owner has one under way already, or no room for another data set.
        """
        self._uploads.check_room(owner)
        job = _Job({}, Progress(new_name(), title))
        with self._lock:
            before = self._jobs.get(owner)
            if before and before.progress.active:
                raise LimitError(f"“{before.progress.title}” is still being read. Wait for it, or cancel it.")
            if sum(other.progress.active for other in self._jobs.values()) >= MOST_ACTIVE:
                raise LimitError(f"{MOST_ACTIVE} data sets wait to be read already. Try again in some minutes.")
            self._jobs[owner] = job
        path = self._incoming / f"{job.progress.name}.zip"
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            job.tell(status="refused", message="The server could not take the file; its disk may be full.")
            return job.progress
        kind = next((kind for kind, each in FORMS.items() if isinstance(form, each)), None)
        job.order = self._order(job, owner, path) | {
            "form": {"kind": kind, "values": form.model_dump()} if form else None,
            "template": template or None,
        }
        job.future = self._students.submit(self._run, job)
        return job.progress

    def of(self, owner: str) -> Progress | None:
        """What this owner brought last, until it is dismissed."""
        job = self._jobs.get(owner)
        return job.progress if job else None

    def of_class(self) -> tuple[Progress, ...]:
        """What is being made of the archives in CNNVIZ_DATASETS_DIR, and what could not be made of them."""
        return tuple(job.progress for job in list(self._class) if job.progress.status != "done")

    def cancel(self, owner: str, wait: float = 5.0) -> None:
        """Stop the import of this owner; harmless when there is none. Waits up to `wait` seconds for its end."""
        job = self._jobs.get(owner)
        if job and job.progress.active:
            job.cancelled.set()
            if job.future and job.future.cancel():  # it has not begun
                self._end(job, _CANCELLED)
            job.ended.wait(wait)

    def claim(self, owner: str) -> bool:
        """Whether this is the first time that somebody asks for what the owner's import has brought."""
        with self._lock:
            job = self._jobs.get(owner)
            first = bool(job and job.progress.status == "done" and not job.claimed)
            if job and first:
                job.claimed = True
            return first

    def dismiss(self, owner: str) -> None:
        """Forget an import that has ended."""
        with self._lock:
            job = self._jobs.get(owner)
            if job and not job.progress.active:
                del self._jobs[owner]

    def close(self) -> None:
        """Stop all of them."""
        for job in [*self._jobs.values(), *self._class]:
            job.cancelled.set()
        self._students.shutdown(cancel_futures=True)
        self._stored.shutdown(cancel_futures=True)

    def _order(self, job: _Job, owner: str, path: Path) -> Message:
        return {
            "owner": owner,
            "for_class": False,
            "name": job.progress.name,
            "title": job.progress.title,
            "path": str(path),
            "scratch": str(self._incoming / job.progress.name),
            "source": "",
            "form": None,
            "template": None,
            "max_bytes": self._limits.max_upload_bytes,
            "max_seconds": MAX_SECONDS,
        }

    def _run(self, job: _Job) -> None:
        """In a thread of the pool: the whole import; how it ended is told when nothing of it lies around any more."""
        outcome = _CANCELLED
        try:
            if not job.cancelled.is_set():
                job.tell(status="running")
                outcome = self._supervised(job)
        except Exception:  # of the server's own making: no process, no memory
            log.exception("import %s failed", job.progress.name)
            outcome = "refused", "The server could not read it just now. Try again in a minute."
        finally:
            self._end(job, outcome)

    def _end(self, job: _Job, outcome: tuple[str, str]) -> None:
        """Take away what is left of it, then tell how it ended."""
        owner, for_class = job.order["owner"], job.order["for_class"]
        try:
            if outcome[0] != "done":
                (self._shared if for_class else self._uploads).remove(owner, job.progress.name)
            shutil.rmtree(job.order["scratch"], ignore_errors=True)
            if not for_class:
                Path(job.order["path"]).unlink(missing_ok=True)
        except OSError:
            log.exception("something of import %s is left; the next start of the server sweeps it", job.progress.name)
        finally:
            job.tell(status=outcome[0], message=outcome[1])
            job.ended.set()

    def _supervised(self, job: _Job) -> tuple[str, str]:
        """Status and message at its end."""
        exited = threading.Event()
        said: list[tuple[str, str]] = []
        codes: list[int] = []

        def report(message: Message, _payload: bytes) -> None:
            kind = message.pop("type")
            if kind == "progress":
                job.tell(**message)
            elif kind == "done":
                said.append((kind, " ".join(message["report"])))
            else:
                said.append((kind, message["message"]))

        def died(code: int) -> None:
            codes.append(code)
            exited.set()

        process = WorkerProcess(job.progress.name, report, died, module="cnnviz.runs.importer")
        deadline = time.monotonic() + job.order["max_seconds"] + GRACE
        process.order(job.order)
        while not exited.wait(0.1):
            if job.cancelled.is_set() or time.monotonic() > deadline:
                process.kill()
        process.close()
        if said:
            return said[0]
        if job.cancelled.is_set():
            return _CANCELLED
        broken = (
            f"Reading it ended unexpectedly (exit code {codes[0]}) after {job.progress.done:,} of"
            f" {job.progress.total:,} files. One of the next files may be damaged in an unusual way; leave it out."
        )
        return "refused", broken

    def _scan(self) -> None:
        """What the class gets: what is new or has changed is read, what is gone is deleted."""
        folder = self._limits.datasets_dir
        try:
            found = dict(_archives(folder)) if folder else {}
            for name in self._shared.of(CLASS):
                if name not in found or self._shared.source(CLASS, name) != _fingerprint(found[name]):
                    self._shared.remove(CLASS, name)
            present = self._shared.of(CLASS)
            for name, path in found.items():
                if name not in present:
                    self._shared.remove(CLASS, name)  # a damaged one is not listed
                    job = _Job({}, Progress(name, _stem(path)))
                    job.order = self._order(job, CLASS, path) | {
                        "for_class": True,
                        "source": _fingerprint(path),
                        "max_bytes": self._limits.max_stored_bytes,
                        "max_seconds": STORED_SECONDS,
                    }
                    self._class.append(job)
                    self._stored.submit(self._run, job)
        except OSError:
            log.exception("CNNVIZ_DATASETS_DIR cannot be read")


def _archives(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and (path.is_dir() or path.name.endswith(ENDINGS)):
            yield f"upload-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}", path


def _stem(path: Path) -> str:
    ending = next((each for each in ENDINGS if path.name.endswith(each)), "")
    return path.name.removesuffix(ending) if path.is_file() else path.name


def _fingerprint(path: Path) -> str:
    """Changes with the files of an archive: how many they are, how large, and when the last one was written."""
    files = [path] if path.is_file() else [Path(place, name) for place, _, names in os.walk(path) for name in names]
    count, size, latest = 0, 0, 0
    for file in files:
        with suppress(OSError):  # gone meanwhile
            told = file.lstat()
            count, size, latest = count + 1, size + told.st_size, max(latest, told.st_mtime_ns)
    return f"{count} {size} {latest}"
