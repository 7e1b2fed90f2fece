"""What a server does that a test kills, as a process of its own."""

import sys
import time
from pathlib import Path

from cnnviz.imports.imports import Imports
from cnnviz.runs.cluster import cluster
from cnnviz.runs.store import Store
from cnnviz.settings import settings


def main(job: str, *arguments: str) -> None:
    JOBS[job](*arguments)


def train() -> None:
    """Opens a cluster, says so, and is there until it is killed."""
    server = cluster()
    print("open", flush=True)  # noqa: T201
    time.sleep(600)
    server.close()


def read_zip(path: str) -> None:
    """Begins an import, and is there until it is killed."""
    imports = Imports(settings())
    imports.start("s" + "a" * 31, Path(path), "Long")
    time.sleep(600)


def open_store(folder: str, url: str) -> None:
    """Opens a store as soon as it is told to."""
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    Store(Path(folder), url).close()


JOBS = {job.__name__: job for job in (train, read_zip, open_store)}
