"""What a forked interpreter does that stands for `python ARGUMENTS`; tests/forked_python.py starts it.

Its fork server has imported this module, and with it the app, so that none of its processes does.
"""

import atexit
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
import traceback
import warnings

import streamlit.web.cli

import cnnviz
from cnnviz.processes import fork_client
from cnnviz.processes.child import run_child
from cnnviz.processes.messages import ChildSpec
from cnnviz.processes.subprocess_child import Streams, SubprocessChild
from cnnviz.settings import settings

NOT_IMPORTED = ("cnnviz.__main__", "cnnviz.runs.migrations.env")
MAX_SPEC_BYTES = 2**16

for module in pkgutil.walk_packages(cnnviz.__path__, "cnnviz."):
    if module.name not in NOT_IMPORTED and not module.name.startswith("cnnviz.runs.migrations."):
        importlib.import_module(module.name)
assert streamlit.web.cli


class ForkServerInWaiting:
    """A process without threads that becomes the app's fork server, with all the imports that this process has."""

    def __init__(self) -> None:
        self._connection, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._code: int | None = None
        self._lock = threading.Lock()
        self.pid = os.fork()
        if self.pid:
            other.close()
            return
        try:
            self._connection.close()
            content, (stdin,), _, _ = socket.recv_fds(other, MAX_SPEC_BYTES, 1)
            os.dup2(stdin, 0)
            os.close(stdin)
            other.close()
            umask, _, content = content.partition(b" ")
            os.umask(int(umask))
            run_child(ChildSpec.model_validate_json(content).model_copy(update={"arguments": ()}))
        finally:  # nobody has asked
            os._exit(0)

    def start(self, spec: ChildSpec, streams: Streams) -> None:
        """Let it begin, with one end of a connection as its standard input, and the umask of this moment."""
        umask = os.umask(0)
        os.umask(umask)
        socket.send_fds(self._connection, [f"{umask} {spec.model_dump_json()}".encode()], [streams.stdin])
        self._connection.close()

    def kill(self) -> None:
        """End it at once."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; waits for as long as it takes."""
        with self._lock:  # several wait for it
            if self._code is None:
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return self._code


def start_fork_server_from_here() -> None:
    """The first fork server of the app is forked from this process; another one is a new interpreter."""
    in_waiting = [ForkServerInWaiting()]

    def start(spec: ChildSpec, streams: Streams) -> ForkServerInWaiting | SubprocessChild:
        if not in_waiting:
            return SubprocessChild(spec, streams)
        waiting = in_waiting.pop()
        waiting.start(spec, streams)
        return waiting

    fork_client.SubprocessChild = start  # type: ignore[assignment,misc]


def run_python(arguments: list[str]) -> None:
    """Do what the interpreter does with these arguments: `-W ACTION`, `-c CODE`, `-m MODULE …` or `FILE …`."""
    while arguments[0] == "-W":
        warnings._processoptions(arguments[1:2])  # type: ignore[attr-defined]
        arguments = arguments[2:]
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def main(directory: str, environment: str, *arguments: str) -> None:
    """Become that interpreter, in its directory, with its environment, and end as it does."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(json.loads(environment))
    settings.cache_clear()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
    start_fork_server_from_here()
    code = 1
    try:
        run_python(list(arguments))
        code = 0
    except SystemExit as request:
        code = request.code if isinstance(request.code, int) else int(request.code is not None)
        if isinstance(request.code, str):
            sys.stderr.write(f"{request.code}\n")
    except BaseException:
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
