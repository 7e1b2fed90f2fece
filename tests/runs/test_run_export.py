"""Files of a stored run: written by a process that reads the run itself."""

import tracemalloc
from pathlib import Path

import pytest

from cnnviz.errors import CnnvizError
from cnnviz.runs.archives import read_archive
from cnnviz.runs.run import Status
from cnnviz.runs.run_export import FILE_PROCESS, QUICK_FILES, export_run
from cnnviz.runs.store import Store
from cnnviz.settings import settings
from cnnviz.takehome.writer import write_file
from cnnviz.training.point import Point
from tests.designs import make_run

POINTS = 100_000
MIB = 2**20


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    return Store(tmp_path)


def test_a_file_of_a_long_run_is_written_without_its_points_in_the_server(store: Store) -> None:
    run = make_run("anna", status=Status.DONE)
    store.add_run(run)
    store.append_points(run.id, [Point(step, step // 100, "batch", "loss", 1 / step) for step in range(1, POINTS + 1)])
    tracemalloc.start()
    written = export_run(run.id, "train.py")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    archive = read_archive(store, run)
    assert len(archive.points) == POINTS
    assert written == write_file("train.py", archive)
    assert peak < 2 * MIB


@pytest.mark.parametrize("name", QUICK_FILES)
def test_a_file_of_a_moment_does_not_wait_for_one_of_seconds(store: Store, name: str) -> None:
    """With thirty students, a script waited twenty seconds behind notebooks and reports."""
    run = make_run("anna", status=Status.DONE)
    store.add_run(run)
    with FILE_PROCESS.semaphore:  # as while a notebook is written
        assert export_run(run.id, name)


def test_a_run_that_was_deleted_meanwhile_is_told(store: Store) -> None:
    with pytest.raises(CnnvizError, match=r"This run has been deleted\."):
        export_run("no run", "train.py")
    store.close()
