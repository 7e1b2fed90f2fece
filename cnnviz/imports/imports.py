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

from cnnviz.data import CLASS_OWNER, own_uploads, shared_uploads
from cnnviz.data.collection import MAX_IMPORT_SECONDS
from cnnviz.data.form import SampleForm
from cnnviz.data.uploads import new_name
from cnnviz.errors import LimitError
from cnnviz.imports.importer import FORMS
from cnnviz.processes.pipe import Message
from cnnviz.processes.worker_process import WorkerProcess
from cnnviz.settings import Settings

MAX_CLASS_IMPORT_SECONDS = 4 * 3600.0
"""Time for an archive of CNNVIZ_DATASETS_DIR."""
GRACE_SECONDS = 60.0
"""Seconds after the time is up until an import that has not ended by itself is ended."""
MAX_ACTIVE_IMPORTS = 20
"""Imports of students that wait or are read; each has its zip on the disk."""
ARCHIVE_SUFFIXES = (".zip", ".tar.gz", ".tgz")

_CANCELLED_OUTCOME = "cancelled", "It was cancelled; nothing of it is kept."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImportProgress:
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
class _ImportJob:
    order: Message
    progress: ImportProgress
    future: Future[None] | None = None
    claimed: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def update_progress(self, **changes: Any) -> None:
        self.progress = replace(self.progress, **changes)


class Imports:
    """Every import of this server; what a student brought last, and what the class gets."""

    def __init__(self, limits: Settings) -> None:
        self._limits = limits
        self._uploads, self._shared = own_uploads(limits), shared_uploads(limits)
        self._incoming = limits.data_dir / "incoming"
        self._jobs: dict[str, _ImportJob] = {}
        self._class_jobs: list[_ImportJob] = []
        self._lock = threading.Lock()
        self._student_pool = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._class_pool = ThreadPoolExecutor(1, thread_name_prefix="class import")

    def open(self) -> None:
        """Delete what an ended server has left half done, and look for what the class gets."""
        self._uploads.delete_interrupted()
        self._shared.delete_interrupted()
        if self._incoming.is_dir():
            shutil.rmtree(self._incoming, ignore_errors=True)
        for draft in (self._limits.data_dir / "cache").glob(".*.npy"):
            draft.unlink(missing_ok=True)
        self._scan_future = self._class_pool.submit(self._scan_class_folder)

    @property
    def scan_done(self) -> bool:
        """Whether CNNVIZ_DATASETS_DIR has been looked through."""
        return self._scan_future.done()

    def start(
        self, owner: str, content: bytes, title: str, form: SampleForm | None = None, template: str = ""
    ) -> ImportProgress:
        """Read a zip of folders into an upload of this owner; without a form, into what most of its files suggest.

        Raises LimitError when the owner has one under way already, or no room for another data set.
        """
        self._uploads.check_quota(owner)
        job = _ImportJob({}, ImportProgress(new_name(), title))
        with self._lock:
            previous_job = self._jobs.get(owner)
            if previous_job and previous_job.progress.active:
                raise LimitError(f"“{previous_job.progress.title}” is still being read. Wait for it, or cancel it.")
            if sum(other.progress.active for other in self._jobs.values()) >= MAX_ACTIVE_IMPORTS:
                raise LimitError(f"{MAX_ACTIVE_IMPORTS} data sets wait to be read already. Try again in some minutes.")
            self._jobs[owner] = job
        path = self._incoming / f"{job.progress.name}.zip"
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:
            path.unlink(missing_ok=True)
            job.update_progress(status="refused", message="The server could not take the file; its disk may be full.")
            return job.progress
        kind = next((kind for kind, form_type in FORMS.items() if isinstance(form, form_type)), None)
        job.order = self._build_order(job, owner, path) | {
            "form": {"kind": kind, "values": form.model_dump()} if form else None,
            "template": template or None,
        }
        job.future = self._student_pool.submit(self._run_job, job)
        return job.progress

    def progress_of(self, owner: str) -> ImportProgress | None:
        """What this owner brought last, until it is dismissed."""
        job = self._jobs.get(owner)
        return job.progress if job else None

    def class_imports(self) -> tuple[ImportProgress, ...]:
        """What is being made of the archives in CNNVIZ_DATASETS_DIR, and what could not be made of them."""
        return tuple(job.progress for job in list(self._class_jobs) if job.progress.status != "done")

    def cancel(self, owner: str, wait: float = 5.0) -> None:
        """Stop the import of this owner; harmless when there is none. Waits up to `wait` seconds for its end."""
        job = self._jobs.get(owner)
        if job and job.progress.active:
            job.cancelled.set()
            if job.future and job.future.cancel():  # it has not begun
                self._finish_job(job, _CANCELLED_OUTCOME)
            job.ended.wait(wait)

    def claim_result(self, owner: str) -> bool:
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
        for job in [*self._jobs.values(), *self._class_jobs]:
            job.cancelled.set()
        self._student_pool.shutdown(cancel_futures=True)
        self._class_pool.shutdown(cancel_futures=True)

    def _build_order(self, job: _ImportJob, owner: str, path: Path) -> Message:
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
            "max_seconds": MAX_IMPORT_SECONDS,
        }

    def _run_job(self, job: _ImportJob) -> None:
        """In a thread of the pool: the whole import; how it ended is told when nothing of it lies around any more."""
        outcome = _CANCELLED_OUTCOME
        try:
            if not job.cancelled.is_set():
                job.update_progress(status="running")
                outcome = self._run_process(job)
        except Exception:  # of the server's own making: no process, no memory
            log.exception("import %s failed", job.progress.name)
            outcome = "refused", "The server could not read it just now. Try again in a minute."
        finally:
            self._finish_job(job, outcome)

    def _finish_job(self, job: _ImportJob, outcome: tuple[str, str]) -> None:
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
            job.update_progress(status=outcome[0], message=outcome[1])
            job.ended.set()

    def _run_process(self, job: _ImportJob) -> tuple[str, str]:
        """Status and message at its end."""
        exited = threading.Event()
        outcomes: list[tuple[str, str]] = []
        exit_codes: list[int] = []

        def on_report(message: Message, _payload: bytes) -> None:
            kind = message.pop("type")
            if kind == "progress":
                job.update_progress(**message)
            elif kind == "done":
                outcomes.append((kind, " ".join(message["report"])))
            else:
                outcomes.append((kind, message["message"]))

        def on_exit(code: int) -> None:
            exit_codes.append(code)
            exited.set()

        process = WorkerProcess(job.progress.name, on_report, on_exit, module="cnnviz.imports.importer")
        deadline = time.monotonic() + job.order["max_seconds"] + GRACE_SECONDS
        process.send_order(job.order)
        while not exited.wait(0.1):
            if job.cancelled.is_set() or time.monotonic() > deadline:
                process.kill()
        process.close()
        if outcomes:
            return outcomes[0]
        if job.cancelled.is_set():
            return _CANCELLED_OUTCOME
        failure_message = (
            f"Reading it ended unexpectedly (exit code {exit_codes[0]}) after {job.progress.done:,} of"
            f" {job.progress.total:,} files. One of the next files may be damaged in an unusual way; leave it out."
        )
        return "refused", failure_message

    def _scan_class_folder(self) -> None:
        """What the class gets: what is new or has changed is read, what is gone is deleted."""
        folder = self._limits.datasets_dir
        try:
            archives = dict(_find_archives(folder)) if folder else {}
            for name in self._shared.datasets_of(CLASS_OWNER):
                if name not in archives or self._shared.source(CLASS_OWNER, name) != _fingerprint(archives[name]):
                    self._shared.remove(CLASS_OWNER, name)
            imported_names = self._shared.datasets_of(CLASS_OWNER)
            for name, path in archives.items():
                if name not in imported_names:
                    self._shared.remove(CLASS_OWNER, name)  # a damaged one is not listed
                    job = _ImportJob({}, ImportProgress(name, _archive_title(path)))
                    job.order = self._build_order(job, CLASS_OWNER, path) | {
                        "for_class": True,
                        "source": _fingerprint(path),
                        "max_bytes": self._limits.max_stored_bytes,
                        "max_seconds": MAX_CLASS_IMPORT_SECONDS,
                    }
                    self._class_jobs.append(job)
                    self._class_pool.submit(self._run_job, job)
        except OSError:
            log.exception("CNNVIZ_DATASETS_DIR cannot be read")


def _find_archives(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and (path.is_dir() or path.name.endswith(ARCHIVE_SUFFIXES)):
            yield f"upload-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}", path


def _archive_title(path: Path) -> str:
    suffix = next((candidate for candidate in ARCHIVE_SUFFIXES if path.name.endswith(candidate)), "")
    return path.name.removesuffix(suffix) if path.is_file() else path.name


def _fingerprint(path: Path) -> str:
    """Changes with the files of an archive: how many they are, how large, and when the last one was written."""
    files = [path] if path.is_file() else [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    count, size, latest_mtime = 0, 0, 0
    for file in files:
        with suppress(OSError):  # gone meanwhile
            file_stat = file.lstat()
            count, size, latest_mtime = count + 1, size + file_stat.st_size, max(latest_mtime, file_stat.st_mtime_ns)
    return f"{count} {size} {latest_mtime}"
