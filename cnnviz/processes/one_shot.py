"""Work that would hold up everybody's pages, done by a process of its own: one at a time, and bounded in time."""

import errno
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import BinaryIO, NoReturn

import torch

from cnnviz.errors import CnnvizError, LimitError, is_out_of_memory
from cnnviz.processes.child import take_standard_output
from cnnviz.processes.launcher import JOB_OOM_SCORE, Child, start_child
from cnnviz.processes.subprocess_child import Streams
from cnnviz.settings import settings

REFUSED_EXIT_CODE = 3
"""Exit code of a process whose output is a sentence for the student."""
DISK_FULL_EXIT_CODE = 4
"""Exit code of a process that cannot write its output."""
MAX_LOG_BYTES = 2**16
"""How much of a failed process's standard error is read."""
PROGRESS_SECONDS = 0.2
"""Seconds between two looks at how far a process is."""
MAX_PROGRESS_BYTES = 256
"""End of a process's standard error in which its last progress is looked for."""
PROGRESS = re.compile(rb"^progress (\d+)/(\d+)$", re.MULTILINE)
OnProgress = Callable[[float | None], None]
"""Called some times a second with the share that is done, or None while a job waits until others are done."""
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

    def run(self, request: bytes, *arguments: str, on_progress: OnProgress | None = None) -> bytes:
        """Returns the answer of the process to a request on its standard input.

        `on_progress` is called some times a second, in this thread, with the share that is done, or None while others
        are before it; an error that it raises ends the process. Raises `refusal_error` with the sentence of the
        process, LimitError where it takes too long or too much memory, CnnvizError where it fails.
        """
        if not self._wait_for_turn(on_progress):
            raise LimitError(f"{self.busy} Try again in a minute.")
        try:
            code, answer, log_text = self._complete(request, arguments, on_progress)
        except TimeoutError:
            raise LimitError(
                f"{self.task} took more than {self.timeout_seconds} seconds and was given up. {self.timeout_advice}"
            ) from None
        except OSError:  # no process left, or no room for the files
            log.exception("%s could not be started", self.module)
            raise LimitError(f"{self.task} is not possible just now. Try again in a minute.") from None
        finally:
            self.semaphore.release()
        if code == REFUSED_EXIT_CODE:
            raise self.refusal_error(answer.decode())
        if code == DISK_FULL_EXIT_CODE:
            raise LimitError(f"{self.task} is not possible just now: the server's disk is full. Try again in a minute.")
        if code:
            log.error("%s ended with %d: %s", self.module, code, log_text.decode(errors="replace"))
            if code < 0:
                raise LimitError(self.no_memory)
            raise CnnvizError(
                f"{self.task} failed inside cnnviz. {self.reassurance}; the server's log has the details."
            )
        return answer

    def _wait_for_turn(self, on_progress: OnProgress | None) -> bool:
        """Returns whether this job's turn has come in time; tells meanwhile that it waits."""
        if on_progress is None:
            return self.semaphore.acquire(timeout=self.timeout_seconds)
        deadline = time.monotonic() + self.timeout_seconds
        while not self.semaphore.acquire(blocking=False):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            on_progress(None)
            if self.semaphore.acquire(timeout=min(left, PROGRESS_SECONDS)):
                break
        return True

    def _complete(
        self, request: bytes, arguments: tuple[str, ...], on_progress: OnProgress | None
    ) -> tuple[int, bytes, bytes]:
        """Returns exit code, answer and log of the process; raises TimeoutError, OSError."""
        # files, not pipes: no process waits for another that reads or writes
        with TemporaryFile() as request_file, TemporaryFile() as answer_file, TemporaryFile() as log_file:
            request_file.write(request)
            request_file.seek(0)
            streams = Streams(request_file.fileno(), answer_file.fileno(), log_file.fileno())
            memory_bytes = settings().max_training_bytes
            child = start_child(
                self.module, *arguments, streams=streams, oom_score=JOB_OOM_SCORE, memory_bytes=memory_bytes
            )
            try:
                if on_progress is None:
                    code = child.wait(self.timeout_seconds)
                else:
                    code = self._watch(child, log_file.fileno(), on_progress)
            except BaseException:
                child.kill()
                child.wait()
                raise
            answer_file.seek(0)
            log_file.seek(max(log_file.seek(0, os.SEEK_END) - MAX_LOG_BYTES, 0))
            return code, answer_file.read(), log_file.read()

    def _watch(self, child: Child, log_fd: int, on_progress: OnProgress) -> int:
        """Returns the exit code of a process, and tells meanwhile how far it is; raises TimeoutError."""
        deadline = time.monotonic() + self.timeout_seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                return child.wait(min(left, PROGRESS_SECONDS))
            except TimeoutError:
                on_progress(_last_progress(log_fd))
        raise TimeoutError


def report_progress(done: int, total: int) -> None:
    """The process's side: notes how far it is, for `on_progress` of `OneShotProcess.run`."""
    sys.stderr.write(f"progress {done}/{total}\n")
    sys.stderr.flush()


def _last_progress(log_fd: int) -> float:
    """Returns the share that was noted last; 0 before the first note. Leaves the place where the process writes."""
    size = os.fstat(log_fd).st_size
    notes = PROGRESS.findall(os.pread(log_fd, MAX_PROGRESS_BYTES, max(size - MAX_PROGRESS_BYTES, 0)))
    done, total = map(int, notes[-1]) if notes else (0, 1)
    return min(done / max(total, 1), 1.0)


def serve(handle: Callable[[bytes], bytes], *, no_memory: str) -> None:
    """The process's side: answers the standard input on the standard output.

    Where `handle` raises a CnnvizError, its sentence is the answer and REFUSED_EXIT_CODE the exit code; where memory is
    short, `no_memory` is the sentence.
    """
    output = take_standard_output()
    torch.set_num_threads(settings().threads or 1)
    try:
        output.write(handle(sys.stdin.buffer.read()))
        output.close()
    except CnnvizError as error:
        _exit_refused(output, str(error))
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            _exit_refused(output, no_memory)
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG):
            sys.exit(DISK_FULL_EXIT_CODE)
        raise


def _exit_refused(output: BinaryIO, message: str) -> NoReturn:
    output.write(message.encode())
    output.close()
    sys.exit(REFUSED_EXIT_CODE)
