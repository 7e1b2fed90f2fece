"""Child processes that are a new Python interpreter: seconds of imports, on every system."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from cnnviz.processes.lifeline import Lifeline
from cnnviz.processes.messages import ChildSpec

OPENMP_SPIN_COUNT = "20000"
"""How long torch's threads wait for each other before they sleep. Far less, and small nets are twice as slow; far more,
and they keep a core busy that somebody else needs."""
PROJECT_ROOT = Path(__file__).parent.parent.parent


class Streams(NamedTuple):
    """Descriptors for the standard streams of a child."""

    stdin: int
    stdout: int
    stderr: int = 2


class SubprocessChild:
    """A started child."""

    def __init__(self, spec: ChildSpec, streams: Streams, lifeline: Lifeline | None = None) -> None:
        self._lifeline = lifeline
        if lifeline and sys.platform != "win32":  # which hands no descriptors on
            spec = spec.model_copy(update={"lifeline": lifeline.source})
        # subprocess, not multiprocessing: its spawn would execute Streamlit's main script again
        self._popen = subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-m", "cnnviz.processes.child", spec.model_dump_json()],
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            env=child_environment(),
            pass_fds=() if spec.lifeline is None else (spec.lifeline,),
            start_new_session=True,  # Ctrl-C in the server's terminal is the server's to handle
        )

    @property
    def pid(self) -> int:
        """Process number."""
        return self._popen.pid

    def kill(self) -> None:
        """Ends it at once; harmless when it has ended."""
        self._popen.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code, or the negative number of a signal; raises TimeoutError after `timeout` seconds."""
        try:
            code = self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        if self._lifeline:
            self._lifeline.close()
        return code


def child_environment() -> dict[str, str]:
    """Returns the environment of a child: the server's own, and what keeps its threads from getting in the way."""
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    return (
        {"GOMP_SPINCOUNT": OPENMP_SPIN_COUNT}
        | os.environ
        | {
            "PYTHONPATH": path,
            # numpy's threads spin while they wait: on two busy cores, features of sound took four times as long
            "OPENBLAS_NUM_THREADS": "1",
            # nor may Arrow's allocator have a thread of its own, as the fork server has to be single-threaded
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
        }
    )
