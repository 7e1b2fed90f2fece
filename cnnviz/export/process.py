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

from cnnviz.errors import CnnvizError, LimitError, short_of_memory
from cnnviz.settings import settings

REFUSED = 3
"""Exit code of a process whose output is a sentence for the student."""
NICENESS = 10
ROOT = Path(__file__).parent.parent.parent
log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class Process:
    """The server's side: a module that is started for each question, with what students are told where it fails."""

    module: str
    """It calls `serve`."""
    task: str
    """What it does, as the beginning of a sentence: “Writing this net as ONNX”."""
    busy: str
    way_out: str
    """What to do when it takes too long."""
    no_memory: str
    safe: str = "Your run is safe"
    """What is not lost when it fails."""
    refusal: type[CnnvizError] = CnnvizError
    """The error that a sentence of the process becomes."""
    seconds: float = 60
    """Time for one answer, and for waiting until others have theirs."""
    turn: threading.Semaphore = field(default_factory=threading.Semaphore)

    def answer(self, question: bytes, *arguments: str) -> bytes:
        """What the process makes of its standard input.

        Raises `refusal` with the sentence of the process, LimitError where it would take too long or too much memory,
        CnnvizError where it fails.
        """
        if not self.turn.acquire(timeout=self.seconds):
            raise LimitError(f"{self.busy} Try again in a minute.")
        try:
            ended = self._run(question, arguments)
        except subprocess.TimeoutExpired:
            raise LimitError(
                f"{self.task} took more than {self.seconds} seconds and was given up. {self.way_out}"
            ) from None
        finally:
            self.turn.release()
        if ended.returncode == REFUSED:
            raise self.refusal(ended.stdout.decode())
        if ended.returncode:
            log.error("%s ended with %d: %s", self.module, ended.returncode, ended.stderr.decode(errors="replace"))
            if ended.returncode < 0:
                raise LimitError(self.no_memory)
            raise CnnvizError(f"{self.task} failed inside cnnviz. {self.safe}; the server's log has the details.")
        return ended.stdout

    def _run(self, question: bytes, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        # subprocess, not multiprocessing: its spawn would execute Streamlit's main script again
        return subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", self.module, *arguments],
            input=question,
            capture_output=True,
            cwd=ROOT,
            timeout=self.seconds,
            start_new_session=True,  # Ctrl-C in the server's terminal is the server's to handle
            check=False,
        )


def serve(work: Callable[[bytes], bytes], *, no_memory: str) -> None:
    """The process's side: answer the standard input on the standard output, or a sentence, and exit with REFUSED."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    with suppress(OSError):  # not on Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory runs out, this goes first
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the answer
    torch.set_num_threads(settings().threads or 1)
    try:
        output.write(work(sys.stdin.buffer.read()))
    except CnnvizError as error:
        _refuse(output, str(error))
    except (MemoryError, RuntimeError) as error:
        if short_of_memory(error):
            _refuse(output, no_memory)
        raise
    output.close()


def _refuse(output: BinaryIO, sentence: str) -> NoReturn:
    output.write(sentence.encode())
    output.close()
    sys.exit(REFUSED)
