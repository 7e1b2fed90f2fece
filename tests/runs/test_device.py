"""The device thread against a worker that each test scripts; test_cluster.py has the real one."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from pydantic import TypeAdapter
from safetensors.torch import load

from cnnviz.insight.seed_question import SeedAnswer
from cnnviz.layers import RReLU
from cnnviz.runs import device as module
from cnnviz.runs import retry_queue
from cnnviz.runs.admission import estimate_memory
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.device import Device
from cnnviz.runs.rotation import SLICE_SECONDS
from cnnviz.runs.run import LR_FINDER_RUN, TRAIN_RUN, Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.store import Store
from cnnviz.runs.worker import supervisor
from cnnviz.runs.worker.messages import (
    CheckpointReport,
    EndedReport,
    LeaveOrder,
    PausedReport,
    PointsReport,
    ProgressReport,
    ReadyReport,
    ShareOrder,
    SpeedReport,
    StartedReport,
    TrainOrder,
    TurnReport,
    WorkerOrder,
    WorkerReport,
)
from cnnviz.settings import Settings
from cnnviz.training.device_speed import DeviceSpeed
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import Point
from cnnviz.training.snapshot import Snapshot
from cnnviz.visitors import Visitors
from tests.conftest import WaitFor
from tests.designs import BERT, DIVERGING, SHORT, make_run, tensor_file

SOON = 10.0
FASTER = SHORT.changed(learning_rate=0.03)
GIB = 2**30


class ScriptedWorker:
    """Takes the place of WorkerProcess: keeps its orders, and reports and dies when a test says so."""

    workers: list["ScriptedWorker"]
    refusals = 0

    def __init__(
        self,
        module: str,
        device: str,
        reports: TypeAdapter[WorkerReport],
        on_report: Callable[[WorkerReport, bytes], None],
        on_exit: Callable[[int], None],
        *,
        oom_score: int,
    ) -> None:
        if type(self).refusals:
            type(self).refusals -= 1
            raise OSError(12, "Cannot allocate memory")
        self.pid = 1000 + len(self.workers)
        self.orders: list[tuple[str, str]] = []
        self.shares: dict[str, str] = {}
        self.stacks: dict[str, str] = {}
        self.closed = False
        self.report, self.die = on_report, on_exit
        self.workers.append(self)

    def send_order(self, order: WorkerOrder) -> None:
        if isinstance(order, TrainOrder | ShareOrder):
            self.shares[order.run] = order.share
        if isinstance(order, TrainOrder):
            self.stacks[order.run] = order.stack
        assert not self.closed
        self.orders.append((order.type, "" if isinstance(order, LeaveOrder) else order.run))

    def kill(self) -> None:
        self.die(-9)

    def close(self) -> None:
        self.closed = True

    def says(self, report: WorkerReport, payload: bytes = b"") -> None:
        self.report(report, payload)

    def is_ready(self) -> None:
        self.says(ReadyReport(total_bytes=GIB, used_bytes=0))

    def begins(self, run: Run, step: int = 0) -> None:
        self.says(TurnReport(run=run.id))
        self.says(StartedReport(run=run.id, steps=10, step=step))

    def ends(self, run: Run, status: Status = Status.DONE, weights: bytes = b"", message: str = "") -> None:
        reason = {Status.STOPPED: EndReason.STUDENT, Status.FAILED: EndReason.DIVERGED}.get(status, EndReason.NONE)
        self.says(EndedReport(run=run.id, status=status, reason=reason, epoch=1, message=message, seconds=1.5), weights)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def limits() -> Settings:
    return Settings(max_running_runs=1, max_run_seconds=100)


class Clock:
    """What a device takes for the time."""

    now = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def device(
    store: Store, limits: Settings, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Device]:
    yield from scripted_device(
        monkeypatch, lambda: Device("cpu", store, Checkpoints(tmp_path), limits, lambda: clock.now)
    )


@pytest.fixture
def stacking_device(
    store: Store, limits: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Device]:
    """A device that trains seeds in one pass, as a GPU does."""
    yield from scripted_device(
        monkeypatch, lambda: Device("cpu", store, Checkpoints(tmp_path), limits, stacks_seeds=True)
    )


def scripted_device(monkeypatch: pytest.MonkeyPatch, build: Callable[[], Device]) -> Iterator[Device]:
    monkeypatch.setattr(supervisor, "WorkerProcess", ScriptedWorker)
    monkeypatch.setattr(supervisor, "FIRST_RESTART_DELAY", 0.01)
    monkeypatch.setattr(retry_queue, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.01)
    monkeypatch.setattr(module, "FORECAST_SECONDS", -1.0)
    ScriptedWorker.workers, ScriptedWorker.refusals = [], 0
    started = build()
    yield started
    if started.loop.is_alive:
        started.close()
    assert not started.loop.is_alive


def settle(device: Device) -> None:
    """Waits until the device has done everything that was asked of it so far."""
    device.loop.submit(lambda: None).result(SOON)


def started(device: Device) -> ScriptedWorker:
    device.start()
    settle(device)
    worker = ScriptedWorker.workers[-1]
    worker.is_ready()
    settle(device)
    return worker


def submitted(device: Device, count: int = 1) -> list[Run]:
    runs = [make_run() for _ in range(count)]
    for run in runs:
        device.submit(run).result(SOON)
    return runs


def statuses(store: Store, runs: list[Run]) -> list[str]:
    return [str(run.status) for one in runs if (run := store.run(one.id))]


def test_the_runs_of_one_student_train_as_many_at_a_time_as_the_server_allows_in_the_order_they_came(
    device: Device, store: Store
) -> None:
    worker = started(device)
    runs = submitted(device, 3)
    for done, run in enumerate(runs):
        settle(device)
        assert worker.orders == [("train", one.id) for one in runs[: done + 1]]
        assert statuses(store, runs) == ["done"] * done + ["running"] + ["queued"] * (2 - done)
        worker.ends(run)
    settle(device)
    assert statuses(store, runs) == ["done"] * 3


@pytest.mark.parametrize(
    ("reached", "answer"),
    [
        ((0.7, 0.82), SeedAnswer.WITHIN),
        ((0.859, 0.858), SeedAnswer.BEYOND),
        ((0.83, 0.84, 0.81, 0.85), None),
    ],
)
def test_seeds_are_trained_one_after_another_until_they_decide(
    reached: tuple[float, ...], answer: SeedAnswer | None, device: Device, store: Store
) -> None:
    worker = started(device)
    before = make_run(status=Status.DONE, score=Score(accuracy=0.8), created=1.0)
    changed = make_run(
        status=Status.DONE, score=Score(accuracy=0.86), config=FASTER, parent=before.id, started=2.0, created=2.0
    )
    for run in (before, changed):
        store.add_run(run)
        store.save_fact(run.id, "parts", [1000, 400, 400])
    configs = [FASTER.changed(seed=seed) for seed in (1, 2, 3, 4)]
    seeds = [make_run(config=config, parent=changed.id, seed_group=changed.id) for config in configs]
    for seed in seeds:
        device.submit(seed).result(SOON)
    for seed, accuracy in zip(seeds, reached, strict=False):
        settle(device)
        assert worker.orders[-1] == ("train", seed.id)
        points = [Point(1, 1, "validation", name, value) for name, value in (("loss", 0.5), ("accuracy", accuracy))]
        worker.says(PointsReport(run=seed.id, points=tuple(points)))
        worker.ends(seed)
    settle(device)
    assert [run_id for _, run_id in worker.orders] == [seed.id for seed in seeds[: len(reached)]]
    for seed in seeds[len(reached) :]:
        left_out = store.run(seed.id)
        assert left_out
        assert (left_out.status, left_out.end_reason) == (Status.STOPPED, EndReason.SEEDS_DECIDED)
        assert left_out.message == f"Not trained, as the other seeds decide without it: {answer}."


def test_seeds_are_ordered_in_one_pass_where_the_device_and_the_net_allow(
    stacking_device: Device, store: Store
) -> None:
    worker, first = started(stacking_device), make_run()
    random = first.architecture.model_copy(update={"layers": (RReLU(), *first.architecture.layers)})
    stackable = [make_run(config=FASTER.changed(seed=seed), seed_group=first.id) for seed in (1, 2, 3)]
    others = [make_run(BERT, seed_group="another", architecture=random) for _ in range(2)]
    alone = make_run("s" + "c" * 31)
    for run in (*stackable, *others, alone):
        stacking_device.submit(run).result(SOON)
    settle(stacking_device)
    assert worker.orders == [("train", run.id) for run in (*stackable, others[0], alone)]
    assert worker.stacks == {run.id: first.id for run in stackable} | {others[0].id: "", alone.id: ""}
    assert statuses(store, stackable) == ["running"] * 3


def test_a_cpu_trains_seeds_one_after_another_and_a_gpu_in_one_pass(
    store: Store, limits: Settings, tmp_path: Path
) -> None:
    for name, together in (("cpu", False), ("cuda:0", True)):
        assert Device(name, store, Checkpoints(tmp_path), limits).stacks(make_run()) == together


def test_a_search_for_a_rate_that_is_stopped_while_it_is_paused_leaves_no_checkpoint(
    device: Device, store: Store, tmp_path: Path
) -> None:
    started(device)
    search, training = (make_run(kind=kind, status=Status.PAUSED) for kind in (LR_FINDER_RUN, TRAIN_RUN))
    checkpoints = Checkpoints(tmp_path)
    for run in (search, training):
        store.add_run(run)
        for number in (1, 2):
            file = checkpoints.temporary_path(run.id, number)
            file.write_bytes(b"a checkpoint")
            checkpoints.commit(run.id, file.name)
        device.stop(run.id).result(SOON)
    settle(device)
    assert [len(checkpoints.find_all(run.id)) for run in (search, training)] == [0, 2]


def test_a_run_waits_until_the_worker_is_ready(device: Device, store: Store) -> None:
    device.start()
    (run,) = submitted(device)
    assert device.pid is None
    assert statuses(store, [run]) == ["queued"]
    ScriptedWorker.workers[0].is_ready()
    settle(device)
    assert statuses(store, [run]) == ["running"]
    assert device.pid == 1000


def test_what_the_worker_reports_is_kept(device: Device, store: Store) -> None:
    worker = started(device)
    (run,) = submitted(device)
    point = Point(1, 1, "batch", "loss", 0.5)
    worker.says(StartedReport(run=run.id, steps=46, step=0))
    worker.says(PointsReport(run=run.id, points=(point,)))
    worker.ends(run, Status.FAILED, tensor_file("weights"), "The training diverged.")
    settle(device)
    stored_run = store.run(run.id)
    assert stored_run
    assert (stored_run.status, stored_run.message, stored_run.steps) == (Status.FAILED, "The training diverged.", 46)
    assert stored_run.end_reason == EndReason.DIVERGED
    assert stored_run.started
    assert stored_run.finished
    assert run.created <= stored_run.started <= stored_run.finished
    assert [stored for _, stored in store.points(run.id)] == [point]
    assert store.weights(run.id) == tensor_file("weights")


def test_the_best_measurement_of_the_speed_counts_whenever_it_comes(device: Device) -> None:
    """A server that started on a busy machine refused nets for as long as it ran."""
    worker = started(device)
    for speed in (DeviceSpeed(1e9, 1e8, 1e-3), DeviceSpeed(5e9, 1e7, 1e-4), DeviceSpeed(2e9, 3e8, 5e-4)):
        worker.says(SpeedReport(speed=speed))
    settle(device)
    assert device.speed == DeviceSpeed(5e9, 3e8, 1e-4)


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
    stored_run = store.run(runs[1].id)
    assert stored_run
    assert (stored_run.status, stored_run.message) == (Status.STOPPED, "Stopped before it began.")
    assert stored_run.end_reason == EndReason.STUDENT
    worker.ends(runs[0])
    settle(device)
    assert worker.orders == [("train", runs[0].id), ("train", runs[2].id)]


def test_a_worker_that_does_not_obey_a_stop_is_ended_and_the_run_is_stopped(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_GRACE_SECONDS", 0.01)
    started(device)
    run, waiting = submitted(device, 2)
    device.stop(run.id).result(SOON)
    assert statuses(store, [run, waiting]) == ["stopped", "queued"]
    settle(device)
    ScriptedWorker.workers[1].is_ready()
    settle(device)
    assert ScriptedWorker.workers[1].orders == [("train", waiting.id)]


def test_a_run_whose_worker_dies_goes_on_and_fails_with_the_reason_when_it_happens_again(
    device: Device, store: Store
) -> None:
    worker = started(device)
    runs = submitted(device, 2)
    worker.begins(runs[0])
    worker.die(-9)
    settle(device)
    assert statuses(store, runs) == ["queued", "queued"]
    assert worker.closed
    assert device.pid is None
    again = ScriptedWorker.workers[1]
    again.is_ready()
    settle(device)
    assert again.orders == [("train", runs[0].id)]
    again.begins(runs[0])
    again.die(-9)
    settle(device)
    stored_run = store.run(runs[0].id)
    assert stored_run
    assert stored_run.status == Status.FAILED
    assert stored_run.message.startswith(
        "The training process ended unexpectedly (signal 9, SIGKILL), twice after step "
    )
    assert stored_run.end_reason == EndReason.WORKER_DIED
    ScriptedWorker.workers[2].is_ready()
    settle(device)
    assert ScriptedWorker.workers[2].orders == [("train", runs[1].id)]


def test_the_last_words_of_a_dead_worker_change_nothing(device: Device, store: Store) -> None:
    worker = started(device)
    (run,) = submitted(device)
    worker.begins(run)
    worker.die(1)
    worker.ends(run)
    worker.die(1)
    settle(device)
    assert statuses(store, [run]) == ["queued"]
    assert len(ScriptedWorker.workers) == 2


def test_a_worker_that_dies_while_starting_is_started_again(device: Device, store: Store, wait_for: WaitFor) -> None:
    device.start()
    (run,) = submitted(device)
    for number in range(3):
        wait_for(lambda number=number: len(ScriptedWorker.workers) == number + 1)
        settle(device)
        ScriptedWorker.workers[number].die(1)
    wait_for(lambda: len(ScriptedWorker.workers) == 4)
    settle(device)
    ScriptedWorker.workers[3].is_ready()
    settle(device)
    assert statuses(store, [run]) == ["running"]


def test_a_worker_that_cannot_be_started_is_tried_again(
    device: Device, caplog: pytest.LogCaptureFixture, wait_for: WaitFor
) -> None:
    """The OSError of a machine without memory ended the device's thread, and every later run waited for ever."""
    ScriptedWorker.refusals = 2
    device.start()
    wait_for(lambda: ScriptedWorker.workers)
    settle(device)
    assert [record.message for record in caplog.records] == ["device cpu: no worker could be started"] * 2


def test_weights_that_cannot_be_kept_are_kept_later_and_hold_up_no_other_run(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    """A full disk at the end of a run left the run running and the device waiting for it for ever."""
    worker = started(device)
    runs = submitted(device, 2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "save_weights", full)
        worker.ends(runs[0], weights=tensor_file("weights"))
        settle(device)
        assert worker.orders == [("train", run.id) for run in runs]
        assert store.weights(runs[0].id) is None
    wait_for(lambda: statuses(store, runs) == ["done", "running"])
    assert store.weights(runs[0].id) == tensor_file("weights")


def test_a_run_that_cannot_be_marked_as_begun_waits_for_the_next_chance(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    """A database locked at this moment lost the run: it was neither waiting nor sent to the worker."""
    worker = started(device)

    def locked(*_: object, **__: object) -> None:
        raise OSError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "update_run", locked)
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
    worker = started(device)
    runs = submitted(device, 2)
    update, refused = store.update_run, []

    def refuse_once(run_id: str, **values: object) -> None:
        if run_id == runs[0].id and not refused:
            refused.append(run_id)
            raise OSError("database is locked")
        update(run_id, **values)

    monkeypatch.setattr(store, "update_run", refuse_once)
    worker.ends(runs[0])
    settle(device)
    assert worker.orders == [("train", run.id) for run in runs]
    wait_for(lambda: statuses(store, runs) == ["done", "running"])  # it is written as soon as it can be


def test_a_death_whose_end_cannot_be_written_leaves_a_working_device(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    """The write raised before a new worker was started: no run trained on this device any more."""
    worker = started(device)
    runs = submitted(device, 2)
    worker.begins(runs[0])
    settle(device)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "update_run", full)
        worker.die(1)
        settle(device)
        ScriptedWorker.workers[1].is_ready()
        settle(device)
    wait_for(lambda: ScriptedWorker.workers[1].orders == [("train", runs[0].id)])
    wait_for(lambda: statuses(store, runs) == ["running", "queued"])


def test_points_that_cannot_be_written_are_written_later(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    worker = started(device)
    (run,) = submitted(device)

    def locked(*_: object) -> None:
        raise OSError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "append_points", locked)
        worker.says(PointsReport(run=run.id, points=(Point(1, 1, "batch", "loss", 2.0),)))
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


def test_close_lets_the_worker_leave_and_the_next_server_go_on(
    device: Device, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Ending the current run used to begin the next one on the closed worker, which lost it at the restart."""
    caplog.set_level(logging.WARNING)
    worker = started(device)
    runs = submitted(device, 2)
    device.close()
    assert worker.closed
    assert worker.orders == [("train", runs[0].id), ("leave", "")]
    assert statuses(store, runs) == ["running", "queued"]
    assert caplog.records == []


def test_what_an_earlier_server_left_is_trained(device: Device, store: Store) -> None:
    run, over = make_run(), make_run(status=Status.DONE)
    store.add_run(run)
    store.add_run(over)
    for one in (over, run):
        device.requeue(one)
    assert started(device).orders == [("train", run.id)]


def test_a_call_hands_its_exception_to_the_caller(device: Device) -> None:
    device.start()
    with pytest.raises(ZeroDivisionError):
        device.loop.submit(lambda: 1 // 0).result(SOON)
    assert device.loop.submit(lambda: 42).result(SOON) == 42


OTHERS = [character * 32 for character in "cdefgh"]


def submit_for_others(device: Device, count: int) -> list[Run]:
    """Submits one run for each of `count` other students."""
    runs = [make_run(owner) for owner in OTHERS[:count]]
    for run in runs:
        device.submit(run).result(SOON)
    return runs


def checkpointed(tmp_path: Path, run: Run, step: int = 5) -> None:
    """A checkpoint of a run, with the weights of its best epoch in it."""
    facts = {"step": step, "best": {"step": 3, "epoch": 1, "score": (0.5, -1.0)}}
    temporary_file = Checkpoints(tmp_path).temporary_path(run.id, 1)
    Snapshot({"best/weight": torch.ones(2)}, facts).write(temporary_file)
    Checkpoints(tmp_path).commit(run.id, temporary_file.name)


def test_students_take_turns_as_long_as_there_is_memory_and_make_room_for_a_large_run(
    device: Device, store: Store, clock: Clock
) -> None:
    device.start()
    runs = submit_for_others(device, 4)
    large = make_run(OTHERS[4], architecture=DIVERGING, config=SHORT.changed(batch_size=4096))
    device.submit(large).result(SOON)
    small = make_run(OTHERS[5])
    device.submit(small).result(SOON)
    one, most = estimate_memory(runs[0]), estimate_memory(large)
    assert most > one
    worker = ScriptedWorker.workers[0]
    worker.says(ReadyReport(total_bytes=2 * (4 * one + most - 1), used_bytes=0))
    settle(device)
    assert statuses(store, [*runs, large, small]) == ["running"] * 4 + ["queued", "running"]  # it has passed
    assert device.forecast(large.id).places == {large.id: 0}
    worker.ends(small)

    def trains(run: Run, seconds: float) -> None:
        worker.says(ProgressReport(run=run.id, step=1, seconds=seconds, used_bytes=0))
        settle(device)

    for seconds, run in enumerate(runs, start=1):
        worker.begins(run)
        trains(run, seconds)
    assert ("pause", runs[3].id) not in worker.orders
    clock.now += SLICE_SECONDS
    trains(runs[0], 1.0)
    assert worker.orders[-1] == ("pause", runs[3].id)  # the one for which the device has worked most
    trains(runs[0], 1.0)
    assert worker.orders.count(("pause", runs[3].id)) == 1
    worker.says(PausedReport(run=runs[3].id))
    settle(device)
    assert statuses(store, [*runs, large]) == ["running"] * 3 + ["queued", "running"]
    forecast = device.forecast(runs[3].id)
    assert runs[3].id not in forecast.places
    assert forecast.seconds_left(runs[3].id) is not None
    clock.now += SLICE_SECONDS
    trains(large, 30.0)
    assert worker.orders[-1] == ("pause", large.id)
    worker.says(PausedReport(run=large.id))
    settle(device)
    assert statuses(store, [*runs, large]) == ["running"] * 4 + ["queued"]
    assert worker.orders[-1] == ("train", runs[3].id)


def test_a_run_too_large_for_the_memory_trains_alone(device: Device, store: Store) -> None:
    device.start()
    runs = submit_for_others(device, 2)
    ScriptedWorker.workers[0].says(ReadyReport(total_bytes=8, used_bytes=0))
    settle(device)
    assert statuses(store, runs) == ["running", "queued"]


def test_the_youngest_waits_again_when_the_memory_really_taken_is_too_much(device: Device, store: Store) -> None:
    worker = started(device)
    runs = submit_for_others(device, 3)
    for run in runs:
        worker.begins(run)
    worker.says(ProgressReport(run=runs[0].id, step=1, seconds=1.0, used_bytes=int(0.7 * GIB)))
    settle(device)
    assert worker.orders[3:] == [("pause", runs[2].id)]
    worker.says(PausedReport(run=runs[2].id))
    settle(device)
    assert statuses(store, runs) == ["running", "running", "queued"]
    worker.ends(runs[0])
    settle(device)
    assert statuses(store, runs) == ["done", "running", "running"]  # two of them fit


def test_a_pause_gives_the_turn_to_the_next_and_a_resume_waits_for_one(device: Device, store: Store) -> None:
    worker = started(device)
    runs = submitted(device, 2)
    device.pause(runs[0].id).result(SOON)
    device.pause(runs[0].id).result(SOON)
    assert worker.orders[1:] == [("pause", runs[0].id)]
    worker.says(PausedReport(run=runs[0].id))
    settle(device)
    assert statuses(store, runs) == ["paused", "running"]
    device.resume(runs[0]).result(SOON)
    device.resume(runs[0]).result(SOON)
    assert statuses(store, runs) == ["queued", "running"]
    worker.ends(runs[1])
    settle(device)
    assert statuses(store, runs) == ["running", "done"]


def test_a_waiting_run_is_paused_where_it_stands(device: Device, store: Store) -> None:
    worker = started(device)
    runs = submitted(device, 3)
    device.pause(runs[1].id).result(SOON)
    assert statuses(store, runs) == ["running", "paused", "queued"]
    worker.ends(runs[0])
    settle(device)
    assert statuses(store, runs) == ["done", "paused", "running"]


@pytest.mark.parametrize("damaged", [False, True])
def test_a_paused_run_that_is_stopped_keeps_its_best_weights(
    device: Device, store: Store, tmp_path: Path, damaged: bool
) -> None:
    worker = started(device)
    (run,) = submitted(device)
    device.pause(run.id).result(SOON)
    worker.says(PausedReport(run=run.id))
    checkpointed(tmp_path, run)
    if damaged:
        checkpointed(tmp_path, run)
        Checkpoints(tmp_path).find_all(run.id)[0].write_bytes(b"damaged")  # the one before it has them, too
    device.stop(run.id).result(SOON)
    stored_run = store.run(run.id)
    assert stored_run
    assert (stored_run.status, stored_run.message) == (Status.STOPPED, "")
    weights = store.weights(run.id)
    assert weights
    assert load(weights)["weight"].tolist() == [1, 1]


def test_only_points_that_are_new_are_kept_of_a_run_that_goes_on(device: Device, store: Store) -> None:
    run = make_run()
    store.add_run(run)
    shown = [Point(step, 1, "batch", "loss", step / 10) for step in (5, 6, 7)] + [Point(4, 1, "test", "loss", 0.5)]
    store.append_points(run.id, shown)
    device.requeue(run)
    worker = started(device)
    worker.begins(run, step=5)
    later = [Point(8, 1, "batch", "loss", 0.8), Point(7, 1, "validation", "loss", 0.7)]
    worker.says(PointsReport(run=run.id, points=(*shown[1:], *later)))
    settle(device)
    assert [point for _, point in store.points(run.id)] == shown + later


def test_a_checkpoint_counts_once_the_points_before_it_are_written(
    device: Device, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    """Otherwise a restart would go on after points that are not in the store."""
    worker = started(device)
    (run,) = submitted(device)
    worker.begins(run)
    settle(device)
    checkpoints = Checkpoints(tmp_path)
    temporary_file = checkpoints.temporary_path(run.id, 1)
    temporary_file.write_bytes(b"state")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "append_points", full)
        worker.says(PointsReport(run=run.id, points=(Point(1, 1, "batch", "loss", 2.0),)))
        worker.says(CheckpointReport(run=run.id, temporary_name=temporary_file.name, step=1))
        settle(device)
        assert checkpoints.find(run.id) is None
    wait_for(lambda: checkpoints.find(run.id))
    assert [point for _, point in store.points(run.id)] == [Point(1, 1, "batch", "loss", 2.0)]


def test_a_write_that_can_never_succeed_holds_up_no_other(
    device: Device, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    worker = started(device)
    (run,) = submitted(device)
    worker.begins(run)
    worker.says(PointsReport(run=run.id, points=(Point(1, 1, "batch", "loss", float("nan")),)))
    worker.says(PointsReport(run=run.id, points=(Point(2, 1, "batch", "loss", 2.0),)))
    settle(device)
    assert [point for _, point in store.points(run.id)] == [Point(2, 1, "batch", "loss", 2.0)]
    assert "something cannot be written" in caplog.text


def test_a_run_gets_no_more_of_the_devices_time_than_the_server_gives(device: Device, store: Store) -> None:
    worker = started(device)
    (run,) = submitted(device)
    worker.begins(run)
    worker.says(ProgressReport(run=run.id, step=9, seconds=100.5, used_bytes=0))
    settle(device)
    assert worker.orders[1:] == [("stop", run.id)]
    worker.ends(run, Status.STOPPED, tensor_file("weights"))
    settle(device)
    stored_run = store.run(run.id)
    assert stored_run
    assert stored_run.status == Status.STOPPED
    assert stored_run.message.startswith("Stopped after 100 seconds of the device's time, as many as this server gives")
    assert stored_run.worked == 1.5
    assert stored_run.end_reason == EndReason.TIME_LIMIT


def test_how_long_it_takes_is_told_from_what_all_in_turn_have_left(device: Device) -> None:
    def seconds_left(run_id: str) -> float | None:
        return device.forecast(run_id).seconds_left(run_id)

    worker = started(device)
    runs = submit_for_others(device, 2)
    held = make_run(OTHERS[1])
    device.submit(held).result(SOON)
    assert [seconds_left(run_id) for run_id in (runs[0].id, held.id, "none")] == [None] * 3
    for run, seconds in zip(runs, (1.0, 2.0), strict=True):
        worker.begins(run)
        worker.says(ProgressReport(run=run.id, step=2, seconds=seconds, used_bytes=0))
    settle(device)
    assert seconds_left(runs[0].id) == pytest.approx(8)  # 4 of its own, in turn with the other
    assert seconds_left(runs[1].id) == pytest.approx(12)  # 8 of its own, 4 of the other
    assert seconds_left(held.id) == pytest.approx(12)  # until the other of its owner has ended


def test_a_run_has_its_turns_in_its_owners_own_share_once_they_are_established(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Visitors()
    monkeypatch.setattr(module, "visitors", lambda: known)
    worker = started(device)
    for owner in OTHERS[:2]:
        known.note(owner, "10.0.0.1")
    runs = submit_for_others(device, 3)
    assert worker.shares[runs[0].id] == worker.shares[runs[1].id] != runs[0].owner
    assert worker.shares[runs[2].id] == runs[2].owner
    known.establish(runs[0].owner)
    for run in runs:
        worker.begins(run)
        for step in (1, 2):
            worker.says(ProgressReport(run=run.id, step=step, seconds=1.0, used_bytes=0))
    settle(device)
    assert worker.shares[runs[0].id] == runs[0].owner
    assert worker.orders == [*(("train", run.id) for run in runs), ("share", runs[0].id)]


def test_of_several_runs_only_the_one_in_whose_turn_a_worker_dies_is_to_blame(device: Device, store: Store) -> None:
    worker = started(device)
    runs = submit_for_others(device, 3)
    for number in range(2):
        for run in runs:
            worker.begins(run)
        worker.says(TurnReport(run=runs[1].id))
        worker.die(-9)
        settle(device)
        worker = ScriptedWorker.workers[number + 1]
        worker.is_ready()
        settle(device)
    assert statuses(store, runs) == ["running", "failed", "running"]
    assert worker.orders == [("train", runs[0].id), ("train", runs[2].id)]


def test_nobody_is_to_blame_for_a_worker_that_was_ended_for_a_slow_stop(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_GRACE_SECONDS", 0.01)
    worker = started(device)
    runs = submit_for_others(device, 3)
    for number in range(2):
        for run in runs[number:]:
            worker.begins(run)
        worker.says(TurnReport(run=runs[2].id))
        device.stop(runs[number].id).result(SOON)
        settle(device)
        worker = ScriptedWorker.workers[number + 1]
        worker.is_ready()
        settle(device)
    assert statuses(store, runs) == ["stopped", "stopped", "running"]


def test_a_run_that_fails_keeps_the_best_weights_of_its_checkpoint(
    device: Device, store: Store, tmp_path: Path
) -> None:
    worker = started(device)
    runs = submit_for_others(device, 2)
    for run, reason in zip(runs, (EndReason.DIVERGED, EndReason.INTERNAL_ERROR), strict=True):
        worker.begins(run)
        checkpointed(tmp_path, run)
        worker.says(EndedReport(run=run.id, status=Status.FAILED, message="why", reason=reason))
    settle(device)
    assert statuses(store, runs) == ["failed", "failed"]
    assert all(store.weights(run.id) for run in runs)
    # one that diverged has nothing to go on with, any other has
    assert [Checkpoints(tmp_path).find(run.id) is None for run in runs] == [True, False]


def test_an_old_stop_does_not_end_the_worker_in_a_later_life_of_the_run(
    device: Device, store: Store, monkeypatch: pytest.MonkeyPatch, wait_for: WaitFor
) -> None:
    monkeypatch.setattr(module, "STOP_GRACE_SECONDS", 0.05)
    worker = started(device)
    (run,) = submitted(device)
    device.stop(run.id)
    worker.ends(run, Status.STOPPED)
    settle(device)
    device.resume(run).result(SOON)
    late = device.loop.submit(lambda: device.loop.call_later(0.1, lambda: worker.ends(run)))
    late.result(SOON)
    wait_for(lambda: statuses(store, [run]) == ["done"])
    assert len(ScriptedWorker.workers) == 1
