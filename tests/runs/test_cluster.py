"""The cluster over a real worker process and a data directory of its own."""

import logging
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load

from cnnviz.architecture import build_model
from cnnviz.data import DATASETS
from cnnviz.errors import CnnvizError, DataError, DesignError, LimitError, TrainingError
from cnnviz.layers import Conv2d
from cnnviz.runs import cluster as module
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.device import STOP_GRACE_SECONDS
from cnnviz.runs.device_names import device_names
from cnnviz.runs.drafts import Draft
from cnnviz.runs.label import Label
from cnnviz.runs.run import Ending, Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.store import Store
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.snapshot import Snapshot
from cnnviz.visitors import Visitors
from tests.conftest import Ended, WaitFor
from tests.designs import ANNA, BERT, DIVERGING, ENDLESS, NET, SHORT, make_run
from tests.points import best_epoch, without_device_points
from tests.runs.undisturbed import undisturbed_curve

STOP_SECONDS = 10.0

LEFT_BEHIND = {
    "running": make_run(status=Status.RUNNING, created=1.0),
    "queued": make_run(created=2.0),
    "elsewhere": make_run(device="cuda:9", created=3.0),
    "done": make_run(status=Status.DONE, created=4.0),
}


def children() -> set[int]:
    """Process numbers of all children but the fork server, which stays for the next cluster."""
    processes = psutil.Process().children(recursive=True)
    return {process.pid for process in processes if not process.name().startswith("cnnviz fork")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster in a data directory that a server left in the middle of its work."""
    folder = tmp_path_factory.mktemp("data")
    store = Store(folder)
    for run in LEFT_BEHIND.values():
        store.add_run(run)
    store.close()
    before = children()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(folder))
        patch.setenv("CNNVIZ_THREADS", "1")
        settings.cache_clear()
        limits = Settings(max_active_runs=4, max_parameters=50_000, max_training_bytes=100 * 2**20, devices="cpu")
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


def store_predictions(server: Cluster, run: Run) -> dict[str, torch.Tensor]:
    content = server.store.predictions(run.id)
    assert content
    return load(content)


def status(server: Cluster, run: Run) -> Status:
    return server.run(run.owner, run.id).status


def test_a_restart_trains_what_waited_and_what_ran(server: Cluster, ended: Ended) -> None:
    runs = {name: ended(server.store, run.id) for name, run in LEFT_BEHIND.items()}
    assert {run.status for run in runs.values()} == {"done"}
    assert runs["elsewhere"].device == "cpu"  # the device it waited for is here no more
    assert all(server.store.weights(runs[name].id) for name in ("running", "queued", "elsewhere"))
    assert runs["done"] == LEFT_BEHIND["done"]


def test_a_submitted_run_ends_done_with_points_and_weights(server: Cluster, ended: Ended) -> None:
    run = server.submit(ANNA, NET, SHORT)
    assert (run.owner, run.architecture, run.config, run.status) == (ANNA, NET, SHORT, Status.QUEUED)
    assert server.store.runs_of(ANNA)[0].id == run.id
    ended_run = ended(server.store, run.id)
    assert (ended_run.status, ended_run.message, ended_run.steps) == (Status.DONE, "", 46)
    assert ended_run.worked > 0
    begun = replace(ended_run, status=run.status, steps=0, started=None, finished=None, worked=0.0, score=Score())
    assert begun == run
    points = [point for _, point in server.store.points(run.id)]
    assert [p.step for p in points if p.split == "batch"] == list(range(1, 47))
    assert points[-1].split == "test"
    assert points[-1].epoch == best_epoch(points)[0]
    weights = server.store.weights(run.id)
    assert weights
    build_model(NET).load_state_dict(load(weights))
    assert ended_run.score.best_epoch == best_epoch(points)[0]
    assert ended_run.score.test == next(p.value for p in points if (p.split, p.metric) == ("test", "accuracy"))
    tested = store_predictions(server, run)
    assert tested["y"].tolist() == DATASETS["digits"].load_splits().test.y.tolist()
    assert tested["probabilities"].sum(1).numpy() == pytest.approx(1.0)
    assert (tested["probabilities"].argmax(1) == tested["y"]).double().mean() == ended_run.score.test
    dataset = server.store.facts(run.id).dataset
    assert dataset is not None
    assert dataset.classes == tuple("0123456789")


def test_a_running_run_stops_soon_and_twice_is_harmless(server: Cluster, running: Run) -> None:
    pid = server.devices["cpu"].pid
    begin = time.monotonic()
    server.stop(ANNA, running.id, wait=STOP_SECONDS)
    took = time.monotonic() - begin
    stopped = server.run(ANNA, running.id)
    assert (stopped.status, stopped.message) == (Status.STOPPED, "")
    assert took < STOP_GRACE_SECONDS
    assert server.devices["cpu"].pid == pid  # it obeyed; nobody had to end it
    server.stop(ANNA, running.id, wait=STOP_SECONDS)
    assert server.run(ANNA, running.id) == stopped
    assert "test" not in {point.split for _, point in server.store.points(running.id)}


def test_the_runs_of_all_students_advance_in_turn_and_those_of_one_wait_in_their_order(
    server: Cluster, running: Run, ended: Ended, wait_for: WaitFor
) -> None:
    first, second, third, fourth = (server.submit(BERT, NET, ENDLESS) for _ in range(4))
    wait_for(lambda: all(server.store.points(run.id) for run in (first, second)))
    assert [status(server, run) for run in (running, first, second, third)] == ["running"] * 3 + ["queued"]
    assert [server.outlook.is_held(run) for run in (second, third, fourth)] == [False, True, True]
    assert [server.outlook.runs_ahead(run) for run in (second, third, fourth)] == [None] * 3
    server.stop(BERT, third.id, wait=STOP_SECONDS)
    stopped = server.run(BERT, third.id)
    assert (stopped.status, stopped.message) == (Status.STOPPED, "Stopped before it began.")
    assert stopped.started is None
    server.stop(BERT, second.id, wait=STOP_SECONDS)
    wait_for(lambda: server.store.points(fourth.id))
    assert status(server, running) == "running"
    assert server.store.points(third.id) == []
    wait_for(lambda: server.outlook.seconds_left(first))
    for run in (first, fourth):
        server.stop(BERT, run.id, wait=STOP_SECONDS)


def test_a_paused_run_goes_on_where_it_was_and_is_what_it_would_have_been(
    server: Cluster, ended: Ended, wait_for: WaitFor
) -> None:
    config = SHORT.changed(epochs=150)
    run = server.submit(ANNA, NET, config)
    wait_for(lambda: server.store.points(run.id))
    server.pause(ANNA, run.id, wait=STOP_SECONDS)
    assert status(server, run) == Status.PAUSED
    shown = [point for _, point in server.store.points(run.id)]
    assert len(without_device_points(shown)) < len(undisturbed_curve(config))
    server.resume(ANNA, run.id)
    server.resume(ANNA, run.id)
    assert ended(server.store, run.id).status == Status.DONE
    points = [point for _, point in server.store.points(run.id)]
    assert points[: len(shown)] == shown
    assert without_device_points(points) == undisturbed_curve(config)


@pytest.mark.parametrize("damaged", [1, 2])
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_is_used(
    server: Cluster, ended: Ended, wait_for: WaitFor, damaged: int
) -> None:
    """Random bytes in one became “the training diverged, try a smaller rate”."""
    config = SHORT.changed(epochs=300)
    run = server.submit(ANNA, NET, config)
    for _ in range(2):  # each pause writes one
        seen = len(server.store.points(run.id))
        server.resume(ANNA, run.id)
        wait_for(lambda: len(server.store.points(run.id)) > seen)  # noqa: B023 (called before the next round)
        server.pause(ANNA, run.id, wait=STOP_SECONDS)
        assert status(server, run) == Status.PAUSED
    assert len(server.checkpoints.find_all(run.id)) == 2
    for checkpoint in server.checkpoints.find_all(run.id)[:damaged]:
        content = bytearray(checkpoint.read_bytes())
        content[-2000:] = os.urandom(2000)
        checkpoint.write_bytes(content)
    server.resume(ANNA, run.id)
    done = ended(server.store, run.id)
    assert done.status == Status.DONE
    how = r"went on from the one before, at step [\d,]+\." if damaged == 1 else r"began again\."
    assert re.fullmatch(r"Its last checkpoint was damaged on the server's disk, so it " + how, done.message)
    assert without_device_points([point for _, point in server.store.points(run.id)]) == undisturbed_curve(config)


def test_a_run_that_ended_is_trained_further_as_one_that_was_meant_to_be_longer(server: Cluster, ended: Ended) -> None:
    run = server.submit(ANNA, NET, SHORT)
    ended(server.store, run.id)
    server.extend(ANNA, run.id, 3)
    ended_run = ended(server.store, run.id)
    assert (ended_run.status, ended_run.config.epochs, ended_run.steps) == (Status.DONE, 5, 115)
    points = [point for _, point in server.store.points(run.id)]
    longer = [point for point in undisturbed_curve(SHORT.changed(epochs=5)) if point.split != "test"]
    assert [point for point in without_device_points(points) if point.split != "test"] == longer


def test_a_run_that_was_stopped_within_an_epoch_has_as_many_more_after_that(
    server: Cluster, ended: Ended, wait_for: WaitFor
) -> None:
    """It once had one less: the epoch that had begun was not counted."""
    run = server.submit(ANNA, NET, SHORT.changed(epochs=1000))
    wait_for(lambda: server.run(ANNA, run.id).score.epoch >= 2)
    server.stop(ANNA, run.id, wait=STOP_SECONDS)
    last_epoch = max(point.epoch for _, point in server.store.points(run.id))
    server.extend(ANNA, run.id, 1)
    ended_run = ended(server.store, run.id)
    assert (ended_run.config.epochs, ended_run.score.epoch) == (last_epoch + 1,) * 2


def test_what_is_over_for_good_is_not_trained_further(server: Cluster, running: Run, ended: Ended) -> None:
    failed = server.submit(BERT, DIVERGING, TrainConfig(dataset="digits", epochs=3, learning_rate=10.0))
    done = server.submit(BERT, NET, SHORT)
    for run in (failed, done):
        ended(server.store, run.id)
    for run in (failed, running):
        with pytest.raises(DesignError, match=r"^This run left no checkpoint from which it could go on"):
            server.extend(run.owner, run.id, 1)
    for epochs in (999, 0, -7):
        with pytest.raises(TrainingError, match="epochs"):
            server.extend(BERT, done.id, epochs)
    assert status(server, done) == Status.DONE


def test_a_run_is_its_owners_alone(server: Cluster, running: Run) -> None:
    for look in (server.run, server.stop, server.pause, server.resume):
        with pytest.raises(DesignError, match=r"^There is no such run of yours\.$"):
            look(BERT, running.id)
        with pytest.raises(DesignError, match=r"^There is no such run of yours\.$"):
            look(ANNA, "0" * 32)
    assert running.id not in {run.id for run in server.store.runs_of(BERT)}
    assert status(server, running) == Status.RUNNING


def test_a_run_whose_worker_is_killed_goes_on_in_a_new_one_and_is_what_it_would_have_been(
    server: Cluster, ended: Ended, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SHORT.changed(epochs=200)
    run = server.submit(ANNA, NET, config)
    wait_for(lambda: len(server.store.points(run.id)) > 50)
    pid = server.devices["cpu"].pid
    assert pid
    half_written = settings().data_dir / "checkpoints" / f"{run.id}.{pid}-99.draft"
    half_written.write_bytes(b"half")
    os.kill(pid, signal.SIGKILL)
    assert ended(server.store, run.id).status == Status.DONE
    assert server.devices["cpu"].pid not in (None, pid)
    assert not half_written.exists()
    assert not psutil.pid_exists(pid)
    assert without_device_points(point for _, point in server.store.points(run.id)) == undisturbed_curve(config)


def test_one_run_too_many_is_refused_until_one_ends(server: Cluster, running: Run, wait_for: WaitFor) -> None:
    waiting = [server.submit(ANNA, NET, ENDLESS) for _ in range(3)]
    before = server.store.runs_of(ANNA)
    with pytest.raises(LimitError, match=r"^You have 4 runs waiting, running or paused, as many as this server allows"):
        server.submit(ANNA, NET, SHORT)
    assert [run.id for run in server.store.runs_of(ANNA)] == [run.id for run in before]
    others = server.submit(BERT, NET, SHORT)
    server.stop(ANNA, waiting[0].id, wait=STOP_SECONDS)
    waiting.append(server.submit(ANNA, NET, SHORT))
    for run in [*waiting, others]:
        server.stop(run.owner, run.id, wait=STOP_SECONDS)


def test_what_cannot_be_trained_is_refused_and_leaves_no_run(server: Cluster) -> None:
    before = server.store.runs_of(ANNA)
    large = NET.update_layer(1, out_features=1000)
    wide = NET.insert_layer(0, Conv2d(out_channels=64, kernel_size=3)).update_layer(2, out_features=10)
    for architecture, config, error, sentence in [
        (large, SHORT, LimitError, r"^This design has 65,000 parameters; this server trains at most 50,000\.$"),
        (wide, TrainConfig(dataset="digits", batch_size=4096), LimitError, r"this server gives a run at most 100 MiB"),
        (NET.remove_layer(0), SHORT, DesignError, r"^This design ends in 1 × 8 × 10; a classifier must end in one row"),
        (NET, TrainConfig(dataset="nothing"), DataError, r"^There is no data set “nothing” here any more"),
    ]:
        with pytest.raises(error, match=sentence):
            server.submit(ANNA, architecture, config)
    assert server.store.runs_of(ANNA) == before


def test_a_divergence_fails_the_run_with_its_sentence(server: Cluster, ended: Ended) -> None:
    run = server.submit(ANNA, DIVERGING, TrainConfig(dataset="digits", epochs=3, learning_rate=10.0))
    ended_run = ended(server.store, run.id)
    assert ended_run.status == Status.FAILED
    assert "the training diverged. Try a learning rate ten times smaller (1)" in ended_run.message
    assert ended_run.end_reason == EndReason.DIVERGED


def test_desks_are_written_by_the_thread_of_a_device(server: Cluster, wait_for: WaitFor) -> None:
    server.drafts.save_draft(ANNA, Draft(architecture=DIVERGING), "", "one")
    wait_for(lambda: server.store.read_draft(ANNA, "draft"))
    assert server.drafts.draft(ANNA) == Draft(architecture=DIVERGING)
    assert server.drafts.draft(BERT) is None


def test_a_second_server_in_the_same_data_directory_is_refused(
    server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnviz.runs.data_directory.LOCK_TIMEOUT_SECONDS", 0.05)
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
    monkeypatch.setattr("cnnviz.runs.data_directory.LOCK_TIMEOUT_SECONDS", 0.05)
    before = children()
    first = Cluster(Settings(data_dir=tmp_path, devices="cpu"))
    running, waiting = (first.submit(ANNA, NET, ENDLESS) for _ in range(2))
    wait_for(lambda: all(first.store.points(run.id) for run in (running, waiting)))
    assert children() > before
    first.close()
    assert children() == before
    store = Store(tmp_path)
    shown = [point for _, point in store.points(running.id)]
    step = max(point.step for point in shown)
    stored_runs = [store.run(run.id) for run in (running, waiting)]
    assert [run.status for run in stored_runs if run] == ["running", "running"]
    store.close()
    checkpoint = Checkpoints(tmp_path).find(running.id)
    assert checkpoint
    assert Snapshot.read(checkpoint).metadata["step"] == step
    known = Visitors()
    monkeypatch.setattr(module, "visitors", lambda: known)
    second = Cluster(Settings(data_dir=tmp_path, devices="cpu"))
    for owner in (ANNA, BERT):
        known.note(owner, "10.0.0.1")
    assert [known.is_new(owner) for owner in (ANNA, BERT)] == [False, True]
    assert not second.folder_is_gone
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert second.folder_is_gone
    tmp_path.mkdir()
    assert second.folder_is_gone  # another one
    tmp_path.rmdir()
    moved.rename(tmp_path)
    assert not second.folder_is_gone
    wait_for(lambda: max(point.step for _, point in second.store.points(running.id)) > step)
    assert [point for _, point in second.store.points(running.id)][: len(shown)] == shown
    for run in (running, waiting):
        second.stop(ANNA, run.id, wait=STOP_SECONDS)
    second.close()  # while its worker still starts
    assert children() == before


def test_seeds_of_one_run_train_on_one_device_though_another_has_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server with several devices all of them began at once, and none could be left out."""
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(module, "device_names", lambda _limits: ["cpu", "cpu:0"])  # two of one kind
    cluster = Cluster(Settings(data_dir=tmp_path))
    done = make_run(status=Status.DONE)
    cluster.store.add_run(done)
    devices = {cluster.submit_seed(ANNA, done, seed).device for seed in (1, 2, 3)}
    other = cluster.submit(ANNA, NET, ENDLESS).device
    cluster.close()
    assert len(devices) == 1
    assert {other} | devices == {"cpu", "cpu:0"}


def test_the_devices_are_those_named_or_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(devices: str, gpus: int) -> list[str]:
        monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
        return device_names(Settings(devices=devices))

    assert names("", 0) == ["cpu"]
    assert names("", 2) == ["cuda:0", "cuda:1"]
    assert names(" cpu , cuda:1,", 2) == ["cpu", "cuda:1"]


def test_a_run_is_named_put_away_and_brought_back_by_its_student_alone(server: Cluster, ended: Ended) -> None:
    run = ended(server.store, server.submit(ANNA, NET, SHORT).id)
    label = Label("  wide\n net ", starred=True, tags=("a", "a", "", "b"))
    server.library.set_label(ANNA, run.id, label)
    named = replace(run, title="wide net", starred=True, tags=("a", "b"))
    assert server.run(ANNA, run.id) == named
    for act in (lambda: server.library.set_label(BERT, run.id, label), lambda: server.library.delete(BERT, [run.id])):
        with pytest.raises(DesignError, match="no such run of yours"):
            act()
    server.library.delete(ANNA, [run.id])
    assert run.id not in [each.id for each in server.store.runs_of(ANNA)]
    assert server.store.weights(run.id)
    server.library.restore(ANNA, [run.id])
    assert server.run(ANNA, run.id) == named


def test_a_run_that_is_put_away_is_stopped_and_gone_for_good_a_day_later(
    server: Cluster, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = server.submit(ANNA, NET, ENDLESS)
    server.library.delete(ANNA, [run.id])
    assert ended(server.store, run.id).status == Status.STOPPED
    server.library.delete(ANNA, [])
    assert server.store.run(run.id), "it can be brought back"
    monkeypatch.setattr("cnnviz.runs.library.RESTORABLE_SECONDS", -1.0)
    server.library.delete(ANNA, [])
    assert server.store.run(run.id) is None
    assert server.store.points(run.id) == []
    assert server.checkpoints.find(run.id) is None


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ({"title": "x" * 61}, "at most 60 characters; this one has 61"),
        ({"tags": tuple("abcdefghi")}, "at most 8 tags; these are 9"),
        ({"tags": ("y" * 25,)}, "at most 24 characters; “y+…” has 25"),
    ],
)
def test_labels_have_bounds(label: dict[str, Any], reason: str) -> None:
    with pytest.raises(DesignError, match=reason):
        Label(**label)


def test_a_stop_may_have_a_reason(server: Cluster, running: Run, ended: Ended) -> None:
    ending = Ending(EndReason.SEARCH, "Others were better.")
    server.stop(ANNA, running.id, ending=ending)
    ended_run = ended(server.store, running.id)
    assert (ended_run.end_reason, ended_run.message) == ending
