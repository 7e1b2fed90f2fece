"""Nothing is lost: workers and whole servers are killed, and disks are full, in the middle of runs."""

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sql

from cnnviz.processes.subprocess_child import PROJECT_ROOT
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.settings import settings
from cnnviz.training.point import Point
from tests.conftest import DEADLINE, Ended, WaitFor
from tests.designs import ANNA, BERT, NET, SHORT
from tests.points import without_device_points
from tests.runs.test_cluster import alone

CONFIGS = {ANNA: SHORT.changed(epochs=120), BERT: SHORT.changed(epochs=150).changed(optimizer="Adam")}
MOMENTS = random.Random(35)

SERVER = """
from cnnviz.runs.cluster import cluster
import time
running = cluster()
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Data directory of a server that saves a checkpoint of its runs every tenth of a second."""
    for name, value in {"DATA_DIR": tmp_path, "CHECKPOINT_SECONDS": 0.1, "THREADS": 1, "DEVICES": "cpu"}.items():
        monkeypatch.setenv(f"CNNVIZ_{name}", str(value))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@contextmanager
def cluster() -> Iterator[Cluster]:
    opened = Cluster(settings())
    try:
        yield opened
    finally:
        opened.close()


def points(store: Store, run: Run) -> list[Point]:
    return [point for _, point in store.points(run.id)]


def total(store: Store, runs: list[Run]) -> int:
    return sum(len(points(store, run)) for run in runs)


def test_a_worker_killed_several_times_at_random_moments_changes_nothing(
    data_dir: Path, ended: Ended, wait_for: WaitFor
) -> None:
    with cluster() as server:
        runs = [server.submit(owner, NET, config) for owner, config in CONFIGS.items()]
        for _ in range(3):
            shown = [len(points(server.store, run)) for run in runs]
            more = MOMENTS.randrange(50, 400)
            wait_for(lambda shown=shown, more=more: total(server.store, runs) > sum(shown) + more)
            pid = server.devices["cpu"].pid
            assert pid
            before = [points(server.store, run) for run in runs]
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda pid=pid: server.devices["cpu"].pid not in (None, pid))
            assert [points(server.store, run)[: len(old)] for run, old in zip(runs, before, strict=True)] == before
        for run in runs:
            assert ended(server.store, run.id).status == Status.DONE
            assert without_device_points(points(server.store, run)) == alone(run.config)


@contextmanager
def served(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A whole server, which is killed in the end: it gets no chance to tidy up."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout:
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()
            process.wait(DEADLINE)


def test_a_server_killed_several_times_at_random_moments_changes_nothing(
    data_dir: Path, ended: Ended, wait_for: WaitFor
) -> None:
    with cluster() as server:
        runs = [server.submit(owner, NET, config) for owner, config in CONFIGS.items()]
    store = Store(data_dir)
    for _ in range(3):
        shown = [points(store, run) for run in runs]
        more = MOMENTS.randrange(50, 300)
        with served(data_dir):
            wait_for(
                lambda shown=shown, more=more: (
                    sum(len(points(store, run)) for run in runs) > sum(map(len, shown)) + more
                )
            )
        assert [points(store, run)[: len(old)] for run, old in zip(runs, shown, strict=True)] == shown
    store.close()
    with cluster() as server:
        for run in runs:
            assert ended(server.store, run.id).status == Status.DONE
            assert without_device_points(points(server.store, run)) == alone(run.config)
        assert list(data_dir.glob("checkpoints/*.draft")) == []


@contextmanager
def full_disk(server: Cluster) -> Iterator[None]:
    """No room for the database nor for a checkpoint: SQLite's own limit of pages, and the system's of a file's size."""
    pid = server.devices["cpu"].pid
    assert pid
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    engine = server.store._engine

    def small(connection: sql.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.cursor().execute("PRAGMA max_page_count = 1")  # means: as many as there are

    engine.dispose()
    sql.event.listen(engine, "connect", small)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (100, usual[1]))
    try:
        yield
    finally:
        sql.event.remove(engine, "connect", small)
        engine.dispose()
        if psutil.pid_exists(pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process are Linux's")
def test_a_full_disk_in_mid_run_changes_nothing(
    data_dir: Path, ended: Ended, wait_for: WaitFor, caplog: pytest.LogCaptureFixture
) -> None:
    with cluster() as server:
        run = server.submit(ANNA, NET, CONFIGS[ANNA])
        wait_for(lambda: len(points(server.store, run)) > 200)
        with full_disk(server):
            wait_for(lambda: "database or disk is full" in caplog.text)
            shown = points(server.store, run)
        assert ended(server.store, run.id).status == Status.DONE
        assert points(server.store, run)[: len(shown)] == shown
        assert without_device_points(points(server.store, run)) == alone(run.config)
    assert "something is not written yet" in caplog.text


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process are Linux's")
def test_a_server_killed_while_its_disk_is_full_goes_on_from_what_it_had_written(
    data_dir: Path, ended: Ended, wait_for: WaitFor, caplog: pytest.LogCaptureFixture
) -> None:
    with cluster() as server:
        run = server.submit(ANNA, NET, CONFIGS[ANNA])
        wait_for(lambda: len(points(server.store, run)) > 200)
        pid = server.devices["cpu"].pid
        assert pid
        with full_disk(server):
            wait_for(lambda: "database or disk is full" in caplog.text)
            shown = points(server.store, run)
            device = server.devices["cpu"]
            worker = device._supervisor._worker
            assert worker
            device.loop.stop()  # the server is gone: what was not written is lost
            device.loop.call_soon(lambda: None)
            device.loop.join(DEADLINE)
            os.kill(pid, signal.SIGKILL)
            worker.close()
    with cluster() as server:
        assert ended(server.store, run.id).status == Status.DONE
        assert points(server.store, run)[: len(shown)] == shown
        assert without_device_points(points(server.store, run)) == alone(run.config)
