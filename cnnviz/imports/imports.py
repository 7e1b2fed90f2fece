"""Imports of data sets: each in a process of its own, one at a time for the students and one for the class."""

import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cnnviz.data import CLASS_OWNER, own_uploads, shared_uploads
from cnnviz.data.collection import MAX_IMPORT_SECONDS
from cnnviz.data.uploads import new_name
from cnnviz.errors import LimitError
from cnnviz.imports.class_archives import archive_title, find_archives, fingerprint
from cnnviz.imports.import_job import CANCELLED, ImportEnding, ImportJob, ImportProgress
from cnnviz.imports.import_process import run_import
from cnnviz.imports.messages import ImportForm, ImportOrder
from cnnviz.imports.notes import ImportNotes
from cnnviz.settings import Settings
from cnnviz.turns import Turns
from cnnviz.visitors import visitors

MAX_CLASS_IMPORT_SECONDS = 4 * 3600.0
"""Time for an archive of CNNVIZ_DATASETS_DIR."""
MAX_ACTIVE_IMPORTS = 20
"""Imports of students that wait or are read; each has its zip on the disk."""
MAX_SHARE_IMPORTS = 10
"""Of those, the ones of all new visitors of one address."""
log = logging.getLogger(__name__)


class Imports:
    """All imports of this server: the last one of every student, and those of CNNVIZ_DATASETS_DIR for the class."""

    def __init__(self, limits: Settings) -> None:
        self._limits = limits
        self._uploads, self._shared = own_uploads(limits), shared_uploads(limits)
        self._incoming = limits.data_dir / "incoming"
        self._notes = ImportNotes(self._incoming)
        self._jobs: dict[str, ImportJob] = {}
        self._class_jobs: list[ImportJob] = []
        self._lock = threading.Lock()
        self._closing = False
        self._waiting: Turns[ImportJob] = Turns()
        self._student_pool = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._class_pool = ThreadPoolExecutor(1, thread_name_prefix="class import")

    def open(self) -> None:
        """Deletes what an earlier server left half done, and starts to read CNNVIZ_DATASETS_DIR."""
        self._uploads.delete_interrupted()
        self._shared.delete_interrupted()
        self._tell_interrupted()
        for path in self._incoming.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif not self._notes.holds(path):
                path.unlink(missing_ok=True)
        for temporary_path in (self._limits.data_dir / "cache").glob(".*.npy"):
            temporary_path.unlink(missing_ok=True)
        self._scan_future = self._class_pool.submit(self._scan_class_folder)

    def _tell_interrupted(self) -> None:
        """Tells each owner of an import that ended with the server, until it is dismissed; its file is gone."""
        message = "The server was restarted while this was waiting or being read. Send it again."
        for order in self._notes.read():
            progress = ImportProgress(order.name, order.title, "refused", message=message)
            self._jobs[order.owner] = ImportJob(order, progress)

    @property
    def scan_done(self) -> bool:
        """Whether all archives in CNNVIZ_DATASETS_DIR have been found."""
        return self._scan_future.done()

    def start(
        self, owner: str, archive: Path, title: str, form: ImportForm | None = None, template: str = ""
    ) -> ImportProgress:
        """Starts to read a zip of folders into an upload of this owner; without a form, most of the files suggest one.

        The file is taken from where it lies, once it is not refused.

        Raises LimitError when the owner has an import running already, or no room for another data set.
        """
        is_new = visitors().is_new(owner)
        sent = archive.stat().st_size if archive.is_file() and is_new else 0
        self._uploads.check_quota(owner, sent)
        # the importer, which knows no visitors, checks the size of the data set
        max_bytes = min(self._limits.max_upload_bytes, self._uploads.room_for(owner) if is_new else 2**62)
        name = new_name()
        path = self._incoming / f"{name}.zip"
        order = ImportOrder(
            owner=owner,
            name=name,
            title=title,
            path=path,
            scratch=self._incoming / name,
            form=form,
            template=template or None,
            max_bytes=max_bytes,
            max_seconds=MAX_IMPORT_SECONDS,
        )
        job = ImportJob(order, ImportProgress(name, title), visitors().share_of(owner))
        with self._lock:
            previous_job = self._jobs.get(owner)
            if previous_job and previous_job.progress.active:
                raise LimitError(f"“{previous_job.progress.title}” is still being read. Wait for it, or cancel it.")
            active_jobs = [other for other in self._jobs.values() if other.progress.active]
            for jobs, limit in (
                (active_jobs, MAX_ACTIVE_IMPORTS),
                ([other for other in active_jobs if other.share == job.share], MAX_SHARE_IMPORTS),
            ):
                if len(jobs) >= limit:
                    raise LimitError(f"{limit} data sets are already waiting to be read. Try again in a few minutes.")
            self._jobs[owner] = job
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            shutil.move(archive, path)
            self._notes.write(order)
            if previous_job:
                self._notes.delete(previous_job.order)
        except OSError:
            path.unlink(missing_ok=True)
            self._notes.delete(order)
            job.update_progress(status="refused", message="The server could not take the file; its disk may be full.")
            return job.progress
        with self._lock:
            self._waiting.put(job)
        self._student_pool.submit(self._run_next)
        return job.progress

    def progress_of(self, owner: str) -> ImportProgress | None:
        """Returns the last import of this owner, until it is dismissed."""
        job = self._jobs.get(owner)
        return job.progress if job else None

    def class_imports(self) -> tuple[ImportProgress, ...]:
        """Returns the imports from CNNVIZ_DATASETS_DIR that are not done: waiting, running or refused."""
        return tuple(job.progress for job in list(self._class_jobs) if job.progress.status != "done")

    def cancel(self, owner: str, wait: float = 5.0) -> None:
        """Stops the import of this owner and waits up to `wait` seconds for its end; harmless when there is none."""
        job = self._jobs.get(owner)
        if job and job.progress.active:
            job.cancelled.set()
            with self._lock:
                if waits := job in self._waiting:
                    self._waiting.remove(job)
            if waits:
                self._finish_job(job, CANCELLED)
            job.ended.wait(wait)

    def claim_result(self, owner: str) -> bool:
        """Returns whether the owner's import is done and nobody has asked for its result before."""
        with self._lock:
            job = self._jobs.get(owner)
            first = bool(job and job.progress.status == "done" and not job.claimed)
            if job and first:
                job.claimed = True
            return first

    def dismiss(self, owner: str) -> None:
        """Forgets an import that has ended."""
        with self._lock:
            job = self._jobs.get(owner)
            if job and not job.progress.active:
                del self._jobs[owner]
                self._notes.delete(job.order)

    def close(self) -> None:
        """Stops all imports; the next server tells their owners."""
        self._closing = True
        for job in [*self._jobs.values(), *self._class_jobs]:
            job.cancelled.set()
        self._student_pool.shutdown(cancel_futures=True)
        self._class_pool.shutdown(cancel_futures=True)

    def _run_next(self) -> None:
        """Does the import of a student whose turn it is; those of new visitors of one address share their turns."""
        with self._lock:
            job = self._waiting.take() if self._waiting else None  # cancelled meanwhile
        if job:
            self._run_job(job)

    def _run_job(self, job: ImportJob) -> None:
        """Does the whole import, in a thread of a pool."""
        ending = CANCELLED
        try:
            if not job.cancelled.is_set():
                job.update_progress(status="running")
                ending = run_import(job)
        except Exception:  # of the server's own making: no process, no memory
            log.exception("import %s failed", job.progress.name)
            ending = ImportEnding("refused", "The server could not read it just now. Try again in a minute.")
        finally:
            self._finish_job(job, ending)

    def _finish_job(self, job: ImportJob, ending: ImportEnding) -> None:
        """Deletes what is left of an import, then sets its ending."""
        order = job.order
        try:
            if ending.status != "done":
                (self._shared if order.for_class else self._uploads).remove(order.owner, order.name)
            shutil.rmtree(order.scratch, ignore_errors=True)
            if not order.for_class:
                order.path.unlink(missing_ok=True)
                if not self._closing or ending.status == "done":
                    self._notes.delete(job.order)
        except OSError:
            log.exception("something of import %s is left; the next start of the server sweeps it", job.progress.name)
        finally:
            job.update_progress(status=ending.status, message=ending.message)
            job.ended.set()

    def _scan_class_folder(self) -> None:
        """Queues archives for the class that are new or have changed; deletes the data sets of those that are gone."""
        folder = self._limits.datasets_dir
        try:
            archives = dict(find_archives(folder)) if folder else {}
            for name in self._shared.datasets_of(CLASS_OWNER):
                if name not in archives or self._shared.source(CLASS_OWNER, name) != fingerprint(archives[name]):
                    self._shared.remove(CLASS_OWNER, name)
            imported_names = self._shared.datasets_of(CLASS_OWNER)
            for name, path in archives.items():
                if name not in imported_names:
                    self._shared.remove(CLASS_OWNER, name)  # a damaged one is not listed
                    title = archive_title(path)
                    order = ImportOrder(
                        owner=CLASS_OWNER,
                        for_class=True,
                        name=name,
                        title=title,
                        path=path,
                        scratch=self._incoming / name,
                        source=fingerprint(path),
                        max_bytes=self._limits.max_stored_bytes,
                        max_seconds=MAX_CLASS_IMPORT_SECONDS,
                    )
                    job = ImportJob(order, ImportProgress(name, title))
                    self._class_jobs.append(job)
                    self._class_pool.submit(self._run_job, job)
        except OSError:
            log.exception("CNNVIZ_DATASETS_DIR cannot be read")
