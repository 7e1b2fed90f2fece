"""Work that would hold up everybody's pages, done by a process of its own: one at a time, and bounded in time."""

import logging
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
from cnnviz.processes.child import become_child, start_child
from cnnviz.settings import settings

REFUSED_EXIT_CODE = 3
"""Exit code of a process whose output is a sentence for the student."""
log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class OneShotProcess:
    """The server's side: a module that is started for each request, and the messages for students where it fails."""

    module: str
    """Module to start, which calls `serve`."""
    task: str
    """What it does, as the beginning of a sentence: “Writing this net as ONNX”."""
    busy: str
    """Sentence for a student whose request cannot wait any longer behind others."""
    timeout_advice: str
    """What to do when it takes too long."""
    no_memory: str
    """Sentence for a process that was killed, most likely for its memory."""
    reassurance: str = "Your run is safe"
    """What is not lost when it fails."""
    refusal_error: type[CnnvizError] = CnnvizError
    """Error that is raised with the sentence of a process that refuses."""
    timeout_seconds: float = 60
    """Time for one answer, and for waiting behind others."""
    semaphore: threading.Semaphore = field(default_factory=threading.Semaphore)

    def run(self, request: bytes, *arguments: str) -> bytes:
        """Returns the answer of the process to a request on its standard input.

        Raises `refusal_error` with the sentence of the process, LimitError where it takes too long or too much memory,
        CnnvizError where it fails.
        """
        if not self.semaphore.acquire(timeout=self.timeout_seconds):
            raise LimitError(f"{self.busy} Try again in a minute.")
        try:
            completed = self._complete(request, arguments)
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

    def _complete(self, request: bytes, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        with start_child(self.module, *arguments, stderr=subprocess.PIPE) as process:
            try:
                answer, log_text = process.communicate(request, timeout=self.timeout_seconds)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, answer, log_text)


def serve(handle: Callable[[bytes], bytes], *, no_memory: str) -> None:
    """The process's side: answers the standard input on the standard output.

    Where `handle` raises a CnnvizError, its sentence is the answer and REFUSED_EXIT_CODE the exit code; where memory is
    short, `no_memory` is the sentence.
    """
    output = become_child()
    with suppress(OSError):  # not on Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory runs out, this goes first
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
