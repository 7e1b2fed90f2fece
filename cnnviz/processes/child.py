"""What a child process does first, whichever way it was started: `python -m cnnviz.processes.child SPEC`.

SPEC is the JSON of a `ChildSpec`. Forked children begin with `run_child`, too.
"""

import importlib
import logging
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from cnnviz.processes.lifeline import exit_with_server
from cnnviz.processes.messages import ChildSpec

if sys.platform == "linux":
    import resource


def run_child(spec: ChildSpec) -> NoReturn:
    """Calls `main` of the module under the limits of `spec`, and ends this process with its exit code."""
    code = 1
    try:
        _apply_priority(spec)
        _name_process(spec)
        if spec.lifeline is not None:
            exit_with_server(spec.lifeline)
        main = importlib.import_module(spec.module).main
        if spec.memory_bytes is not None:
            _limit_memory(spec.memory_bytes)
        main(*spec.arguments)
        code = 0
    except SystemExit as request:
        code = request.code if isinstance(request.code, int) else int(request.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        with suppress(OSError, ValueError):  # nobody reads any more
            sys.stdout.flush()
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)  # at once: taking torch apart takes longer than many an answer


def take_standard_output() -> BinaryIO:
    """Returns the standard output of this process, which nothing else can write to any more.

    What is printed from now on, by Python or by C code, goes to the standard error.
    """
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


def _apply_priority(spec: ChildSpec) -> None:
    if spec.priority is not None:
        with suppress(OSError):  # it may not be raised above that of the fork server
            os.setpriority(os.PRIO_PROCESS, 0, spec.priority)
    if sys.platform == "linux":
        # where Linux shares out the processor by session (autogroup), niceness counts within one only
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(spec.priority or 0), encoding="ascii")
        with suppress(OSError):  # it may be the administrator's to say
            Path("/proc/self/oom_score_adj").write_text(str(spec.oom_score_adj), encoding="ascii")


def _name_process(spec: ChildSpec) -> None:
    """Has `top` and `ps -e` say what this process does; a forked one has the command line of the fork server."""
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/comm").write_text(f"cnnviz {spec.module.rpartition('.')[2]}", encoding="ascii")


def _limit_memory(more_bytes: int) -> None:
    """Lets this process take so much memory beyond what it has: then allocations fail, in Python by MemoryError.

    Nor may a file that it writes be larger; temporary files may lie in memory.
    """
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii")
        used_bytes = 1024 * int(status.partition("VmData:")[2].split()[0])
        for kind, limit in ((resource.RLIMIT_DATA, used_bytes + more_bytes), (resource.RLIMIT_FSIZE, more_bytes)):
            _, hard_limit = resource.getrlimit(kind)
            lower = limit if hard_limit == resource.RLIM_INFINITY else min(limit, hard_limit)
            resource.setrlimit(kind, (lower, lower))


if __name__ == "__main__":
    run_child(ChildSpec.model_validate_json(sys.argv[1]))
