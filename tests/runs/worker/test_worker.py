"""The worker as a real process."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

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
from cnnviz.layers import PALETTE, BatchNorm1d, BatchNorm2d, Conv2d, Dropout, Flatten, Linear, LogSoftmax, ReLU
from cnnviz.processes.launcher import start_child
from cnnviz.processes.pipe import receive, send
from cnnviz.processes.subprocess_child import Streams
from cnnviz.processes.worker_process import WorkerProcess
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.facts import AnyFact, LoadingFact, LRFinderFact, PartsFact, ScaleFact
from cnnviz.runs.run import LR_FINDER_RUN, TRAIN_RUN, RunKind, Status
from cnnviz.runs.worker.messages import (
    REPORTS,
    CheckpointReport,
    EndedReport,
    FactReport,
    PausedReport,
    PauseOrder,
    PointsReport,
    ProgressReport,
    ReadyReport,
    ShareOrder,
    SpeedReport,
    StartedReport,
    StopOrder,
    TrainOrder,
    TurnReport,
    WorkerOrder,
    WorkerReport,
)
from cnnviz.runs.worker.supervisor import WORKER_MODULE
from cnnviz.runs.worker.worker import QUANTUM_SECONDS
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import Point
from cnnviz.training.readiness import check_trainable
from cnnviz.training.trainer import train
from tests.conftest import DEADLINE
from tests.designs import ANNA, BERT, DIVERGING, ENDLESS, NET, SHORT
from tests.points import without_device_points
from tests.strategies import layers

Report = TypeVar("Report")


class Worker(NamedTuple):
    """A worker that is ready, and what it reports."""

    process: WorkerProcess[WorkerOrder, WorkerReport]
    reports: SimpleQueue[tuple[WorkerReport, bytes]]
    exits: SimpleQueue[int]
    data_dir: Path

    def train(
        self,
        architecture: Architecture,
        config: TrainConfig,
        *,
        run: str = "one",
        owner: str = ANNA,
        kind: RunKind = TRAIN_RUN,
        share: str = "",
        stack: str = "",
    ) -> None:
        order = TrainOrder(
            run=run, kind=kind, owner=owner, share=share, stack=stack, architecture=architecture, config=config
        )
        self.process.send_order(order)

    def until(self, last: type[Report]) -> tuple[list[WorkerReport], Report, bytes]:
        """Returns all reports up to the next one of this kind, that report, and its payload."""
        reports = []
        while True:
            report, payload = self._next()
            reports.append(report)
            if isinstance(report, last):
                return reports, report, payload

    def _next(self) -> tuple[WorkerReport, bytes]:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            with suppress(Empty):
                report, payload = self.reports.get(timeout=0.2)
                if not isinstance(report, SpeedReport):  # comes whenever the worker has waited for a while
                    return report, payload
                continue
            assert self.exits.empty(), f"the worker died ({self.exits.get()})"
        raise AssertionError("the worker sent no report in time")


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    data_dir = tmp_path_factory.mktemp("data")
    reports: SimpleQueue[tuple[WorkerReport, bytes]] = SimpleQueue()
    exits: SimpleQueue[int] = SimpleQueue()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(data_dir))
        patch.setenv("CNNVIZ_THREADS", "1")
        process = WorkerProcess[WorkerOrder, WorkerReport](
            WORKER_MODULE,
            "cpu",
            REPORTS,
            lambda report, payload: reports.put((report, payload)),
            exits.put,
            oom_score=0,
        )
        ready, _ = reports.get(timeout=DEADLINE)
    assert isinstance(ready, ReadyReport)
    assert 2**26 < ready.used_bytes < ready.total_bytes
    yield Worker(process, reports, exits, data_dir)
    process.close()
    assert exits.get(timeout=DEADLINE) == 0  # it exits by itself when its pipe closes
    process.close()  # twice is harmless


def points_of(reports: list[WorkerReport]) -> list[Point]:
    return without_device_points(
        point for report in reports if isinstance(report, PointsReport) for point in report.points
    )


def facts_of(reports: list[WorkerReport], kind: type[AnyFact]) -> list[Any]:
    """Returns the contents of the facts of one kind."""
    facts = [report.fact for report in reports if isinstance(report, FactReport)]
    return [fact.content for fact in facts if isinstance(fact, kind)]


def here(
    architecture: Architecture, config: TrainConfig, splits: Splits
) -> tuple[dict[str, torch.Tensor], list[Point]]:
    """Returns the result of the same training in this process."""
    points: list[Point] = []
    result = train(
        architecture, config, splits, device=torch.device("cpu"), emit=points.extend, should_stop=lambda: False
    )
    return result.weights, without_device_points(points)


def test_a_run_is_reported_from_start_to_end_as_the_trainer_gives_it(worker: Worker) -> None:
    worker.train(NET, SHORT)
    reports, end, payload = worker.until(EndedReport)
    weights, points = here(NET, SHORT, DIGITS.load_splits())
    assert reports[:2] == [TurnReport(run="one"), StartedReport(run="one", steps=46, step=0)]
    training = DIGITS.load_splits().train.x
    assert facts_of(reports, PartsFact) == [(1437, 180, 180)]
    (scale,) = facts_of(reports, ScaleFact)
    assert scale.mean == pytest.approx([float(training.mean())], rel=1e-4)
    assert scale.std == pytest.approx([float(training.std())], rel=1e-4)
    assert points_of(reports) == points
    loaded = load(payload)
    build_model(NET).load_state_dict(loaded)
    assert all(torch.equal(loaded[name], value) for name, value in weights.items())
    assert end.seconds is not None
    assert end.seconds > 0
    assert end == EndedReport(run="one", status=Status.DONE, epoch=points[-1].epoch, seconds=end.seconds)


def test_a_stop_ends_the_run_as_stopped_with_the_best_weights_so_far(worker: Worker) -> None:
    worker.train(NET, ENDLESS, run="endless")
    points: list[Point] = []
    while not any(point.split == "validation" for point in points):
        points += points_of(worker.until(PointsReport)[0])
    worker.process.send_order(StopOrder(run="another"))
    worker.process.send_order(StopOrder(run="endless"))
    reports, end, payload = worker.until(EndedReport)
    assert (end.run, end.status, end.reason, end.message) == ("endless", Status.STOPPED, EndReason.STUDENT, "")
    assert end.epoch >= 1
    assert load(payload).keys() == build_model(NET).state_dict().keys()
    assert not any(point.split == "test" for point in points_of(reports))


def test_a_run_stopped_before_it_began_has_no_weights(worker: Worker) -> None:
    worker.train(NET, ENDLESS, run="early")
    worker.process.send_order(StopOrder(run="early"))
    _, end, payload = worker.until(EndedReport)
    assert (end.status, end.epoch, payload) == (Status.STOPPED, 0, b"")


def test_what_a_user_can_cause_fails_the_run_with_its_sentence_and_the_worker_goes_on(worker: Worker) -> None:
    for architecture, config, reason, sentence in [
        (
            DIVERGING,
            TrainConfig(dataset="digits", epochs=3, learning_rate=10.0),
            EndReason.DIVERGED,
            "the training diverged. Try a learning rate",
        ),
        (NET, TrainConfig(dataset="upload-" + "0" * 32), EndReason.REFUSED, "There is no data set “upload-000"),
        (NET.remove_layer(0), SHORT, EndReason.INTERNAL_ERROR, "The training stopped on an error inside cnnviz ("),
    ]:
        worker.train(architecture, config)
        _, end, payload = worker.until(EndedReport)
        assert (end.status, end.reason, payload) == (Status.FAILED, reason, b"")
        assert sentence in end.message
        assert "\n" not in end.message


def test_the_data_set_that_is_named_is_the_one_that_is_learned_and_only_by_its_owner(worker: Worker) -> None:
    labels = np.arange(40) % 2
    pair = Content(np.repeat(labels, 64).reshape(40, 1, 8, 8).astype(np.float32), labels, ("dark", "bright"))
    name = Uploads(worker.data_dir / "uploads", Quota(1)).add(ANNA, pair, UploadInfo("Light")).name
    config = SHORT.changed(dataset=name).changed(batch_size=8)
    worker.train(NET, config)
    reports, _, _ = worker.until(EndedReport)
    assert isinstance(reports[1], StartedReport)
    assert reports[1].steps == 8  # 32 training samples
    assert points_of(reports) == here(NET, config, pair.split())[1]
    worker.train(NET, config, owner=BERT)
    _, end, _ = worker.until(EndedReport)
    assert end.message.startswith(f"There is no data set “{name}” here any more")


IMPATIENT = """
from cnnviz.runs.worker import worker

def main(device):
    worker.MEASURE_AGAIN_SECONDS, worker.MEASUREMENTS = 0.01, 3
    worker.main(device)
"""


def test_a_worker_that_waits_measures_its_device_again_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "impatient.py").write_text(IMPATIENT, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    order_source, order_target = os.pipe()
    report_source, report_target = os.pipe()
    with os.fdopen(report_source, "rb") as reports, (tmp_path / "stderr").open("w") as stderr:
        child = start_child(
            "impatient", "cpu", streams=Streams(order_source, report_target, stderr.fileno()), oom_score=0
        )
        os.close(order_source)
        os.close(report_target)
        with os.fdopen(order_target, "wb") as orders:
            kinds = [received[0].type for _ in range(4) if (received := receive(reports, REPORTS))]
            send(orders, TrainOrder(run="one", kind=TRAIN_RUN, owner=ANNA, architecture=NET, config=ENDLESS))
            next_report = receive(reports, REPORTS)
        while receive(reports, REPORTS):
            pass
        assert child.wait(DEADLINE) == 0
    assert kinds == ["ready", "speed", "speed", "speed"]
    assert next_report
    assert next_report[0].type == "turn"


CHATTERBOX = """
import os
from cnnviz.runs.worker import data_cache, worker

def read(config, owner, progress):
    print("a stray print", flush=True)
    os.write(1, b"and one from C\\n")
    return data_cache.find_dataset(config.dataset, owner).load_splits(config.split_kind, progress)

def main(device):
    data_cache.load_splits = read
    worker.main(device)
"""


def test_what_prints_in_a_worker_does_not_garble_its_reports_and_a_closed_pipe_ends_it_while_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chatterbox.py").write_text(CHATTERBOX, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    order_source, order_target = os.pipe()
    report_source, report_target = os.pipe()
    with (tmp_path / "stderr").open("w+") as stderr, os.fdopen(report_source, "rb") as reports:
        streams = Streams(order_source, report_target, stderr.fileno())
        child = start_child("chatterbox", "cpu", streams=streams, oom_score=0)
        os.close(order_source)
        os.close(report_target)
        with os.fdopen(order_target, "wb") as orders:
            send(orders, TrainOrder(run="one", kind=TRAIN_RUN, owner=ANNA, architecture=NET, config=ENDLESS))
            kinds = [received[0].type for _ in range(7) if (received := receive(reports, REPORTS))]
        while receive(reports, REPORTS):
            pass
        assert child.wait(DEADLINE) == 0
        assert kinds == ["ready", "turn", "started", "fact", "fact", "turn", "points"]
        stderr.seek(0)
        assert stderr.read().splitlines()[-2:] == ["a stray print", "and one from C"]


@pytest.fixture(scope="module")
def noise(worker: Worker) -> Mapping[int, Dataset]:
    """Data sets from which nothing can be learned, by the number of axes after their two channels."""
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
    reports, end, _ = worker.until(EndedReport)
    diverged = end.reason == EndReason.DIVERGED  # noise may; nothing else may go wrong
    assert diverged == ("stopped being a number" in end.message)
    assert diverged or end.status == Status.DONE, end.message
    assert diverged or points_of(reports)[-1].split == "test"


def test_how_far_the_spoken_words_are_read_is_told_the_first_time(worker: Worker) -> None:
    flat = Architecture(input_shape=(1, 99, 26), layers=[Flatten(), Linear(out_features=35)])
    config = TrainConfig(dataset="words", epochs=1, batch_size=512)
    worker.train(flat, config)
    reports, _, _ = worker.until(EndedReport)
    loading = facts_of(reports, LoadingFact)
    assert loading
    assert all(0 < done <= total == 35 for done, total in loading)
    assert reports.index(next(each for each in reports if isinstance(each, StartedReport))) >= len(loading)
    worker.train(flat, config)
    reports, _, _ = worker.until(EndedReport)
    assert not facts_of(reports, LoadingFact)


def test_a_search_for_a_learning_rate_is_a_run_of_its_own(worker: Worker) -> None:
    worker.train(NET, SHORT, run="search", kind=LR_FINDER_RUN)
    reports, end, payload = worker.until(EndedReport)
    points = points_of(reports)
    assert {point.metric for point in points} == {"learning_rate", "loss", "smoothed_loss"}
    (fact,) = facts_of(reports, LRFinderFact)
    assert 1e-4 < fact.suggestion < 1
    assert (end.status, end.epoch, payload) == (Status.DONE, 0, b"")
    worker.train(NET, ENDLESS, run="training")
    worker.train(NET, SHORT, run="search", kind=LR_FINDER_RUN)
    reports, _, _ = worker.until(EndedReport)
    of_search = [report for report in reports if not isinstance(report, ReadyReport) and report.run == "search"]
    assert points_of(of_search) == points  # the same beside a training
    worker.process.send_order(StopOrder(run="training"))
    worker.until(EndedReport)


def test_a_search_set_aside_goes_on_from_its_checkpoint_with_the_same_curve(worker: Worker) -> None:
    worker.train(NET, SHORT, run="search", kind=LR_FINDER_RUN)
    whole, _, _ = worker.until(EndedReport)
    worker.train(NET, SHORT, run="part", kind=LR_FINDER_RUN)
    before, _, _ = worker.until(PointsReport)
    worker.process.send_order(PauseOrder(run="part"))
    more, _, _ = worker.until(PausedReport)
    checkpoint = next(report for report in reversed([*before, *more]) if isinstance(report, CheckpointReport))
    Checkpoints(worker.data_dir).commit("part", checkpoint.temporary_name)
    worker.train(NET, SHORT, run="part", kind=LR_FINDER_RUN)
    after, _, _ = worker.until(EndedReport)
    started = next(report for report in after if isinstance(report, StartedReport))
    assert started.step == checkpoint.step > 0
    assert points_of([*before, *more, *after]) == points_of(whole)


def test_a_run_of_long_steps_passes_turns_until_others_have_had_as_much_time(worker: Worker) -> None:
    convolution = Conv2d(out_channels=900, kernel_size=(8, 8), padding=(6, 6))
    heavy = Architecture(
        input_shape=(1, 8, 8),
        layers=[convolution, BatchNorm2d(), Flatten(), Linear(out_features=10)],  # one step cannot be done in parts
    )
    worker.train(heavy, ENDLESS.changed(batch_size=260), run="heavy")
    worker.train(NET, ENDLESS, run="light")
    turns: list[ProgressReport] = []
    while sum(turn.run == "heavy" for turn in turns) < 2:
        turns.append(worker.until(ProgressReport)[1])
    for run in ("heavy", "light"):
        worker.process.send_order(StopOrder(run=run))
        worker.until(EndedReport)
    first, *others, _ = turns[turns[0].run == "light" :]
    assert first.run == "heavy"
    assert {turn.run for turn in others} == {"light"}
    assert others[-1].seconds > first.seconds - 1.1 * QUANTUM_SECONDS


def turns_of(worker: Worker, runs: tuple[str, ...], count: int) -> Counter[str]:
    """Counts the turns that each run has among the next ones, each cut short by an order that changes nothing."""
    turns: Counter[str] = Counter()
    while turns.total() < count:
        worker.until(TurnReport)  # an order between two turns would cut none short
        worker.process.send_order(StopOrder(run="no such run"))
        _, report, _ = worker.until(ProgressReport)
        turns[report.run] += 1
    assert set(turns) <= set(runs)
    return turns


def test_runs_of_one_share_have_their_turns_in_it_until_they_are_given_others(worker: Worker) -> None:
    runs = ("new", "newer", "established")
    for run, share in zip(runs, ("new at an address", "new at an address", BERT), strict=True):
        worker.train(NET, ENDLESS.changed(batch_size=4), run=run, share=share)  # long, whatever the machine
    for _ in runs:
        worker.until(StartedReport)
    turns_of(worker, runs, 6)
    shared = turns_of(worker, runs, 12)
    assert shared["established"] in (5, 6, 7)
    worker.process.send_order(ShareOrder(run="newer", share=ANNA))
    turns_of(worker, runs, 6)
    apart = turns_of(worker, runs, 12)
    assert set(apart.values()) <= {3, 4, 5}
    for run in runs:
        worker.process.send_order(StopOrder(run=run))
        worker.until(EndedReport)


SEEDS = ("first", "second", "third")


def train_seeds(worker: Worker, config: TrainConfig) -> None:
    for seed, run in enumerate(SEEDS):
        worker.train(NET, config.changed(seed=seed), run=run, stack="seeds")


def together(worker: Worker, count: int) -> set[frozenset[str]]:
    """Returns which runs had their turns together in so many of the next ones, each cut short by an idle order."""
    seen: list[set[str]] = []
    worker.until(TurnReport)
    while len(seen) <= count:
        worker.process.send_order(StopOrder(run="no such run"))
        reports, _, _ = worker.until(TurnReport)
        seen.append({report.run for report in reports if isinstance(report, ProgressReport)})
    return {frozenset(runs) for runs in seen[1:]}


def test_seeds_that_train_in_one_pass_are_reported_as_those_trained_alone(worker: Worker) -> None:
    train_seeds(worker, SHORT)
    reports, ends = list[WorkerReport](), dict[str, tuple[EndedReport, bytes]]()
    while len(ends) < len(SEEDS):
        more, end, payload = worker.until(EndedReport)
        reports += more
        ends[end.run] = end, payload
    for seed, run in enumerate(SEEDS):
        weights, points = here(NET, SHORT.changed(seed=seed), DIGITS.load_splits())
        told = points_of([report for report in reports if getattr(report, "run", "") == run])
        assert [point._replace(value=0) for point in told] == [point._replace(value=0) for point in points]
        assert [point.value for point in told] == pytest.approx([point.value for point in points], rel=1e-3, abs=1e-4)
        end, payload = ends[run]
        assert end.status == Status.DONE
        for name, value in load(payload).items():
            torch.testing.assert_close(value, weights[name], rtol=1e-3, atol=1e-4, msg=name)


def test_a_seed_that_is_stopped_or_paused_leaves_the_others_together_and_comes_back(worker: Worker) -> None:
    train_seeds(worker, ENDLESS)
    for _ in SEEDS:
        worker.until(StartedReport)
    together(worker, 2)
    assert together(worker, 3) == {frozenset(SEEDS)}
    worker.process.send_order(PauseOrder(run="second"))
    reports, paused, _ = worker.until(PausedReport)
    assert paused.run == "second"
    assert any(isinstance(report, CheckpointReport) and report.run == "second" for report in reports)
    together(worker, 1)
    assert together(worker, 3) == {frozenset({"first", "third"})}
    checkpoint = [report for report in reports if isinstance(report, CheckpointReport) and report.run == "second"][-1]
    Checkpoints(worker.data_dir).commit("second", checkpoint.temporary_name)
    worker.train(NET, ENDLESS.changed(seed=1), run="second", stack="seeds")
    _, resumed, _ = worker.until(StartedReport)
    assert resumed.step == checkpoint.step > 0
    worker.process.send_order(StopOrder(run="first"))
    _, stopped, _ = worker.until(EndedReport)
    assert (stopped.run, stopped.status) == ("first", Status.STOPPED)
    together(worker, 2)
    assert together(worker, 3) == {frozenset({"second", "third"})}
    for run in ("second", "third"):
        worker.process.send_order(StopOrder(run=run))
        worker.until(EndedReport)


def test_runs_of_other_settings_do_not_train_in_one_pass(worker: Worker) -> None:
    worker.train(NET, ENDLESS, run="left", stack="seeds")
    worker.train(NET, ENDLESS.changed(learning_rate=0.02), run="right", stack="seeds")
    for _ in range(2):
        worker.until(StartedReport)
    together(worker, 2)
    assert together(worker, 4) == {frozenset({"left"}), frozenset({"right"})}
    for run in ("left", "right"):
        worker.process.send_order(StopOrder(run=run))
        worker.until(EndedReport)


NARROW = """
from cnnviz.runs.worker import worker
from cnnviz.training import stacked_training

class NarrowNets(stacked_training.StackedNets):
    steps = 0

    def step(self, batches):
        NarrowNets.steps += 1
        if NarrowNets.steps > 3:
            raise MemoryError
        return super().step(batches)

def main(device):
    stacked_training.StackedNets = NarrowNets
    worker.main(device)
"""


def test_seeds_whose_stack_is_too_large_go_on_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "narrow.py").write_text(NARROW, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    order_source, order_target = os.pipe()
    report_source, report_target = os.pipe()
    told: dict[str, dict[Point, None]] = {run: {} for run in SEEDS}
    ends: list[EndedReport] = []
    with os.fdopen(report_source, "rb") as reports, (tmp_path / "stderr").open("w") as stderr:
        child = start_child("narrow", "cpu", streams=Streams(order_source, report_target, stderr.fileno()), oom_score=0)
        os.close(order_source)
        os.close(report_target)
        with os.fdopen(order_target, "wb") as orders:
            for seed, run in enumerate(SEEDS):
                config = SHORT.changed(seed=seed)
                order = TrainOrder(run=run, kind=TRAIN_RUN, owner=ANNA, architecture=NET, config=config, stack="seeds")
                send(orders, order)
            while len(ends) < len(SEEDS) and (received := receive(reports, REPORTS)):
                report, _ = received
                if isinstance(report, PointsReport):
                    told[report.run] |= dict.fromkeys(without_device_points(report.points))
                elif isinstance(report, EndedReport):
                    ends.append(report)
        assert child.wait(DEADLINE) == 0
    assert [end.status for end in ends] == [Status.DONE] * len(SEEDS)
    for seed, run in enumerate(SEEDS):
        _, points = here(NET, SHORT.changed(seed=seed), DIGITS.load_splits())
        assert set(told[run]) >= set(points)


def test_two_stops_at_once_end_both_runs(worker: Worker) -> None:
    """The second cut the last slice of the first short, and that was forgotten."""
    for run in ("left", "right"):
        worker.train(NET, ENDLESS, run=run)
    worker.until(PointsReport)
    for run in ("left", "right"):
        worker.process.send_order(StopOrder(run=run))
    ends = [worker.until(EndedReport)[1] for _ in range(2)]
    assert {(end.run, end.status) for end in ends} == {("left", Status.STOPPED), ("right", Status.STOPPED)}


def test_a_stop_that_comes_too_late_does_not_stop_the_next_life_of_a_run(worker: Worker) -> None:
    worker.train(NET, ENDLESS, run="paused")
    worker.until(PointsReport)
    worker.process.send_order(PauseOrder(run="paused"))
    worker.process.send_order(StopOrder(run="paused"))
    while not isinstance(worker._next()[0], PausedReport | EndedReport):  # whichever is quicker
        pass
    worker.train(NET, SHORT, run="paused")
    _, end, _ = worker.until(EndedReport)
    assert end.status == Status.DONE
