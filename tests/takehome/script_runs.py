"""Runs to take home: each with its data, and what cnnviz makes of it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from cnnviz.architecture import Architecture
from cnnviz.charts.points_file import points_to_csv
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.digits import DIGITS
from cnnviz.data.splits import Splits, take_splits
from cnnviz.data.splitting import split_at_random
from cnnviz.presets import PRESETS
from cnnviz.takehome.arrays import FEATS_FILE, LABELS_FILE, PARTS_FILE
from cnnviz.takehome.script import SampleSource
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.trainer import train
from cnnviz.training.training import TrainingResult

CPU = torch.device("cpu")
DRIVER = """
import os, runpy, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path("train.py", run_name="__main__")
assert not any(name.partition(".")[0] == "cnnviz" for name in sys.modules)
"""


@dataclass(frozen=True, eq=False)
class ScriptRun:
    """A run of cnnviz on samples x, y, cut as `rows` says; at random where it says nothing."""

    architecture: Architecture
    config: TrainConfig
    x: np.ndarray
    y: np.ndarray
    source: SampleSource
    rows: SplitIndices | None = None

    @property
    def splits(self) -> Splits:
        classes = tuple(map(str, range(int(self.y.max()) + 1)))
        train, validation, test = self.rows or split_at_random(self.y, classes)
        train = np.array([row for row in train if row not in self.config.left_out])
        return replace(take_splits(self.x, self.y, (train, validation, test)), axes=self.source.axes)

    @cached_property
    def outcome(self) -> tuple[TrainingResult, list[Point]]:
        """How it ended, and what it said of loss and accuracy."""
        points: list[Point] = []
        result = train(
            self.architecture, self.config, self.splits, device=CPU, emit=points.extend, should_stop=lambda: False
        )
        splits = ("batch", "train", "validation", "test")
        return result, [point for point in points if point.split in splits and point.metric in ("loss", "accuracy")]

    @property
    def csv_text(self) -> str:
        """What it said of them, as a file."""
        return points_to_csv(self.outcome[1])

    def write_inputs(self, folder: Path, script: str) -> None:
        """Write what the script needs beside it."""
        folder.mkdir()
        (folder / "train.py").write_text(script)
        if not self.source.is_digits:
            np.save(folder / FEATS_FILE, self.x)
            np.save(folder / LABELS_FILE, self.y)
        if self.rows:
            np.savez(folder / PARTS_FILE, **dict(zip(("train", "validation", "test"), self.rows, strict=True)))


def digits_run(**settings: object) -> ScriptRun:
    """A run on the digits."""
    content = DIGITS.load_content()
    config = TrainConfig(**{"dataset": "digits", "epochs": 2} | settings)
    source = SampleSource.for_dataset("digits", "random", DIGITS.axes)
    return ScriptRun(PRESETS["digits-convnet"].architecture, config, content.x, content.y, source)


def run_scripts(folders: Sequence[Path]) -> str:
    """What the scripts in these folders print, run one after another in one fresh process with one thread."""
    quiet = ["-W", "error", "-W", "ignore:`torch.jit.:DeprecationWarning", "-W", "ignore:Run completed:UserWarning"]
    process = subprocess.run(
        [sys.executable, *quiet, "-c", DRIVER, *map(str, folders)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout
