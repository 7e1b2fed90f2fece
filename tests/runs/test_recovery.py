"""Nothing is lost: workers and whole servers are killed, and disks are full, in the middle of runs."""

import os
import random
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sql

from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Status
from cnnviz.settings import settings
from tests.conftest import DEADLINE, Ended, WaitFor
from tests.designs import ANNA, NET
from tests.points import without_device_points
from tests.runs.recovery import Kills, configs, kill_servers, kill_workers, open_cluster, points_of
from tests.runs.undisturbed import undisturbed_curve

EPOCHS = 60
MOMENTS = random.Random(35)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Data directory of a server that saves a checkpoint of its runs every tenth of a second."""
    for name, value in {"DATA_DIR": tmp_path, "CHECKPOINT_SECONDS": 0.1, "THREADS": 1, "DEVICES": "cpu"}.items():
        monkeypatch.setenv(f"CNNVIZ_{name}", str(value))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.mark.parametrize("kill", [kill_workers, kill_servers])
def test_deaths_at_random_moments_change_nothing(kill: Callable[..., Kills], data_dir: Path) -> None:
    """Twice here; benchmarks/recovery.py does it many times."""
    kills = kill(2, MOMENTS, EPOCHS)
    assert len(kills.points_before) == 2
    assert kills.points_before[-1] > 0
    assert kills.lost_points == 0
    assert kills.curves_equal
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
    with open_cluster() as server:
        run = server.submit(ANNA, NET, configs(EPOCHS)[ANNA])
        wait_for(lambda: len(points_of(server.store, run)) > 200)
        with full_disk(server):
            wait_for(lambda: "database or disk is full" in caplog.text)
            shown = points_of(server.store, run)
        assert ended(server.store, run.id).status == Status.DONE
        assert points_of(server.store, run)[: len(shown)] == shown
        assert without_device_points(points_of(server.store, run)) == undisturbed_curve(run.config)
    assert "something is not written yet" in caplog.text


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process are Linux's")
def test_a_server_killed_while_its_disk_is_full_goes_on_from_what_it_had_written(
    data_dir: Path, ended: Ended, wait_for: WaitFor, caplog: pytest.LogCaptureFixture
) -> None:
    with open_cluster() as server:
        run = server.submit(ANNA, NET, configs(EPOCHS)[ANNA])
        wait_for(lambda: len(points_of(server.store, run)) > 200)
        pid = server.devices["cpu"].pid
        assert pid
        with full_disk(server):
            wait_for(lambda: "database or disk is full" in caplog.text)
            shown = points_of(server.store, run)
            device = server.devices["cpu"]
            worker = device._supervisor._worker
            assert worker
            device.loop.stop()  # the server is gone: what was not written is lost
            device.loop.call_soon(lambda: None)
            device.loop.join(DEADLINE)
            os.kill(pid, signal.SIGKILL)
            worker.close()
    with open_cluster() as server:
        assert ended(server.store, run.id).status == Status.DONE
        assert points_of(server.store, run)[: len(shown)] == shown
        assert without_device_points(points_of(server.store, run)) == undisturbed_curve(run.config)
