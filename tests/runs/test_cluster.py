"""The cluster over a real worker process and a data directory of its own."""

import logging
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from safetensors.torch import load

from cnnviz.architecture import build
from cnnviz.errors import CnnvizError, DataError, DesignError, LimitError
from cnnviz.layers import Conv2d
from cnnviz.runs import cluster as module
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.desk import Draft
from cnnviz.runs.device import STOP_GRACE
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from tests.points import best_epoch
from tests.runs.conftest import Ended, WaitFor
from tests.runs.designs import ANNA, BERT, DIVERGING, ENDLESS, NET, SHORT, run_of

STOP_SECONDS = 10.0
BROKEN_OFF = "The server was stopped during this run. Start it again."

LEFT_BEHIND = {
    "running": run_of(status=Status.RUNNING, created=1.0),
    "queued": run_of(created=2.0),
    "elsewhere": run_of(device="cuda:9", created=3.0),
    "done": run_of(status=Status.DONE, created=4.0),
}


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster in a data directory that a server left in the middle of its work."""
    folder = tmp_path_factory.mktemp("data")
    store = Store(folder)
    for run in LEFT_BEHIND.values():
        store.add(run)
    store.close()
    before = children()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(folder))
        settings.cache_clear()
        limits = Settings(max_active_runs=3, max_parameters=50_000, max_training_bytes=100 * 2**20, devices="cpu")
        running = Cluster(limits)
        yield running
        running.close()
    settings.cache_clear()
    assert children() <= before


@pytest.fixture(autouse=True)
def no_task_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.ERROR)
    yield
    assert caplog.records == []


@pytest.fixture
def running(server: Cluster, wait_for: WaitFor) -> Iterator[Run]:
    """A run of Anna's that trains and would go on for long."""
    run = server.submit(ANNA, NET, ENDLESS)
    wait_for(lambda: server.store.points(run.id))
    yield run
    server.stop(ANNA, run.id, wait=STOP_SECONDS)


def status(server: Cluster, run: Run) -> Status:
    return server.run(run.owner, run.id).status


def test_a_restart_trains_what_waited_and_fails_what_ran(server: Cluster, ended: Ended) -> None:
    found = {name: ended(server.store, run.id) for name, run in LEFT_BEHIND.items()}
    assert {name: run.status for name, run in found.items()} == {
        "running": "failed",
        "queued": "done",
        "elsewhere": "failed",
        "done": "done",
    }
    assert (found["running"].message, found["elsewhere"].message) == (BROKEN_OFF, BROKEN_OFF)
    assert server.store.weights(found["queued"].id)
    assert found["done"] == LEFT_BEHIND["done"]


def test_a_submitted_run_ends_done_with_points_and_weights(server: Cluster, ended: Ended) -> None:
    run = server.submit(ANNA, NET, SHORT)
    assert (run.owner, run.architecture, run.config, run.status) == (ANNA, NET, SHORT, Status.QUEUED)
    assert server.store.of(ANNA)[0].id == run.id
    found = ended(server.store, run.id)
    assert (found.status, found.message, found.steps) == (Status.DONE, "", 46)
    assert replace(found, status=run.status, steps=0, started=None, finished=None) == run
    points = [point for _, point in server.store.points(run.id)]
    assert [p.step for p in points if p.split == "batch"] == list(range(1, 47))
    assert points[-1].split == "test"
    assert points[-1].epoch == best_epoch(points)[0]
    weights = server.store.weights(run.id)
    assert weights
    build(NET).load_state_dict(load(weights))


def test_a_running_run_stops_soon_and_twice_is_harmless(server: Cluster, running: Run) -> None:
    pid = server.devices["cpu"].pid
    begin = time.monotonic()
    server.stop(ANNA, running.id, wait=STOP_SECONDS)
    took = time.monotonic() - begin
    stopped = server.run(ANNA, running.id)
    assert (stopped.status, stopped.message) == (Status.STOPPED, "")
    assert took < STOP_GRACE
    assert server.devices["cpu"].pid == pid  # it obeyed; nobody had to end it
    server.stop(ANNA, running.id, wait=STOP_SECONDS)
    assert server.run(ANNA, running.id) == stopped
    assert "test" not in {point.split for _, point in server.store.points(running.id)}


def test_runs_wait_in_the_order_they_came_and_a_waiting_one_can_be_stopped(
    server: Cluster, running: Run, ended: Ended
) -> None:
    first, second, third = (server.submit(BERT, NET, SHORT) for _ in range(3))
    assert [server.ahead(run) for run in (first, second, third)] == [1, 2, 3]
    server.stop(BERT, second.id, wait=STOP_SECONDS)
    stopped = server.run(BERT, second.id)
    assert (stopped.status, stopped.message) == (Status.STOPPED, "Stopped before it began.")
    assert stopped.started is None
    assert server.ahead(third) == 2
    assert {status(server, first), status(server, third)} == {Status.QUEUED}
    server.stop(ANNA, running.id, wait=STOP_SECONDS)
    one, three = ended(server.store, first.id), ended(server.store, third.id)
    assert one.status == three.status == Status.DONE
    assert one.finished
    assert three.started
    assert one.finished <= three.started
    assert server.store.points(second.id) == []


def test_a_run_is_its_owners_alone(server: Cluster, running: Run) -> None:
    for look in (server.run, server.stop):
        with pytest.raises(DesignError, match=r"^There is no such run of yours\.$"):
            look(BERT, running.id)
        with pytest.raises(DesignError, match=r"^There is no such run of yours\.$"):
            look(ANNA, "0" * 32)
    assert running.id not in {run.id for run in server.store.of(BERT)}
    assert status(server, running) == Status.RUNNING


def test_a_killed_worker_fails_its_run_with_the_reason_and_the_next_run_trains_in_a_new_one(
    server: Cluster, running: Run, ended: Ended
) -> None:
    waiting = server.submit(BERT, NET, SHORT)
    pid = server.devices["cpu"].pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    failed = ended(server.store, running.id)
    assert failed.status == Status.FAILED
    assert failed.message.startswith("The training process was killed, most likely because the machine ran out")
    assert server.store.points(running.id)  # what was learned until then can still be seen
    assert ended(server.store, waiting.id).status == Status.DONE
    assert server.devices["cpu"].pid not in (None, pid)
    assert not psutil.pid_exists(pid)


def test_one_run_too_many_is_refused_until_one_ends(server: Cluster, running: Run, wait_for: WaitFor) -> None:
    waiting = [server.submit(ANNA, NET, SHORT) for _ in range(2)]
    before = server.store.of(ANNA)
    with pytest.raises(LimitError, match=r"^You have 3 runs waiting or running, as many as this server allows"):
        server.submit(ANNA, NET, SHORT)
    assert [run.id for run in server.store.of(ANNA)] == [run.id for run in before]
    others = server.submit(BERT, NET, SHORT)
    server.stop(ANNA, waiting[0].id, wait=STOP_SECONDS)
    waiting.append(server.submit(ANNA, NET, SHORT))
    for run in [*waiting, others]:
        server.stop(run.owner, run.id, wait=STOP_SECONDS)


def test_what_cannot_be_trained_is_refused_and_leaves_no_run(server: Cluster) -> None:
    before = server.store.of(ANNA)
    large = NET.replaced(1, out_features=1000)
    wide = NET.inserted(0, Conv2d(out_channels=64, kernel_size=3)).replaced(2, out_features=10)
    for architecture, config, error, sentence in [
        (large, SHORT, LimitError, r"^This design has 65,000 parameters; this server trains at most 50,000\.$"),
        (wide, TrainConfig(dataset="digits", batch_size=4096), LimitError, r"this server gives a run at most 100 MB"),
        (NET.removed(0), SHORT, DesignError, r"^This design ends in 1 × 8 × 10; a classifier must end in one row"),
        (NET, TrainConfig(dataset="nothing"), DataError, r"^There is no data set “nothing” here any more"),
    ]:
        with pytest.raises(error, match=sentence):
            server.submit(ANNA, architecture, config)
    assert server.store.of(ANNA) == before


def test_a_divergence_fails_the_run_with_its_sentence(server: Cluster, ended: Ended) -> None:
    run = server.submit(ANNA, DIVERGING, TrainConfig(dataset="digits", epochs=3, learning_rate=10.0))
    found = ended(server.store, run.id)
    assert found.status == Status.FAILED
    assert "the training diverged. Try a learning rate ten times smaller (1)" in found.message


def test_desks_are_written_by_the_thread_of_a_device(server: Cluster, wait_for: WaitFor) -> None:
    server.desks.keep_draft(ANNA, Draft(architecture=DIVERGING), "", "one")
    wait_for(lambda: server.store.kept(ANNA, "draft"))
    assert server.desks.draft(ANNA) == Draft(architecture=DIVERGING)
    assert server.desks.draft(BERT) is None


def test_a_second_server_in_the_same_data_directory_is_refused(
    server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.05)
    folder = settings().data_dir
    before = children()
    with pytest.raises(CnnvizError) as caught:
        Cluster(Settings(data_dir=folder))
    assert str(caught.value) == (
        f"Another cnnviz server works in {folder}. Stop it, or set CNNVIZ_DATA_DIR to another folder."
    )
    assert children() == before


def test_closing_ends_the_worker_and_gives_the_data_directory_to_the_next_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.05)
    before = children()
    first = Cluster(Settings(data_dir=tmp_path, devices="cpu"))
    running, waiting = (first.submit(ANNA, NET, ENDLESS) for _ in range(2))
    wait_for(lambda: first.store.points(running.id))
    assert children() > before
    first.close()
    assert children() == before
    store = Store(tmp_path)
    found = [store.run(run.id) for run in (running, waiting)]
    assert [run.status for run in found if run] == ["failed", "queued"]
    store.close()
    second = Cluster(Settings(data_dir=tmp_path, devices="cpu"))
    second.stop(ANNA, waiting.id, wait=STOP_SECONDS)
    second.close()  # while its worker still starts
    assert children() == before


def test_the_devices_are_those_named_or_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(devices: str, gpus: int) -> list[str]:
        monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
        return module._devices(Settings(devices=devices))

    assert names("", 0) == ["cpu"]
    assert names("", 2) == ["cuda:0", "cuda:1"]
    assert names(" cpu , cuda:1,", 2) == ["cpu", "cuda:1"]
