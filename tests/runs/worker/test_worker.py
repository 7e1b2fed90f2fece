"""The worker as a real process."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load

from cnnviz.architecture import Architecture, build_model
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.digits import DIGITS
from cnnviz.data.splits import Splits
from cnnviz.data.uploads import Quota, UploadInfo, Uploads
from cnnviz.errors import CnnvizError
from cnnviz.layers import PALETTE, BatchNorm1d, Dropout, Flatten, Linear, LogSoftmax, ReLU
from cnnviz.processes.pipe import Message, receive, send
from cnnviz.processes.worker_process import PROJECT_ROOT, WorkerProcess
from cnnviz.runs.run import LR_FINDER_RUN, TRAIN_RUN
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.readiness import check_trainable
from cnnviz.training.trainer import train
from tests.conftest import DEADLINE
from tests.designs import ANNA, BERT, DIVERGING, ENDLESS, NET, SHORT
from tests.points import without_device_points
from tests.strategies import layers


class Worker(NamedTuple):
    """A worker that is ready, and what it reports."""

    process: WorkerProcess
    reports: SimpleQueue[tuple[Message, bytes]]
    exits: SimpleQueue[int]
    data_dir: Path

    def train(
        self,
        architecture: Architecture,
        config: TrainConfig,
        *,
        run: str = "one",
        owner: str = ANNA,
        kind: str = TRAIN_RUN,
    ) -> None:
        self.process.send_order(
            {
                "type": "train",
                "run": run,
                "kind": kind,
                "owner": owner,
                "architecture": architecture.model_dump_json(),
                "config": config.model_dump_json(),
            }
        )

    def until(self, kind: str) -> tuple[list[Message], bytes]:
        """All reports up to the next one of this kind, and its payload."""
        messages = []
        while True:
            message, payload = self._next()
            messages.append(message)
            if message["type"] == kind:
                return messages, payload

    def _next(self) -> tuple[Message, bytes]:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            with suppress(Empty):
                return self.reports.get(timeout=0.2)
            assert self.exits.empty(), f"the worker died ({self.exits.get()})"
        raise AssertionError("the worker said nothing in time")


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    data_dir = tmp_path_factory.mktemp("data")
    reports: SimpleQueue[tuple[Message, bytes]] = SimpleQueue()
    exits: SimpleQueue[int] = SimpleQueue()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(data_dir))
        patch.setenv("CNNVIZ_THREADS", "1")
        process = WorkerProcess("cpu", lambda message, payload: reports.put((message, payload)), exits.put)
    ready, _ = reports.get(timeout=DEADLINE)
    assert ready["type"] == "ready"
    assert 2**26 < ready["taken"] < ready["memory"]
    yield Worker(process, reports, exits, data_dir)
    process.close()
    assert exits.get(timeout=DEADLINE) == 0  # it exits by itself when its pipe closes
    process.close()  # twice is harmless


def points_of(messages: list[Message]) -> list[Point]:
    return without_device_points(
        Point(*point) for message in messages if message["type"] == "points" for point in message["points"]
    )


def here(
    architecture: Architecture, config: TrainConfig, splits: Splits
) -> tuple[dict[str, torch.Tensor], list[Point]]:
    """The same training in this process."""
    points: list[Point] = []
    result = train(
        architecture, config, splits, device=torch.device("cpu"), emit=points.extend, should_stop=lambda: False
    )
    return result.weights, without_device_points(points)


def test_a_run_is_reported_from_start_to_end_as_the_trainer_gives_it(worker: Worker) -> None:
    worker.train(NET, SHORT)
    messages, payload = worker.until("ended")
    weights, points = here(NET, SHORT, DIGITS.load_splits())
    assert messages[:2] == [{"type": "turn", "run": "one"}, {"type": "started", "run": "one", "steps": 46, "step": 0}]
    facts = {message["name"]: message["content"] for message in messages if message["type"] == "fact"}
    training = DIGITS.load_splits().train.x
    assert facts["parts"] == [1437, 180, 180]
    assert facts["scale"]["mean"] == pytest.approx([float(training.mean())], rel=1e-4)
    assert facts["scale"]["std"] == pytest.approx([float(training.std())], rel=1e-4)
    assert points_of(messages) == points
    kept = load(payload)
    build_model(NET).load_state_dict(kept)
    assert all(torch.equal(kept[name], value) for name, value in weights.items())
    assert messages[-1].pop("seconds") > 0
    assert messages[-1] == {
        "type": "ended",
        "run": "one",
        "status": "done",
        "epoch": points[-1].epoch,
        "message": "",
    }


def test_a_stop_ends_the_run_as_stopped_with_the_best_weights_so_far(worker: Worker) -> None:
    worker.train(NET, ENDLESS, run="endless")
    points: list[Point] = []
    while not any(point.split == "validation" for point in points):
        points += points_of(worker.until("points")[0])
    worker.process.send_order({"type": "stop", "run": "another"})
    worker.process.send_order({"type": "stop", "run": "endless"})
    messages, payload = worker.until("ended")
    assert (messages[-1]["run"], messages[-1]["status"], messages[-1]["message"]) == ("endless", "stopped", "")
    assert messages[-1]["epoch"] >= 1
    assert load(payload).keys() == build_model(NET).state_dict().keys()
    assert not any(point.split == "test" for point in points_of(messages))


def test_a_run_stopped_before_it_began_has_no_weights(worker: Worker) -> None:
    worker.train(NET, ENDLESS, run="early")
    worker.process.send_order({"type": "stop", "run": "early"})
    messages, payload = worker.until("ended")
    assert (messages[-1]["status"], messages[-1]["epoch"], payload) == ("stopped", 0, b"")


def test_what_a_user_can_cause_fails_the_run_with_its_sentence_and_the_worker_goes_on(worker: Worker) -> None:
    for architecture, config, sentence in [
        (
            DIVERGING,
            TrainConfig(dataset="digits", epochs=3, learning_rate=10.0),
            "the training diverged. Try a learning rate",
        ),
        (NET, TrainConfig(dataset="upload-" + "0" * 32), "There is no data set “upload-000"),
        (NET.remove_layer(0), SHORT, "The training stopped on an error inside cnnviz ("),
    ]:
        worker.train(architecture, config)
        messages, payload = worker.until("ended")
        assert (messages[-1]["status"], payload) == ("failed", b"")
        assert sentence in messages[-1]["message"]
        assert "\n" not in messages[-1]["message"]


def test_the_data_set_that_is_named_is_the_one_that_is_learned_and_only_by_its_owner(worker: Worker) -> None:
    labels = np.arange(40) % 2
    pair = Content(np.repeat(labels, 64).reshape(40, 1, 8, 8).astype(np.float32), labels, ("dark", "bright"))
    name = Uploads(worker.data_dir / "uploads", Quota(1)).add(ANNA, pair, UploadInfo("Light")).name
    config = SHORT.changed("dataset", name).changed("batch_size", 8)
    worker.train(NET, config)
    messages, _ = worker.until("ended")
    assert messages[1]["steps"] == 8  # 32 training samples
    assert points_of(messages) == here(NET, config, pair.split())[1]
    worker.train(NET, config, owner=BERT)
    messages, _ = worker.until("ended")
    assert messages[-1]["message"].startswith(f"There is no data set “{name}” here any more")


CHATTERBOX = """
import os
from cnnviz.runs.worker import data_cache, worker

def read(config, owner, progress):
    print("a stray print", flush=True)
    os.write(1, b"and one from C\\n")
    return data_cache.find_dataset(config.dataset, owner).load_splits(config.split_kind, progress)

data_cache.load_splits = read
worker.main()
"""


def test_what_prints_in_a_worker_does_not_garble_its_reports_and_a_closed_pipe_ends_it_while_it_trains(
    tmp_path: Path,
) -> None:
    with (tmp_path / "stderr").open("w+") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", CHATTERBOX, "cpu"],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        assert process.stdin
        assert process.stdout
        with process.stdout:
            job = {"architecture": NET.model_dump_json(), "config": ENDLESS.model_dump_json()}
            send(process.stdin, {"type": "train", "run": "one", "kind": TRAIN_RUN, "owner": ANNA} | job)
            kinds = [received[0]["type"] for _ in range(7) if (received := receive(process.stdout))]
            process.stdin.close()
            while receive(process.stdout):
                pass
        assert process.wait(DEADLINE) == 0
        assert kinds == ["ready", "turn", "started", "fact", "fact", "turn", "points"]
        stderr.seek(0)
        assert stderr.read().splitlines()[-2:] == ["a stray print", "and one from C"]


@pytest.fixture(scope="module")
def noise(worker: Worker) -> Mapping[int, Dataset]:
    """Data sets from which nothing can be learned, by the axes behind their two channels."""
    random, uploads = np.random.default_rng(0), Uploads(worker.data_dir / "uploads", Quota(3))
    labels = np.arange(20) % 2

    def dataset(axes: int) -> Dataset:
        pair = Content(random.random((20, 2, *[6] * axes), np.float32), labels, ("even", "odd"))
        return uploads.add(BERT, pair, UploadInfo(f"{axes}-D"))

    return {axes: dataset(axes) for axes in (1, 2, 3)}


@pytest.mark.parametrize("kind", PALETTE)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_passes_the_check_trains(
    worker: Worker, noise: Mapping[int, Dataset], kind: str, data: st.DataObject
) -> None:
    axes = {"1d": 1, "3d": 3}.get(kind[-2:], 2)
    task = noise[axes]
    conv = PALETTE[f"Conv{axes}d"](out_channels=3, kernel_size=6)
    head = data.draw(st.sampled_from([(), (Flatten(),), (conv, ReLU())]))
    tail = data.draw(st.sampled_from([(), (Dropout(),), (BatchNorm1d(),), (LogSoftmax(dim=1),)]))
    stack = (*head, data.draw(layers(kind)), Flatten(), Linear(out_features=2), *tail)
    config = TrainConfig(
        dataset=task.name, epochs=1, batch_size=data.draw(st.integers(1, 4)), learning_rate=1e-3, seed=0
    )
    design = Architecture(input_shape=task.shape, layers=stack)
    try:
        check_trainable(design, config, task, Settings(max_training_bytes=2**24))
    except CnnvizError:
        return
    worker.train(design, config, owner=BERT)
    messages, _ = worker.until("ended")
    diverged = "stopped being a number" in messages[-1]["message"]  # noise may; nothing else may go wrong
    assert diverged or messages[-1]["status"] == "done", messages[-1]["message"]
    assert diverged or points_of(messages)[-1].split == "test"


def test_how_far_the_spoken_words_are_read_is_told_the_first_time(worker: Worker) -> None:
    flat = Architecture(input_shape=(1, 99, 26), layers=[Flatten(), Linear(out_features=35)])
    config = TrainConfig(dataset="words", epochs=1, batch_size=512)
    worker.train(flat, config)
    messages, _ = worker.until("ended")
    loading = [message["content"] for message in messages if message.get("name") == "loading"]
    assert loading
    assert all(0 < done <= total == 35 for done, total in loading)
    assert messages.index(next(m for m in messages if m["type"] == "started")) >= len(loading)
    worker.train(flat, config)
    messages, _ = worker.until("ended")
    assert not [message for message in messages if message.get("name") == "loading"]


def test_a_search_for_a_learning_rate_is_a_run_of_its_own(worker: Worker) -> None:
    worker.train(NET, SHORT, run="search", kind=LR_FINDER_RUN)
    messages, payload = worker.until("ended")
    points = points_of(messages)
    assert {point.metric for point in points} == {"learning_rate", "loss", "smoothed_loss"}
    (found,) = [message["content"] for message in messages if message.get("name") == LR_FINDER_RUN]
    assert 1e-4 < found["suggestion"] < 1
    assert (messages[-1]["status"], messages[-1]["epoch"], payload) == ("done", 0, b"")
    worker.train(NET, ENDLESS, run="training")
    worker.train(NET, SHORT, run="search", kind=LR_FINDER_RUN)
    messages, _ = worker.until("ended")
    assert points_of([m for m in messages if m.get("run") == "search"]) == points  # the same beside a training
    worker.process.send_order({"type": "stop", "run": "training"})
    messages, _ = worker.until("ended")


def test_two_stops_at_once_end_both_runs(worker: Worker) -> None:
    """The second cut the last slice of the first short, and that was forgotten."""
    for run in ("left", "right"):
        worker.train(NET, ENDLESS, run=run)
    worker.until("points")
    for run in ("left", "right"):
        worker.process.send_order({"type": "stop", "run": run})
    ends = [worker.until("ended")[0][-1] for _ in range(2)]
    assert {(end["run"], end["status"]) for end in ends} == {("left", "stopped"), ("right", "stopped")}


def test_a_stop_that_comes_too_late_does_not_stop_the_next_life_of_a_run(worker: Worker) -> None:
    worker.train(NET, ENDLESS, run="paused")
    worker.until("points")
    worker.process.send_order({"type": "pause", "run": "paused"})
    worker.process.send_order({"type": "stop", "run": "paused"})
    while worker._next()[0]["type"] not in ("paused", "ended"):  # whichever is quicker
        pass
    worker.train(NET, SHORT, run="paused")
    messages, _ = worker.until("ended")
    assert messages[-1]["status"] == "done"
