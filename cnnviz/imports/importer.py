"""The process that reads an uploaded archive: `python -m cnnviz.imports.importer NAME` does one import, then exits.

Decoders of sounds and pictures are C code: whatever a file does to them, it does not do to the server. The process
takes one order through its standard input, answers "progress", then "done" or "refused", and exits when its pipe
closes: nothing is left of an import but the draft of an upload, which whoever started it deletes.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import IO

from numpy.lib.format import open_memmap

from cnnviz.data import own_uploads, shared_uploads
from cnnviz.data.collection import collect_samples, suggest_form
from cnnviz.data.form import PictureForm, SampleForm, SoundForm
from cnnviz.data.server_archive import open_archive
from cnnviz.data.uploads import UploadInfo
from cnnviz.errors import CnnvizError
from cnnviz.processes.pipe import Message, receive, send

NICENESS = 10
PROGRESS_INTERVAL_SECONDS = 0.1
FORMS: dict[str, type[SampleForm]] = {"sounds": SoundForm, "pictures": PictureForm}
"""What files can become, by what they are."""


def run_import(order: Message, reports: IO[bytes]) -> None:
    """Do one import; an order has the fields that `Imports` gives it."""
    last = 0.0

    def report_progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_INTERVAL_SECONDS or done == total:
            last = time.monotonic()
            send(reports, {"type": "progress", "done": done, "total": total})

    scratch = Path(order["scratch"])  # what is decoded may be larger than the memory: it is written as it comes
    try:
        scratch.mkdir(parents=True)
        with open_archive(Path(order["path"]), order["max_bytes"]) as archive:
            form = FORMS[order["form"]["kind"]](**order["form"]["values"]) if order["form"] else suggest_form(archive)
            collected = collect_samples(
                archive,
                form,
                max_bytes=order["max_bytes"],
                template=order["template"],
                max_seconds=order["max_seconds"],
                allocate=lambda name, shape, kind: open_memmap(scratch / f"{name}.npy", "w+", kind, shape),
                progress=report_progress,
            )
        about = UploadInfo(
            title=order["title"],
            axes=form.axes,
            features=form.features if isinstance(form, SoundForm) else None,
            report=collected.report.sentences(),
            source=order["source"],
        )
        dataset_store = (
            shared_uploads() if order["for_class"] else own_uploads()
        )  # by the order, not by a name that a cookie may hold
        dataset_store.add(order["owner"], collected.content, about, order["name"])
    except CnnvizError as error:
        send(reports, {"type": "refused", "message": str(error)})
    except MemoryError:
        send(reports, {"type": "refused", "message": "The server has too little memory for it. Send fewer files."})
    except OSError:
        message = "The server could not keep it; its disk may be full. Tell whoever runs the server."
        send(reports, {"type": "refused", "message": message})
    else:
        send(reports, {"type": "done", "report": about.report})


def main() -> None:
    """Wait for the order, do it, exit."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the reports
    received = receive(sys.stdin.buffer)
    if received is None:
        return
    threading.Thread(target=_exit_with_server, daemon=True).start()
    run_import(received[0], reports)


def _exit_with_server() -> None:
    """End with the server, in the middle of whatever is done."""
    while os.read(0, 2**16):  # not through sys.stdin, whose lock would be held when the process wants to exit
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
