"""How the server starts a module of its own as a child process, and what the child does first."""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

NICENESS = 10
"""How far a child's priority is lowered: pages come first."""
OPENMP_SPIN_COUNT = "20000"
"""How long torch's threads wait for each other before they sleep. Far less, and small nets are twice as slow; far more,
and they keep a core busy that somebody else needs."""
PROJECT_ROOT = Path(__file__).parent.parent.parent


def start_child(module: str, *arguments: str, stderr: int | None = None) -> subprocess.Popen[bytes]:
    """Starts `python -m module` with pipes for its standard input and output; `stderr` as in `subprocess.Popen`."""
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    # subprocess, not multiprocessing: its spawn would execute Streamlit's main script again
    return subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        # numpy's threads spin while they wait: on two busy cores, features of sound took four times as long
        env={"GOMP_SPINCOUNT": OPENMP_SPIN_COUNT} | os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C in the server's terminal is the server's to handle
    )


def become_child() -> BinaryIO:
    """Lowers the priority of this process and returns its standard output, which nothing else can write to any more.

    What is printed from now on, by Python or by C code, goes to the standard error.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output
