"""On a GPU, where there is one: the same training, its memory, and the settings that are for it alone."""

from queue import SimpleQueue

import pytest
import torch

from cnnviz.presets import PRESETS
from cnnviz.processes.worker_process import WorkerProcess
from cnnviz.runs.run import TRAIN_RUN, Status
from cnnviz.runs.worker.messages import REPORTS, EndedReport, ReadyReport, TrainOrder, WorkerOrder, WorkerReport
from cnnviz.runs.worker.supervisor import WORKER_MODULE
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.prepared_data import prepare
from cnnviz.training.setup import TrainingSetup
from cnnviz.training.stacked_training import advance_seeds
from cnnviz.training.training import Training
from tests.conftest import DEADLINE
from tests.designs import ANNA
from tests.training.test_trainer import digits

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
DESIGN = PRESETS["digits-convnet"].architecture
CONFIG = TrainConfig(dataset="digits", epochs=3, learning_rate=0.05)


def trained(config: TrainConfig, *, slices: bool = False) -> list[Point]:
    device, points = torch.device("cuda:0"), list[Point]()
    data = prepare(digits(), config, device)
    training = Training(DESIGN, config, data, device=device, emit=points.extend, should_stop=lambda: False)
    while training.advance(lambda: slices) is None:
        again = Training(DESIGN, config, data, device=device, emit=points.extend, should_stop=lambda: False)
        again.restore(training.snapshot())
        training = again
    return points


@pytest.mark.parametrize("name", ["mixed_precision", "channels_last"])
def test_a_setting_of_the_gpu_trains(name: str) -> None:
    points = trained(CONFIG.changed(**{name: True}))
    assert {point.metric for point in points if point.split == "device"} == {"samples_per_second", "memory_bytes"}
    assert [point for point in points if point.split == "test"]


def test_channels_last_lays_the_weights_out() -> None:
    data = prepare(digits(), CONFIG, torch.device("cuda:0"))
    for channels_last in (False, True):
        setup = TrainingSetup(DESIGN, CONFIG.changed(channels_last=channels_last), data, torch.device("cuda:0"))
        weight = next(setup.model.parameters())
        assert weight.is_contiguous(memory_format=torch.channels_last) or not channels_last


def test_in_slices_and_from_snapshots_it_is_the_same_up_to_rounding() -> None:
    whole, sliced = trained(CONFIG), trained(CONFIG, slices=True)
    losses = [[point.value for point in points if point.split == "batch"] for points in (whole, sliced)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)


def test_seeds_in_one_pass_are_those_trained_alone_up_to_rounding() -> None:
    device, configs = torch.device("cuda:0"), [CONFIG.changed(seed=seed) for seed in range(3)]
    points: list[list[Point]] = [[] for _ in configs]
    data = prepare(digits(), CONFIG, device)
    trainings = [
        Training(DESIGN, config, data, device=device, emit=own_points.extend, should_stop=lambda: False)
        for config, own_points in zip(configs, points, strict=True)
    ]
    advance_seeds(trainings, lambda: False, lambda training, until: training.advance(until) is None)
    for config, own_points in zip(configs, points, strict=True):
        losses = [[point.value for point in told if point.split == "batch"] for told in (own_points, trained(config))]
        assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_a_forked_worker_trains_on_the_gpu() -> None:
    """In a child of a process that had touched CUDA, nothing on it would work."""
    reports: SimpleQueue[WorkerReport] = SimpleQueue()
    worker = WorkerProcess[WorkerOrder, WorkerReport](
        WORKER_MODULE, "cuda:0", REPORTS, lambda report, _: reports.put(report), lambda _: None, oom_score=0
    )
    assert isinstance(reports.get(timeout=DEADLINE), ReadyReport)
    worker.send_order(TrainOrder(run="one", kind=TRAIN_RUN, owner=ANNA, architecture=DESIGN, config=CONFIG))
    while not isinstance(report := reports.get(timeout=DEADLINE), EndedReport):
        pass
    assert report.status == Status.DONE
    worker.close()
