"""Work that would hold up everybody's pages, done by a process of its own: niced, bounded in time, one at a time."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NoReturn

import torch

from cnnviz.errors import CnnvizError, LimitError, is_out_of_memory
from cnnviz.settings import settings

REFUSED_EXIT_CODE = 3
"""Exit code of a process whose output is a sentence for the student."""
NICENESS = 10
PROJECT_ROOT = Path(__file__).parent.parent.parent
log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class OneShotProcess:
    """The server's side: a module that is started for each question, with what students are told where it fails."""

    module: str
    """It calls `serve`."""
    task: str
    """What it does, as the beginning of a sentence: “Writing this net as ONNX”."""
    busy: str
    timeout_advice: str
    """What to do when it takes too long."""
    no_memory: str
    reassurance: str = "Your run is safe"
    """What is not lost when it fails."""
    refusal_error: type[CnnvizError] = CnnvizError
    """The error that a sentence of the process becomes."""
    timeout_seconds: float = 60
    """Time for one answer, and for waiting until others have theirs."""
    semaphore: threading.Semaphore = field(default_factory=threading.Semaphore)

    def run(self, request: bytes, *arguments: str) -> bytes:
        """What the process makes of its standard input.

        Raises `refusal` with the sentence of the process, LimitError where it would take too long or too much memory,
        CnnvizError where it fails.
        """
        if not self.semaphore.acquire(timeout=self.timeout_seconds):
            raise LimitError(f"{self.busy} Try again in a minute.")
        try:
            completed = self._start(request, arguments)
        except subprocess.TimeoutExpired:
            raise LimitError(
                f"{self.task} took more than {self.timeout_seconds} seconds and was given up. {self.timeout_advice}"
            ) from None
        finally:
            self.semaphore.release()
        if completed.returncode == REFUSED_EXIT_CODE:
            raise self.refusal_error(completed.stdout.decode())
        if completed.returncode:
            log.error(
                "%s ended with %d: %s", self.module, completed.returncode, completed.stderr.decode(errors="replace")
            )
            if completed.returncode < 0:
                raise LimitError(self.no_memory)
            raise CnnvizError(
                f"{self.task} failed inside cnnviz. {self.reassurance}; the server's log has the details."
            )
        return completed.stdout

    def _start(self, request: bytes, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        # subprocess, not multiprocessing: its spawn would execute Streamlit's main script again
        return subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", self.module, *arguments],
            input=request,
            capture_output=True,
            cwd=PROJECT_ROOT,
            timeout=self.timeout_seconds,
            start_new_session=True,  # Ctrl-C in the server's terminal is the server's to handle
            check=False,
        )


def serve(handle: Callable[[bytes], bytes], *, no_memory: str) -> None:
    """The process's side: answer the standard input on the standard output, or a sentence, and exit with REFUSED."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    with suppress(OSError):  # not on Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory runs out, this goes first
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the answer
    torch.set_num_threads(settings().threads or 1)
    try:
        output.write(handle(sys.stdin.buffer.read()))
    except CnnvizError as error:
        _exit_refused(output, str(error))
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            _exit_refused(output, no_memory)
        raise
    output.close()


def _exit_refused(output: BinaryIO, message: str) -> NoReturn:
    output.write(message.encode())
    output.close()
    sys.exit(REFUSED_EXIT_CODE)
