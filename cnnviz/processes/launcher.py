"""How the server starts a module of its own as a child process: forked where that is possible, else by a new Python."""

import atexit
import os
from typing import Protocol

from cnnviz.processes.fork_supervisor import ForkServerSupervisor
from cnnviz.processes.lifeline import Lifeline
from cnnviz.processes.messages import ChildSpec
from cnnviz.processes.subprocess_child import Streams, SubprocessChild
from cnnviz.settings import settings

MAX_NICENESS = 19
WORKER_OOM_SCORE, JOB_OOM_SCORE = 500, 1000
"""When memory runs out, jobs are killed first, then workers, the server last."""
FORKABLE_MODULES = (
    "cnnviz.runs.worker.worker",
    "cnnviz.runs.run_importer",
    "cnnviz.imports.importer",
    "cnnviz.imports.arrays_importer",
    "cnnviz.imports.picture_reader",
    "cnnviz.imports.recording_reader",
    "cnnviz.onnx_export.writer",
    "cnnviz.runs.run_exporter",
    "cnnviz.classroom.scorer",
    "cnnviz.experiments.spirals",
    "cnnviz.training.overfit",
    "cnnviz.inside.dead_channels",
    "cnnviz.inside.exciting_samples",
    "cnnviz.inside.embedding",
    "cnnviz.inside.occlusion_process",
    "cnnviz.inside.timeline",
    "cnnviz.insight.near_samples",
    # what these import late, when they first train, read or write something
    "sklearn.datasets",
    "sklearn.manifold",
    "tensorboardX",
    "torch._dynamo",
    "torch.onnx.utils",
)
"""Modules that the fork server imports; a child imports whatever else it needs."""
FORK_SERVER = ForkServerSupervisor(FORKABLE_MODULES)
atexit.register(FORK_SERVER.close)


class Child(Protocol):
    """A started process, as whoever started it sees it."""

    @property
    def pid(self) -> int:
        """Process number."""

    def kill(self) -> None:
        """Ends it at once; harmless when it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code, or the negative number of a signal; raises TimeoutError after `timeout` seconds."""


def start_child(
    module: str, *arguments: str, streams: Streams, oom_score: int, memory_bytes: int | None = None
) -> Child:
    """Starts a process that calls `main` of a module with these arguments.

    It has a session and a lowered priority of its own, and ends when this process does. `oom_score` says how much
    sooner it is killed when memory runs out, `memory_bytes` how much it may take beyond what its imports do. Raises
    OSError when the system has no room for it.
    """
    spec = ChildSpec(
        module=module,
        arguments=arguments,
        priority=child_priority(),
        oom_score_adj=oom_score,
        memory_bytes=memory_bytes,
    )
    lifeline = Lifeline()
    try:
        return FORK_SERVER.fork(spec, streams, lifeline) or SubprocessChild(spec, streams, lifeline)
    except BaseException:
        lifeline.close()
        raise
    finally:
        lifeline.close_source()


def start_fork_server() -> None:
    """Starts the fork server, where the system can have one, so that the first child need not wait for its imports."""
    FORK_SERVER.enable()
    FORK_SERVER.start(child_priority())


def child_priority() -> int | None:
    """Returns the nice value of children of this process; None on systems without."""
    if not hasattr(os, "getpriority"):
        return None
    return min(os.getpriority(os.PRIO_PROCESS, 0) + settings().niceness, MAX_NICENESS)
