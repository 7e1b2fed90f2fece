"""What the child processes of test_launcher.py do."""

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

from cnnviz.processes import launcher
from cnnviz.processes.child import take_standard_output
from cnnviz.processes.fork_supervisor import ForkServerSupervisor
from cnnviz.processes.launcher import start_child
from cnnviz.processes.subprocess_child import Streams


def main(job: str, *arguments: str) -> None:
    JOBS[job](*arguments)


def session_nice() -> int | None:
    """The nice value of the whole session; None where processors are not shared out by session."""
    file = Path("/proc/self/autogroup")
    return int(file.read_text(encoding="ascii").split()[-1]) if file.is_file() else None


def describe() -> None:
    """Writes down what the process finds."""
    facts = {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "session_nice": session_nice(),
        "session": os.getsid(0),
        "oom_score_adj": int(Path("/proc/self/oom_score_adj").read_text(encoding="ascii")),
        "name": Path("/proc/self/comm").read_text(encoding="ascii").strip(),
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "files": sorted(os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.exists()),
        "imported": "colorsys" in sys.modules,
        "input": sys.stdin.read(),
        "threads": threading.active_count(),
    }
    sys.stdout.write(json.dumps(facts))


def answer() -> None:
    output = take_standard_output()
    print("a stray print", flush=True)  # noqa: T201 (is meant)
    os.write(1, b"and one from C\n")
    output.write(b"the answer")
    output.close()


def sleep(seconds: str = "600") -> None:
    time.sleep(float(seconds))


def count(file: str) -> None:
    """Leaves a trace of having been started, then waits."""
    with open(file, "a", encoding="ascii") as trace:
        trace.write(f"{os.getpid()}\n")
    time.sleep(600)


def loop_forever() -> None:
    """Is busy in Python."""
    while True:
        pass


def allocate(mebibytes: str) -> None:
    content = bytearray(int(mebibytes) * 2**20)
    content[:: resource.getpagesize()] = b"x" * len(content[:: resource.getpagesize()])


def fail() -> None:
    raise ValueError("this job fails")


def exit_with_undecodable_log() -> None:
    """Ends at once, behind a last word that is no text."""
    sys.stderr.write("a last word \udcff\n")
    os._exit(5)


def serve(forked: str, pids: str) -> None:
    """Is a server with two children, one of them busy; prints their numbers, and waits to be killed."""
    launcher.FORK_SERVER = ForkServerSupervisor([])  # of none but small modules
    if forked == "True":
        launcher.FORK_SERVER.enable()
    with open(os.devnull, "r+b") as nothing:
        streams = Streams(nothing.fileno(), nothing.fileno())
        children = [start_child(__name__, job, streams=streams, oom_score=0) for job in ("sleep", "loop_forever")]
    Path(pids).write_text(json.dumps([child.pid for child in children]), encoding="ascii")
    time.sleep(600)


def exit_with(code: str) -> None:
    sys.exit(int(code))


JOBS = {
    job.__name__: job
    for job in (
        describe,
        answer,
        sleep,
        count,
        loop_forever,
        allocate,
        fail,
        exit_with_undecodable_log,
        serve,
        exit_with,
    )
}
