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
from cnnviz.charts.record import csv_record
from cnnviz.data.base import Rows, Splits, at_random, taken
from cnnviz.data.digits import DIGITS
from cnnviz.presets import PRESETS
from cnnviz.takehome.arrays import FEATS, LABELS, PARTS
from cnnviz.takehome.script import Source
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.trainer import train
from cnnviz.training.training import Result

CPU = torch.device("cpu")
DRIVER = """
import os, runpy, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path("train.py", run_name="__main__")
assert not any(name.partition(".")[0] == "cnnviz" for name in sys.modules)
"""


@dataclass(frozen=True, eq=False)
class Run:
    """A run of cnnviz on samples x, y, cut as `rows` says; at random where it says nothing."""

    architecture: Architecture
    config: TrainConfig
    x: np.ndarray
    y: np.ndarray
    source: Source
    rows: Rows | None = None

    @property
    def splits(self) -> Splits:
        classes = tuple(map(str, range(int(self.y.max()) + 1)))
        return replace(
            taken(self.x, self.y, self.rows or at_random(self.y, classes)),
            axes=self.source.axes,
        )

    @cached_property
    def told(self) -> tuple[Result, list[Point]]:
        """How it ended, and what it said of loss and accuracy."""
        points: list[Point] = []
        result = train(
            self.architecture, self.config, self.splits, device=CPU, emit=points.extend, should_stop=lambda: False
        )
        splits = ("batch", "train", "validation", "test")
        return result, [point for point in points if point.split in splits and point.metric in ("loss", "accuracy")]

    @property
    def record(self) -> str:
        """What it said of them, as a file."""
        return csv_record(self.told[1])

    def lay_out(self, folder: Path, script: str) -> None:
        """Write what the script needs beside it."""
        folder.mkdir()
        (folder / "train.py").write_text(script)
        if not self.source.digits:
            np.save(folder / FEATS, self.x)
            np.save(folder / LABELS, self.y)
        if self.rows:
            np.savez(folder / PARTS, **dict(zip(("train", "validation", "test"), self.rows, strict=True)))


def digits(**settings: object) -> Run:
    """A run on the digits."""
    content = DIGITS.content()
    config = TrainConfig(**{"dataset": "digits", "epochs": 2} | settings)
    source = Source.of("digits", "random", DIGITS.axes)
    return Run(PRESETS["digits-convnet"].architecture, config, content.x, content.y, source)


def executed(folders: Sequence[Path]) -> str:
    """What the scripts in these folders print, run one after another in one fresh process with one thread."""
    quiet = ["-W", "error", "-W", "ignore:`torch.jit.:DeprecationWarning", "-W", "ignore:Run completed:UserWarning"]
    done = subprocess.run(
        [sys.executable, *quiet, "-c", DRIVER, *map(str, folders)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
