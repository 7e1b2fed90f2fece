"""The process that reads an uploaded archive: it does one import, then exits.

Decoders of sounds and pictures are C code: whatever a file does to them, it does not do to the server. The process
takes one order through its standard input, reports progress and then how it ended, and exits when its pipe closes:
nothing is left of an import but the temporary folder of the upload, which whoever started it deletes.
"""

import sys
import time
from typing import IO

from numpy.lib.format import open_memmap

from cnnviz.data import own_uploads, shared_uploads
from cnnviz.data.collection import collect_samples, suggest_form
from cnnviz.data.form import SoundForm
from cnnviz.data.server_archive import open_archive
from cnnviz.data.uploads import UploadInfo
from cnnviz.errors import CnnvizError
from cnnviz.imports.messages import ORDERS, DoneReport, ImportOrder, ProgressReport, RefusedReport
from cnnviz.processes.child import take_standard_output
from cnnviz.processes.lifeline import exit_with_server
from cnnviz.processes.pipe import receive, send

PROGRESS_INTERVAL_SECONDS = 0.1


def run_import(order: ImportOrder, reports: IO[bytes]) -> None:
    """Does one import and reports on it."""
    last = 0.0

    def report_progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_INTERVAL_SECONDS or done == total:
            last = time.monotonic()
            send(reports, ProgressReport(done=done, total=total))

    try:
        order.scratch.mkdir(parents=True)
        with open_archive(order.path, order.max_bytes) as archive:
            form = order.form or suggest_form(archive)
            collected = collect_samples(
                archive,
                form,
                max_bytes=order.max_bytes,
                template=order.template,
                max_seconds=order.max_seconds,
                allocate=lambda name, shape, kind: open_memmap(order.scratch / f"{name}.npy", "w+", kind, shape),
                progress=report_progress,
            )
        info = UploadInfo(
            title=order.title,
            axes=form.axes,
            features=form.features if isinstance(form, SoundForm) else None,
            report=collected.report.sentences(),
            source=order.source,
        )
        # by the order, not by the name of the owner, which a cookie may hold
        uploads = shared_uploads() if order.for_class else own_uploads()
        uploads.add(order.owner, collected.content, info, order.name)
    except CnnvizError as error:
        send(reports, RefusedReport(message=str(error)))
    except MemoryError:
        send(reports, RefusedReport(message="The server has too little memory for these files. Send fewer of them."))
    except OSError:
        message = "The server could not store it; its disk may be full. Tell whoever runs the server."
        send(reports, RefusedReport(message=message))
    else:
        send(reports, DoneReport(report=info.report))


def main(_name: str) -> None:
    """Waits for the order and does it."""
    reports = take_standard_output()
    received = receive(sys.stdin.buffer, ORDERS)
    if received is not None:
        exit_with_server(0)  # through the pipe, so that an import can be ended by closing it
        run_import(received[0], reports)
