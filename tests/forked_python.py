"""`python ARGUMENTS` as a process that is there at once: forked from one that has imported the app's packages.

A new interpreter takes seconds of processor time before it does anything. Where processes cannot be forked, it is one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cnnviz.processes import launcher
from cnnviz.processes.lifeline import Lifeline
from cnnviz.processes.messages import ChildSpec
from cnnviz.processes.subprocess_child import Streams

MAIN_MODULE = "tests.python_main"


class Process(Protocol):
    """What `subprocess.Popen` and a forked interpreter have in common."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


class ForkedPython:
    """A process of the fork server that does what `python ARGUMENTS` does."""

    def __init__(self, child: launcher.Child) -> None:
        self._child = child
        self.pid = child.pid

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        try:
            return self._child.wait(0)
        except TimeoutError:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; the negative number of the signal that ended it."""
        return self._child.wait(timeout)

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it at once."""
        self._child.kill()


def start_python(*arguments: str, cwd: Path, env: Mapping[str, str], stdout: int, stderr: int) -> Process:
    """Start `python ARGUMENTS` with these descriptors for its output, and nothing to read."""
    spec = ChildSpec(
        module=MAIN_MODULE,
        arguments=(str(cwd), json.dumps(dict(env)), *arguments),
        priority=launcher.child_priority(),
        oom_score_adj=launcher.JOB_OOM_SCORE,
    )
    lifeline = Lifeline()
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        child = launcher.FORK_SERVER.fork(spec, Streams(nothing, stdout, stderr), lifeline)
    finally:
        os.close(nothing)
        lifeline.close_source()
    if child:
        return ForkedPython(child)
    lifeline.close()
    return subprocess.Popen([sys.executable, *arguments], cwd=cwd, env=env, stdout=stdout, stderr=stderr)
