"""A training whose design, settings, points, weights and result are written to a folder."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import torch
from safetensors.torch import save

from cnnviz import __version__
from cnnviz.architecture import Architecture
from cnnviz.cli.config import check_split, find_built_in_dataset, load_arrays, load_config
from cnnviz.cli.designs import check_shapes, read_design
from cnnviz.cli.files import explain_os_errors, write_file
from cnnviz.cli.progress import show_progress
from cnnviz.cli.stopping import StopSignal
from cnnviz.data.dataset import Dataset
from cnnviz.data.splits import Splits
from cnnviz.errors import CnnvizError, TrainingError, is_out_of_memory
from cnnviz.settings import settings
from cnnviz.source import to_code
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.readiness import check_trainable
from cnnviz.training.trainer import steps_per_epoch, train
from cnnviz.training.training import OUT_OF_MEMORY_MESSAGE, TrainingResult

RESULT_FILE, WEIGHTS_FILE, POINTS_FILE = "result.json", "weights.safetensors", "points.csv"
DESIGN_FILE, CONFIG_FILE, CODE_FILE = "design.json", "config.json", "model.py"
OUTPUT_FILES = (RESULT_FILE, WEIGHTS_FILE, POINTS_FILE, DESIGN_FILE, CONFIG_FILE, CODE_FILE)
"""Files that a training writes to its folder; the result is written last."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Options of the train command, named as on the command line."""

    design: Path
    out: Path
    data: tuple[Path, Path] | None = None
    channels: Literal["first", "last"] | None = None
    dataset: str | None = None
    config: Path | None = None
    changes: tuple[str, ...] = ()
    device: str = "cpu"
    threads: int | None = None
    force: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class TrainJob:
    """A checked training: design, settings, data and device fit together."""

    architecture: Architecture
    config: TrainConfig
    data: Dataset
    device: torch.device


def run_training(options: TrainOptions) -> tuple[str, int]:
    """Trains; returns the result as JSON and the exit code. Raises CnnvizError with the reason when it cannot."""
    job = _check_options(options)
    torch.set_num_threads(options.threads or settings().threads or 1)
    if not options.quiet:
        click.echo(f"Loading “{job.data.title}” …", err=True)
    splits = job.data.load_splits(job.config.split_kind, left_out=job.config.left_out)
    _prepare_folder(options.out)
    write_file(options.out / DESIGN_FILE, job.architecture.to_json())
    write_file(options.out / CONFIG_FILE, job.config.model_dump_json(indent=2))
    write_file(options.out / CODE_FILE, to_code(job.architecture))
    with StopSignal() as stop:
        start = time.monotonic()
        result, epoch_points = _train(job, splits, options, stop)
        seconds = time.monotonic() - start
        if result.best_epoch:
            write_file(options.out / WEIGHTS_FILE, save(result.weights))
        text = json.dumps(_result_json(job, splits, result, epoch_points) | {"seconds": round(seconds, 3)}, indent=2)
        write_file(options.out / RESULT_FILE, text + "\n")
    return text, stop.exit_code if result.stopped else 0


def _check_options(options: TrainOptions) -> TrainJob:
    """Returns the job of these options, checked before samples are loaded or files written."""
    with explain_os_errors(options.out):
        has_result = (options.out / RESULT_FILE).exists()
    if has_result and not options.force:
        raise CnnvizError(
            f"{options.out} already contains the result of a training; choose another folder, or add --force."
        )
    limits = settings()
    architecture = read_design(options.design)
    check_shapes(architecture)
    built_in = find_built_in_dataset(options.dataset) if options.dataset else None
    # before the other changes, as samples that are left out are those of the data set at hand
    changes = options.changes if built_in is None else (f"dataset={built_in.name}", *options.changes)
    config = load_config(options.config, changes)
    if options.data:  # the samples of the run's own data set, as it was taken home
        data = load_arrays(*options.data, limits.max_upload_bytes, options.channels or "unknown")
        config = config.changed(dataset=data.name, left_out=config.left_out)
    else:
        data = built_in or find_built_in_dataset(config.dataset)
        config = config.changed(dataset=data.name)
    check_split(data, config)
    check_trainable(architecture, config, data, limits)
    return TrainJob(architecture, config, data, _open_device(options.device))


def _open_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).tolist()
    except (RuntimeError, AssertionError) as error:  # torch's errors for an unknown name, or a missing driver or GPU
        reason = str(error).strip().partition("\n")[0][:200]
        raise TrainingError(f"The device {name} cannot be used here: {reason.rstrip('.')}.") from None
    return device


def _prepare_folder(folder: Path) -> None:
    """Creates the folder, and deletes the files of an earlier training in it."""
    with explain_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in OUTPUT_FILES:
            (folder / name).unlink(missing_ok=True)


def _train(
    job: TrainJob, splits: Splits, options: TrainOptions, stop: StopSignal
) -> tuple[TrainingResult, list[Point]]:
    config = job.config
    steps = config.epochs * steps_per_epoch(len(splits.train), config.batch_size)
    try:
        with (
            _PointsFile(options.out / POINTS_FILE) as table,
            show_progress(steps, config.epochs, quiet=options.quiet) as show,
        ):

            def emit(points: Sequence[Point]) -> None:
                table.add(points)
                show(points)

            result = train(job.architecture, config, splits, device=job.device, emit=emit, should_stop=stop)
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise TrainingError(OUT_OF_MEMORY_MESSAGE) from None
        raise
    return result, table.epoch_points


class _PointsFile:
    """Writer of points to a new CSV file; keeps the points that are not of batches for the result."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.epoch_points: list[Point] = []

    def __enter__(self) -> "_PointsFile":
        with explain_os_errors(self._path):
            self._file = self._path.open("x", encoding="ascii")
        self._write([",".join(Point._fields)])
        return self

    def __exit__(self, *_: object) -> None:
        with explain_os_errors(self._path):
            self._file.close()

    def add(self, points: Sequence[Point]) -> None:
        self._write([",".join(map(str, point)) for point in points])
        self.epoch_points += [point for point in points if point.split != "batch"]

    def _write(self, lines: list[str]) -> None:
        with explain_os_errors(self._path):
            self._file.writelines(f"{line}\n" for line in lines)
            self._file.flush()  # so that tail -f shows them now


def _result_json(job: TrainJob, splits: Splits, result: TrainingResult, epoch_points: list[Point]) -> dict[str, Any]:
    """Returns metrics of the best epoch, settings and versions in JSON types."""
    best = [point for point in epoch_points if point.epoch == result.best_epoch]
    parts = {
        part: {point.metric: point.value for point in best if point.split == part} or None
        for part in ("train", "validation", "test")
    }
    return {
        **parts,
        "best_epoch": result.best_epoch,
        "epochs": max((point.epoch for point in epoch_points), default=0),
        "stopped": result.stopped,
        "note": result.note,
        "classes": job.data.classes,
        "samples": [len(part) for part in splits.parts],
        "scale": result.scale.to_dict(),
        "device": str(job.device),
        "threads": torch.get_num_threads(),
        "cnnviz": __version__,
        "torch": torch.__version__,
        "config": job.config.model_dump(mode="json"),
    }
