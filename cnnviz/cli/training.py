"""A training into a folder: what it was asked for, every number on the way, and what came of it."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from safetensors.torch import save

from cnnviz import __version__
from cnnviz.architecture import Architecture
from cnnviz.cli.choosing import check_split, configuration, dataset, pair
from cnnviz.cli.designs import check_fit, read_design
from cnnviz.cli.files import told, write
from cnnviz.cli.progress import progress
from cnnviz.cli.stopping import Stop
from cnnviz.data.base import Dataset, Splits
from cnnviz.errors import CnnvizError, TrainingError, short_of_memory
from cnnviz.settings import settings
from cnnviz.source import to_code
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.readiness import check
from cnnviz.training.trainer import steps_per_epoch, train
from cnnviz.training.training import NO_MEMORY, Result

RESULT, WEIGHTS, POINTS = "result.json", "weights.safetensors", "points.csv"
DESIGN, CONFIG, CODE = "design.json", "config.json", "model.py"
FILES = (RESULT, WEIGHTS, POINTS, DESIGN, CONFIG, CODE)
"""What a training leaves in its folder; the result is written last."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the command line asks for, as its options are called."""

    design: Path
    out: Path
    data: tuple[Path, Path] | None = None
    dataset: str | None = None
    config: Path | None = None
    changes: tuple[str, ...] = ()
    device: str = "cpu"
    threads: int | None = None
    force: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Job:
    """An order that has been checked: this can be trained."""

    architecture: Architecture
    config: TrainConfig
    data: Dataset
    device: torch.device


def carry_out(order: Order) -> tuple[str, int]:
    """Train, and give the result as JSON and the exit code; raises CnnvizError with the reason where it cannot be."""
    job = _checked(order)
    torch.set_num_threads(order.threads or settings().threads or 1)
    if not order.quiet:
        click.echo(f"Loading “{job.data.title}” …", err=True)
    splits = job.data.split_by(job.config.split)
    _claim(order.out, force=order.force)
    write(order.out / DESIGN, job.architecture.to_json())
    write(order.out / CONFIG, job.config.model_dump_json(indent=2))
    write(order.out / CODE, to_code(job.architecture))
    with Stop() as stop:
        start = time.monotonic()
        result, measured = _train(job, splits, order, stop)
        seconds = time.monotonic() - start
        if result.best_epoch:
            write(order.out / WEIGHTS, save(result.weights))
        text = json.dumps(_facts(job, splits, result, measured) | {"seconds": round(seconds, 3)}, indent=2)
        write(order.out / RESULT, text + "\n")
    return text, stop.exit_code if result.stopped else 0


def _checked(order: Order) -> Job:
    """The order, read and found possible before anything is loaded, made or written."""
    with told(order.out):
        done = (order.out / RESULT).exists()
    if done and not order.force:
        raise CnnvizError(f"{order.out} holds the result of a training already; choose another folder, or add --force.")
    limits = settings()
    architecture = read_design(order.design)
    check_fit(architecture)
    config = configuration(order.config, order.changes)
    data = pair(*order.data, limits.max_upload_bytes) if order.data else dataset(order.dataset or config.dataset)
    config = config.changed("dataset", data.name)
    check_split(data, config)
    check(architecture, config, data, limits)
    return Job(architecture, config, data, _usable(order.device))


def _usable(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).tolist()
    except (RuntimeError, AssertionError) as error:  # torch's words for a name, a driver or a GPU that is not there
        reason = str(error).strip().partition("\n")[0][:200]
        raise TrainingError(f"The device {name} cannot be used here: {reason.rstrip('.')}.") from None
    return device


def _claim(folder: Path, *, force: bool) -> None:
    """Make the folder, without what an earlier training left in it."""
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)


def _train(job: Job, splits: Splits, order: Order, stop: Stop) -> tuple[Result, list[Point]]:
    config = job.config
    steps = config.epochs * steps_per_epoch(len(splits.train), config.batch_size)
    try:
        with _Table(order.out / POINTS) as table, progress(steps, config.epochs, quiet=order.quiet) as show:

            def emit(points: Sequence[Point]) -> None:
                table.add(points)
                show(points)

            result = train(job.architecture, config, splits, device=job.device, emit=emit, should_stop=stop)
    except (RuntimeError, MemoryError) as error:
        if short_of_memory(error):
            raise TrainingError(NO_MEMORY) from None
        raise
    return result, table.measured


class _Table:
    """Points as lines of a new file; those of whole parts are kept at hand."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.measured: list[Point] = []

    def __enter__(self) -> "_Table":
        with told(self._path):
            self._file = self._path.open("x", encoding="ascii")
        self._write([",".join(Point._fields)])
        return self

    def __exit__(self, *_: object) -> None:
        with told(self._path):
            self._file.close()

    def add(self, points: Sequence[Point]) -> None:
        self._write([",".join(map(str, point)) for point in points])
        self.measured += [point for point in points if point.split != "batch"]

    def _write(self, lines: list[str]) -> None:
        with told(self._path):
            self._file.writelines(f"{line}\n" for line in lines)
            self._file.flush()  # whoever follows the file sees them now


def _facts(job: Job, splits: Splits, result: Result, measured: list[Point]) -> dict[str, Any]:
    """The result as JSON holds it."""
    best = [point for point in measured if point.epoch == result.best_epoch]
    parts = {
        part: {point.metric: point.value for point in best if point.split == part} or None
        for part in ("train", "validation", "test")
    }
    return {
        **parts,
        "best_epoch": result.best_epoch,
        "epochs": max((point.epoch for point in measured), default=0),
        "stopped": result.stopped,
        "note": result.note,
        "classes": job.data.classes,
        "samples": [len(part) for part in splits.parts],
        "scale": result.scale.facts(),
        "device": str(job.device),
        "threads": torch.get_num_threads(),
        "cnnviz": __version__,
        "torch": torch.__version__,
        "config": job.config.model_dump(mode="json"),
    }
