"""The server's side of the process that reads an archive."""

import threading
import time
from typing import assert_never

from cnnviz.imports.import_job import CANCELLED, ImportEnding, ImportJob
from cnnviz.imports.messages import REPORTS, DoneReport, ImportOrder, ImportReport, ProgressReport, RefusedReport
from cnnviz.processes.launcher import JOB_OOM_SCORE
from cnnviz.processes.worker_process import WorkerProcess

IMPORTER_MODULE = "cnnviz.imports.importer"
GRACE_SECONDS = 60.0
"""Seconds after the time is up until an import that has not ended by itself is ended."""


def run_import(job: ImportJob) -> ImportEnding:
    """Does an import in a process of its own, and returns how it ended; a cancelled one is killed."""
    exited = threading.Event()
    endings: list[ImportEnding] = []
    exit_codes: list[int] = []

    def on_report(report: ImportReport, _payload: bytes) -> None:
        match report:
            case ProgressReport():
                job.update_progress(done=report.done, total=report.total)
            case DoneReport():
                endings.append(ImportEnding("done", " ".join(report.report)))
            case RefusedReport():
                endings.append(ImportEnding("refused", report.message))
            case _:
                assert_never(report)

    def on_exit(code: int) -> None:
        exit_codes.append(code)
        exited.set()

    process = WorkerProcess[ImportOrder, ImportReport](
        IMPORTER_MODULE, job.progress.name, REPORTS, on_report, on_exit, oom_score=JOB_OOM_SCORE
    )
    deadline = time.monotonic() + job.order.max_seconds + GRACE_SECONDS
    try:
        process.send_order(job.order)
        while not exited.wait(0.1):
            if job.cancelled.is_set() or time.monotonic() > deadline:
                process.kill()
    finally:
        process.close()
    if endings:
        return endings[0]
    if job.cancelled.is_set():
        return CANCELLED
    failure_message = (
        f"Reading it ended unexpectedly (exit code {exit_codes[0]}) after {job.progress.done:,} of"
        f" {job.progress.total:,} files. One of the next files may be damaged in an unusual way; leave it out."
    )
    return ImportEnding("refused", failure_message)
