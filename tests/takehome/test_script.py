"""The script against the run that it was written from."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnviz.architecture import Architecture
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.errors import ShapeError
from cnnviz.layers import (
    AdaptiveAvgPool1d,
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    Dropout,
    Dropout2d,
    Flatten,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Parallel,
    ReLU,
    Residual,
)
from cnnviz.presets import PRESETS
from cnnviz.takehome.script import SHARES, SampleSource, to_script
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.lr_finder import LRFinder, LRFinderResult
from cnnviz.training.point import Point
from cnnviz.training.prepared_data import prepare
from cnnviz.training.schedule import SCHEDULES
from tests.takehome.script_runs import CPU, ScriptRun, digits_run, run_scripts

SEARCHED = "blocks"
FORMS = (1e-4, 0.1, 10.0)
"""Learning rates that the form may hold when a search begins."""
WATCH = """
seen = []
optimizer.register_step_pre_hook(lambda optimizer, *_: seen.append([group["lr"] for group in optimizer.param_groups]))

# %% Learning rate
"""
"""Notes the rates that the optimizer has at each step, from before the search."""
KEEP = """
np.savez("search.npz", seen=seen, told=finder.get_results()["lr"])

# %% Training
"""
"""Writes them and those that the search tells into a file, before the training."""
BLOCKS = Architecture(
    input_shape=(2, 6, 5),
    layers=[
        Residual(
            layers=(Conv2d(out_channels=4, kernel_size=3, padding=1), BatchNorm2d(), Dropout(p=0.3)),
            projection=(Conv2d(out_channels=4, kernel_size=1),),
        ),
        Parallel(branches=((Conv2d(out_channels=3, kernel_size=1), Dropout2d(p=0.2)), (ReLU(),))),
        Flatten(),
        Linear(out_features=3),
        LogSoftmax(dim=1),
    ],
)
VECTOR = Architecture(
    input_shape=(7,), layers=[Linear(out_features=9), BatchNorm1d(), ReLU(), Dropout(), Linear(out_features=3)]
)
VOLUME = Architecture(input_shape=(1, 4, 4, 4), layers=[Flatten(), Linear(out_features=3)])
SOUND = Architecture(
    input_shape=(4, 20),
    layers=[
        Conv1d(out_channels=6, kernel_size=3),
        BatchNorm1d(),
        ReLU(),
        AdaptiveAvgPool1d(output_size=1),
        Flatten(),
        Linear(out_features=3),
        LogSoftmax(dim=1),
    ],
)


def samples(architecture: Architecture, count: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise around the mean of each class, about half as loud."""
    random = np.random.default_rng(0)
    y = np.arange(count) % classes
    means = random.normal(size=(classes, *architecture.input_shape))
    x = 3 + means[y] / 2 + random.normal(size=(count, *architecture.input_shape))
    return x.astype(np.float32), y


def run_on_files(
    architecture: Architecture,
    config: TrainConfig,
    *,
    count: int,
    classes: int = 3,
    axes: tuple[str, ...] = (),
    parts: bool = False,
) -> ScriptRun:
    x, y = samples(architecture, count, classes)
    train, validation, test = np.split(np.random.default_rng(1).permutation(count), [count * 2 // 3, count * 5 // 6])
    rows = (train, validation, test) if parts else None
    return ScriptRun(architecture, config, x, y, SampleSource(has_parts_file=parts, axes=axes), rows)


@cache
def runs() -> dict[str, ScriptRun]:
    return {
        "digits": digits_run(seed=3),
        "lab": run_on_files(
            PRESETS["lab-convnet"].architecture,
            TrainConfig(
                epochs=3,
                batch_size=100,
                momentum=0.8,
                nesterov=True,
                weight_decay=0.01,
                schedule="step",
                step_size=1,
                gamma=0.3,
                floor=2.5,
                normalization="column",
                augmentation=Augmentation(time_shift=9, noise=0.2, time_mask=30, band_mask=40, flip=True),
            ),
            count=350,
            classes=35,
        ),
        "blocks": run_on_files(
            BLOCKS,
            TrainConfig(
                epochs=3,
                batch_size=21,  # 6 · 21 + 1
                optimizer="Adam",
                schedule="cosine",
                warmup=0.7,
                label_smoothing=0.1,
                max_grad_norm=0.5,
                normalization="channel",
                augmentation=Augmentation(shift=2, flip=True),
                left_out=tuple(range(0, 30, 3)),
            ),
            count=200,
            axes=("channel", "height", "width"),
            parts=True,
        ),
        "vector": run_on_files(
            VECTOR,
            TrainConfig(
                epochs=12,
                batch_size=20,
                optimizer="RMSprop",
                momentum=0.5,
                learning_rate=0.05,
                schedule="one-cycle",
                warmup=1.0,
                patience=1,
                normalization="none",
                augmentation=Augmentation(time_shift=3),
                left_out=(4, 5, 30, 89),
            ),
            count=90,
        ),
        "sound": run_on_files(
            SOUND,
            TrainConfig(
                epochs=2,
                batch_size=16,
                optimizer="AdamW",
                warmup=1.0,
                loss="CrossEntropyLoss",
                mixed_precision=True,
                channels_last=True,
                augmentation=Augmentation(time_shift=4, time_mask=5, band_mask=2, noise=0.1),
            ),
            count=90,
            axes=("band", "time"),
        ),
    }


@dataclass(frozen=True)
class FinishedScripts:
    """Where scripts have run, each in a folder of its name, and what they printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="module")
def finished_scripts(tmp_path_factory: pytest.TempPathFactory) -> FinishedScripts:
    """All have trained; SEARCHED has looked for a learning rate first."""
    folder = tmp_path_factory.mktemp("scripts")
    for name, run in runs().items():
        script = script_of(run)
        run.write_inputs(
            folder / name, script.replace("FIND_LR = False", "FIND_LR = True") if name == SEARCHED else script
        )
    return FinishedScripts(folder, run_scripts([folder / name for name in runs()]))


def find_learning_rate(run: ScriptRun) -> LRFinderResult:
    """What the finder finds for a run."""
    data, points = prepare(run.splits, run.config, CPU), list[Point]()
    search = LRFinder(run.architecture, run.config, data, device=CPU, emit=points.extend, should_stop=lambda: False)
    result = search.advance()
    assert result is not None
    return result


def script_of(run: ScriptRun) -> str:
    return to_script(run.architecture, run.config, data=run.source)


@pytest.mark.parametrize("name", runs())
def test_the_script_gives_the_very_curve_of_the_run_to_the_last_digit(
    finished_scripts: FinishedScripts, name: str
) -> None:
    assert (finished_scripts.folder / name / "points.csv").read_text() == runs()[name].csv_text


@pytest.mark.parametrize("name", runs())
def test_the_script_keeps_the_best_weights_under_the_names_of_the_run(
    finished_scripts: FinishedScripts, name: str
) -> None:
    ours = runs()[name].outcome[0].weights
    theirs = torch.load(finished_scripts.folder / name / "weights.pt", weights_only=True)
    assert len(ours) == len(theirs)
    for (our, mine), (their, other) in zip(ours.items(), theirs.items(), strict=True):
        assert our == their
        assert torch.equal(mine, other)


def test_the_runs_try_every_setting() -> None:
    result, points = runs()["vector"].outcome
    assert 0 < result.best_epoch < max(point.epoch for point in points) < runs()["vector"].config.epochs
    blocks = runs()["blocks"]
    assert len(blocks.splits.train) % blocks.config.batch_size == 1
    configs = [run.config for run in runs().values()]
    assert {config.optimizer for config in configs} == {*OPTIMIZERS}
    assert {config.schedule for config in configs} == {*SCHEDULES} == {*SHARES, "one-cycle"}
    assert {config.normalization for config in configs} == {*NORMALIZATIONS}
    usual = TrainConfig()
    tried = {name for config in configs for name, value in config if value != getattr(usual, name)}
    assert {*TrainConfig.model_fields} - tried == {"split_kind"}  # that is the source's
    assert {name for config in configs for name, value in config.augmentation if value} == {*Augmentation.model_fields}


def test_the_search_for_a_learning_rate_suggests_what_the_finder_does(finished_scripts: FinishedScripts) -> None:
    (suggested,) = re.findall(r"Suggested learning rate: (\S+)", finished_scripts.printed)
    assert float(suggested) == find_learning_rate(runs()[SEARCHED]).suggestion


def test_the_search_does_not_depend_on_the_learning_rate_and_tells_the_rates_that_it_used(tmp_path: Path) -> None:
    """The first step had the script's LEARNING_RATE, each other the rate before the one that was told."""
    settings: dict[str, dict[str, object]] = {
        "SGD": {"nesterov": True, "weight_decay": 0.01, "schedule": "cosine", "warmup": 1.0},
        "Adam": {"schedule": "one-cycle"},
        "AdamW": {"weight_decay": 0.1},
        "RMSprop": {"momentum": 0.5, "max_grad_norm": 1.0},
    }
    assert settings.keys() == OPTIMIZERS.keys()
    expected = []
    for optimizer, more in settings.items():
        usual: dict[str, object] = {"epochs": 1, "batch_size": 20, "normalization": "none", "optimizer": optimizer}
        for rate in FORMS:
            config = TrainConfig(**usual | {"learning_rate": rate} | more)
            run = run_on_files(VECTOR, config, count=90)
            script = script_of(run).replace("FIND_LR = False", "FIND_LR = True")
            script = script.replace("# %% Learning rate\n", WATCH).replace("# %% Training\n", KEEP)
            run.write_inputs(tmp_path / f"{optimizer}-{rate}", script)
        expected += [find_learning_rate(run).suggestion] * len(FORMS)
    folders = [tmp_path / f"{optimizer}-{rate}" for optimizer in settings for rate in FORMS]
    printed = re.findall(r"Suggested learning rate: (\S+)", run_scripts(folders))
    for folder in folders:
        rates = np.load(folder / "search.npz")
        assert len(rates["seen"]) > 100
        assert rates["seen"].tolist() == [[rate] for rate in rates["told"].tolist()]
    assert [*map(float, printed)] == expected


def test_every_epoch_is_printed(finished_scripts: FinishedScripts) -> None:
    for run in runs().values():
        for point in run.outcome[1]:
            if point.split != "batch" and point.metric == "loss":
                assert (
                    f"Epoch {point.epoch}, {point.split}: loss {point.value:.4f}, accuracy " in finished_scripts.printed
                )


def scripts_of_every_kind() -> Iterator[str]:
    """Scripts with and without each part, and with long numbers."""
    yield from map(script_of, runs().values())
    changes = Augmentation(time_shift=9999, noise=0.123456789, time_mask=9999, band_mask=999, shift=99, flip=True)
    for optimizer, schedule in product(OPTIMIZERS, SCHEDULES):
        config = TrainConfig(optimizer=optimizer, schedule=schedule, momentum=0.123456789, nesterov=True)
        yield to_script(VECTOR, config, data=SampleSource(is_digits=True))
        more = {"gamma": 0.123456789012, "warmup": 0.1234567890123, "weight_decay": 1e-05, "patience": 3}
        more |= {"label_smoothing": 0.123456789, "max_grad_norm": 1e-05, "mixed_precision": True, "floor": -1e-05}
        config = TrainConfig(**dict(config) | more | {"augmentation": changes, "normalization": "column"})
        yield from (to_script(design, config, data=SampleSource(has_parts_file=True)) for design in (BLOCKS, VOLUME))


def test_every_script_is_formatted_and_nothing_in_it_is_unused(tmp_path: Path) -> None:
    for number, script in enumerate(scripts_of_every_kind()):
        (tmp_path / f"script{number}.py").write_text(script)
        assert max(map(len, script.splitlines())) <= 88
    for command in (["check"], ["format", "--diff"]):
        ruff = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ruff.returncode == 0, ruff.stdout[:3000]


def test_a_plain_run_is_a_short_script_without_what_it_does_not_use() -> None:
    plain = script_of(runs()["digits"])
    around = plain.partition("class ConvNet")[0] + plain.partition("torch.manual_seed")[2]
    assert len(around.splitlines()) < 170
    for word in ("augment", "schedule", "FLOOR", "PATIENCE", "clip", "smooth", "autocast", "parts", "import cnnviz"):
        assert word not in around
    assert "mean" not in script_of(runs()["vector"])


def test_augmentation_that_such_samples_do_not_know_is_left_out() -> None:
    config = TrainConfig(augmentation=Augmentation(time_mask=3, shift=2))
    pictures = to_script(BLOCKS, config, data=SampleSource(axes=("channel", "height", "width")))
    assert "masked" not in pictures
    assert "moved(x, 2, 2, around=False)" in pictures


def test_a_design_that_does_not_fit_is_refused_with_the_reason() -> None:
    small = Architecture(input_shape=(1, 2, 2), layers=[MaxPool2d(kernel_size=5)])
    with pytest.raises(ShapeError, match="Layer 1, MaxPool2d"):
        to_script(small, TrainConfig(), data=SampleSource())


def test_a_source_is_told_by_the_names_of_data_set_and_split() -> None:
    assert SampleSource.for_dataset("digits") == SampleSource(is_digits=True)
    words = ("channel", "time", "band")
    assert SampleSource.for_dataset("words", "speaker", words) == SampleSource(has_parts_file=True, axes=words)
