"""The script against the run that it was written from."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnviz.architecture import Architecture
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.digits import DIGITS
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
    Parallel,
    ReLU,
    Residual,
)
from cnnviz.presets import PRESETS
from cnnviz.takehome.script import Source, to_script
from cnnviz.training.config import TrainConfig
from tests.takehome.runs import Run, executed

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


def on_files(
    architecture: Architecture,
    config: TrainConfig,
    *,
    count: int,
    classes: int = 3,
    axes: tuple[str, ...] = (),
    parts: bool = False,
) -> Run:
    x, y = samples(architecture, count, classes)
    train, validation, test = np.split(np.random.default_rng(1).permutation(count), [count * 2 // 3, count * 5 // 6])
    rows = (train, validation, test) if parts else None
    return Run(architecture, config, x, y, Source(parts=parts, axes=axes), rows)


@cache
def runs() -> dict[str, Run]:
    digits = DIGITS.content()
    return {
        "digits": Run(
            PRESETS["digits-convnet"].architecture,
            TrainConfig(dataset="digits", epochs=2, seed=3),
            digits.x,
            digits.y,
            Source.of("digits", "random", DIGITS.axes),
        ),
        "lab": on_files(
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
        "blocks": on_files(
            BLOCKS,
            TrainConfig(
                epochs=3,
                batch_size=33,  # 4 · 33 + 1
                optimizer="Adam",
                schedule="cosine",
                warmup=0.7,
                label_smoothing=0.1,
                max_grad_norm=0.5,
                normalization="channel",
                augmentation=Augmentation(shift=2, flip=True),
            ),
            count=200,
            axes=("channel", "height", "width"),
            parts=True,
        ),
        "vector": on_files(
            VECTOR,
            TrainConfig(
                epochs=9,
                batch_size=20,
                optimizer="RMSprop",
                momentum=0.5,
                learning_rate=0.05,
                schedule="one-cycle",
                warmup=1.0,
                patience=2,
                normalization="none",
                augmentation=Augmentation(time_shift=3),
            ),
            count=90,
        ),
        "sound": on_files(
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


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Where each script has run, under its name, and what all of them printed; “digits” has looked for a rate, too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("scripts")
    for name, run in runs().items():
        script = to_script(run.architecture, run.config, data=run.source)
        run.lay_out(place / name, script.replace("FIND_LR = False", f"FIND_LR = {name in ('digits', 'blocks')}"))
    yield place, executed([place / name for name in runs()])
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", runs())
def test_the_script_gives_the_very_curve_of_the_run(folders: tuple[Path, str], name: str) -> None:
    place, _ = folders
    assert (place / name / "points.csv").read_text() == runs()[name].record
