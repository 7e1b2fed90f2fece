"""The device thread against a worker that does what each test tells it; test_cluster.py has the real one."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnnviz.runs import device as module
from cnnviz.runs.device import Device
from cnnviz.runs.process import death
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.runs.wire import Message
from cnnviz.training.point import Point
from tests.runs.conftest import WaitFor
from tests.runs.designs import run_of

SOON = 10.0


class Scripted:
    """Takes the place of WorkerProcess: keeps its orders, and reports and dies when a test says so."""

    made: list["Scripted"]
    refusals = 0

    def __init__(
        self, device: str, on_report: Callable[[Message, bytes], None], on_exit: Callable[[int], None]
    ) -> None:
        if type(self).refusals:
            type(self).refusals -= 1
            raise OSError(12, "Cannot allocate memory")
        self.pid = 1000 + len(self.made)
        self.orders: list[tuple[str, str]] = []
        self.closed = False
        self.report, self.die = on_report, on_exit
        self.made.append(self)

    def order(self, message: Message) -> None:
        assert not self.closed
        self.orders.append((message["type"], message["run"]))

    def kill(self) -> None:
        self.die(-9)

    def close(self) -> None:
        self.closed = True

    def says(self, kind: str, payload: bytes = b"", **values: object) -> None:
        self.report({"type": kind} | values, payload)

    def begins(self, run: Run) -> None:
        self.says("started", run=run.id, steps=10)

    def ends(self, run: Run, status: Status = Status.DONE, weights: bytes = b"", message: str = "") -> None:
        self.says("ended", weights, run=run.id, status=status, epoch=1, message=message)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def device(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    monkeypatch.setattr(module, "WorkerProcess", Scripted)
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    Scripted.made, Scripted.refusals = [], 0
    started = Device("cpu", store)
    yield started
    if started._thread.is_alive():
        started.close()
    assert not started._thread.is_alive()


def settle(device: Device) -> None:
    """Everything that was asked of the device so far is done."""
    device.call(lambda: None).result(SOON)


def started(device: Device) -> Scripted:
    device.start()
    settle(device)
    worker = Scripted.made[-1]
    worker.says("ready")
    settle(device)
    return worker


def submitted(device: Device, count: int = 1) -> list[Run]:
    runs = [run_of() for _ in range(count)]
    for run in runs:
        device.submit(run).result(SOON)
    return runs


def statuses(store: Store, runs: list[Run]) -> list[str]:
    return [str(run.status) for one in runs if (run := store.run(one.id))]


def test_runs_train_one_after_the_other_in_the_order_they_came(device: Device, store: Store) -> None:
    worker = started(device)
    runs = submitted(device, 3)
    for done, run in enumerate(runs):
        settle(device)
        assert worker.orders == [("train", one.id) for one in runs[: done + 1]]
        assert statuses(store, runs) == ["done"] * done + ["running"] + ["queued"] * (2 - done)
        worker.ends(run)
    settle(device)
    assert statuses(store, runs) == ["done"] * 3


def test_a_run_waits_until_the_worker_is_ready(device: Device, store: Store) -> None:
    device.start()
    (run,) = submitted(device)
    assert device.pid is None
    assert statuses(store, [run]) == ["queued"]
    Scripted.made[0].says("ready")
    settle(device)
    assert statuses(store, [run]) == ["running"]
    assert device.pid == 1000


def test_what_the_worker_reports_is_kept(device: Device, store: Store) -> None:
    worker = started(device)
    (run,) = submitted(device)
    point = Point(1, 1, "batch", "loss", 0.5)
    worker.says("started", run=run.id, steps=46)
    worker.says("points", run=run.id, points=[list(point)])
    worker.ends(run, Status.FAILED, b"weights", "The training diverged.")
    settle(device)
    found = store.run(run.id)
    assert found
    assert (found.status, found.message, found.steps) == (Status.FAILED, "The training diverged.", 46)
    assert found.started
    assert found.finished
    assert run.created <= found.started <= found.finished
    assert [kept for _, kept in store.points(run.id)] == [point]
    assert store.weights(run.id) == b"weights"


def test_stop_twice_is_harmless(device: Device, store: Store) -> None:
    worker = started(device)
    (run,) = submitted(device)
    one, two = device.stop(run.id), device.stop(run.id)
    settle(device)
    assert worker.orders[1:] == [("stop", run.id)]
    assert not one.done()
    worker.ends(run, Status.STOPPED)
    one.result(SOON)
    two.result(SOON)
    device.stop(run.id).result(SOON)
    device.stop("no such run").result(SOON)
    assert statuses(store, [run]) == ["stopped"]


def test_a_waiting_run_is_stopped_at_once_and_never_begins(device: Device, store: Store) -> None:
    worker = started(device)
    runs = submitted(device, 3)
    device.stop(runs[1].id).result(SOON)
    found = store.run(runs[1].id)
    assert found
    assert (found.status, found.message) == (Status.STOPPED, "Stopped before it began.")
    worker.ends(runs[0])
    settle(device)
    assert worker.orders == [("train", runs[0].id), ("train", runs[2].id)]


def test_a_worker_that_does_not_obey_a_stop_is_ended_and_the_run_is_stopped(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_GRACE", 0.01)
    started(device)
    run, waiting = submitted(device, 2)
    device.stop(run.id).result(SOON)
    assert statuses(store, [run, waiting]) == ["stopped", "queued"]
    settle(device)
    Scripted.made[1].says("ready")
    settle(device)
    assert Scripted.made[1].orders == [("train", waiting.id)]


def test_a_run_whose_worker_dies_fails_with_the_reason_and_the_next_one_trains(device: Device, store: Store) -> None:
    worker = started(device)
    runs = submitted(device, 2)
    worker.begins(runs[0])
    worker.die(-9)
    settle(device)
    found = store.run(runs[0].id)
    assert found
    assert (found.status, found.message) == (Status.FAILED, death(-9))
    assert worker.closed
    assert device.pid is None
    Scripted.made[1].says("ready")
    settle(device)
    assert Scripted.made[1].orders == [("train", runs[1].id)]


def test_the_last_words_of_a_dead_worker_change_nothing(device: Device, store: Store) -> None:
    worker = started(device)
    (run,) = submitted(device)
    worker.begins(run)
    worker.die(1)
    worker.ends(run)
    worker.die(1)
    settle(device)
    assert statuses(store, [run]) == ["failed"]
    assert len(Scripted.made) == 2


def test_a_worker_that_dies_while_starting_is_started_again(device: Device, store: Store, wait_for: WaitFor) -> None:
    device.start()
    (run,) = submitted(device)
    for number in range(3):
        wait_for(lambda number=number: len(Scripted.made) == number + 1)
        settle(device)
        Scripted.made[number].die(1)
    wait_for(lambda: len(Scripted.made) == 4)
    settle(device)
    Scripted.made[3].says("ready")
    settle(device)
    assert statuses(store, [run]) == ["running"]


def test_a_worker_that_cannot_be_started_is_tried_again(
    device: Device, caplog: pytest.LogCaptureFixture, wait_for: WaitFor
) -> None:
    """The OSError of a machine without memory ended the device's thread, and every later run waited for ever."""
    Scripted.refusals = 2
    device.start()
    wait_for(lambda: Scripted.made)
    settle(device)
    assert [record.message for record in caplog.records] == ["device cpu: no worker could be started"] * 2


def test_weights_that_cannot_be_kept_fail_their_run_and_not_the_next(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk at the end of a run left the run running and the device waiting for it for ever."""
    worker = started(device)
    runs = submitted(device, 2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "keep_weights", full)
    worker.ends(runs[0], weights=b"weights")
    settle(device)
    found = store.run(runs[0].id)
    assert found
    assert (found.status, found.message) == (
        Status.FAILED,
        "The server could not keep the weights of this run; its disk may be full.",
    )
    assert statuses(store, runs) == ["failed", "running"]
    assert "could not be kept" in caplog.text


def test_a_run_that_cannot_be_marked_as_begun_waits_for_the_next_chance(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    """A database locked at this moment lost the run: it was neither waiting nor sent to the worker."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    worker = started(device)

    def locked(*_: object, **__: object) -> None:
        raise OSError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "update", locked)
        (run,) = submitted(device)
        assert worker.orders == []
    wait_for(lambda: worker.orders == [("train", run.id)])  # without anybody's help
    (later,) = submitted(device)
    worker.ends(run)
    settle(device)
    assert statuses(store, [run, later]) == ["done", "running"]


def test_an_end_that_cannot_be_kept_does_not_hold_up_the_next_run(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    worker = started(device)
    runs = submitted(device, 2)
    update, refused = store.update, []

    def refuse_once(run_id: str, **values: object) -> None:
        if run_id == runs[0].id and not refused:
            refused.append(run_id)
            raise OSError("database is locked")
        update(run_id, **values)

    monkeypatch.setattr(store, "update", refuse_once)
    worker.ends(runs[0])
    settle(device)
    assert worker.orders == [("train", run.id) for run in runs]
    wait_for(lambda: statuses(store, runs) == ["done", "running"])  # it is written as soon as it can be


def test_a_run_that_never_began_on_a_dead_worker_is_begun_once_more(device: Device, store: Store) -> None:
    """A worker that died between two runs failed the next one, for want of memory that it had never asked for."""
    worker = started(device)
    (run,) = submitted(device)
    worker.die(-9)
    settle(device)
    assert statuses(store, [run]) == ["queued"]
    Scripted.made[1].says("ready")
    settle(device)
    assert Scripted.made[1].orders == [("train", run.id)]
    Scripted.made[1].die(-9)
    settle(device)
    assert statuses(store, [run]) == ["failed"]


def test_a_death_whose_end_cannot_be_written_leaves_a_working_device(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    """The write raised before a new worker was started: no run trained on this device any more."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    worker = started(device)
    runs = submitted(device, 2)
    worker.begins(runs[0])
    settle(device)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "update", full)
        worker.die(1)
        settle(device)
        Scripted.made[1].says("ready")
        settle(device)
    wait_for(lambda: statuses(store, runs) == ["failed", "running"])
    assert Scripted.made[1].orders == [("train", runs[1].id)]


def test_points_that_cannot_be_written_are_written_later(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    worker = started(device)
    (run,) = submitted(device)

    def locked(*_: object) -> None:
        raise OSError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "append", locked)
        worker.says("points", run=run.id, points=[[1, 1, "batch", "loss", 2.0]])
        settle(device)
    wait_for(lambda: [point for _, point in store.points(run.id)] == [Point(1, 1, "batch", "loss", 2.0)])


def test_a_stop_needs_no_store(device: Device, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = started(device)
    (run,) = submitted(device)

    def locked(*_: object) -> None:
        raise OSError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "run", locked)
        device.stop(run.id)
        settle(device)
    assert worker.orders == [("train", run.id), ("stop", run.id)]


def test_close_fails_what_runs_and_keeps_what_waits(
    device: Device, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Ending the current run used to begin the next one on the closed worker, which lost it at the restart."""
    caplog.set_level(logging.WARNING)
    worker = started(device)
    runs = submitted(device, 2)
    device.close()
    assert worker.closed
    assert statuses(store, runs) == ["failed", "queued"]
    found = store.run(runs[0].id)
    assert found
    assert found.message == "The server was shut down during this run. Start it again."
    assert caplog.records == []


def test_a_known_run_is_trained_when_it_is_resumed(device: Device, store: Store) -> None:
    run, over = run_of(), run_of(status=Status.DONE)
    store.add(run)
    store.add(over)
    for one in (over, run):
        device.resume(one.id)
    assert started(device).orders == [("train", run.id)]


def test_a_call_hands_its_exception_to_the_caller(device: Device) -> None:
    device.start()
    with pytest.raises(ZeroDivisionError):
        device.call(lambda: 1 // 0).result(SOON)
    assert device.call(lambda: 42).result(SOON) == 42


def test_death_names_memory_for_sigkill_and_the_code_otherwise() -> None:
    assert death(-9).startswith("The training process was killed, most likely because the machine ran out of memory.")
    assert death(-11) == "The training process ended unexpectedly (signal 11). Start the run again."
    assert death(3) == "The training process ended unexpectedly (exit code 3). Start the run again."
