"""A server of cnnviz in a process of its own, with a data directory that is deleted at its end."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
FROZEN, UNFROZEN = "streamlit", "benchmarks.unfrozen"
START_SECONDS = 90.0


@dataclass(frozen=True)
class Server:
    """A running server at 127.0.0.1:`port`."""

    port: int
    folder: Path
    """Its data directory."""
    process: psutil.Process

    @property
    def address(self) -> str:
        """Address for a browser."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def worker(self) -> psutil.Process:
        """The process that trains: of those below the server, the one that has worked most."""
        return max(self.process.children(recursive=True), key=lambda child: child.cpu_times().user)


@contextmanager
def serve(
    launcher: str = FROZEN,
    *,
    prepare: Callable[[Path], None] = lambda _: None,
    log: Path | None = None,
    **settings: str,
) -> Iterator[Server]:
    """Starts the app with `python -m launcher` on a free port; ends it and its workers at the end.

    `prepare` gets the data directory before the server does; `settings` are environment variables.
    """
    with tempfile.TemporaryDirectory(prefix="cnnviz-benchmark-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), _free_port()
        prepare(folder)
        options = {"port": port, "address": "127.0.0.1", "headless": "true"}
        command = [sys.executable, "-m", launcher, "run", "app.py"]
        environment = os.environ | {"CNNVIZ_DATA_DIR": name, "CNNVIZ_DEVICES": "cpu"} | settings
        with (log or folder / "server.log").open("wb") as output:
            popen = subprocess.Popen(
                [*command, *(f"--server.{option}={value}" for option, value in options.items())],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Server(port, folder, psutil.Process(popen.pid))
        try:
            _wait_for(server, popen)
            yield server
        finally:
            _terminate(server.process)
            popen.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: Server, popen: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while popen.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=2)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError(f"the server did not start in {START_SECONDS:g} s")


def _terminate(process: psutil.Process) -> None:
    processes = [process, *process.children(recursive=True)] if process.is_running() else []
    if processes:
        process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=15)
    for survivor in alive:
        survivor.kill()
    psutil.wait_procs(alive, timeout=5)
