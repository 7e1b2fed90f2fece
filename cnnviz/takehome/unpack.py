"""Reading a run from an untrusted zip: everything is checked, nothing is written, nothing is executed."""

import csv
import io
import math
import re
import sys
from typing import TypeVar

import numpy as np
import torch
from pydantic import BaseModel, ValidationError

from cnnviz.architecture import Architecture, find_refusing_step, layer_number, trace
from cnnviz.architecture.design import MAX_JSON_LENGTH
from cnnviz.architecture.step import FLOAT32_BYTES
from cnnviz.architecture.weights import MAX_HEADER_BYTES, read_tensors, read_weights
from cnnviz.charts.points_file import COLUMNS
from cnnviz.data.archive import ZipArchive
from cnnviz.data.archive_member import ArchiveMember
from cnnviz.errors import DataError, DesignError, LimitError
from cnnviz.insight.predictions import Predictions
from cnnviz.settings import Settings
from cnnviz.takehome.archive_facts import MAX_COUNT
from cnnviz.takehome.manifest import ARCHIVE_FIELDS, Manifest, replace_invisible
from cnnviz.takehome.pack import CONFIG_FILE, DESIGN_FILE, POINTS_FILE, PREDICTIONS_FILE, RUN_FILE, WEIGHTS_FILE
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import parse_end_reason
from cnnviz.training.point import BATCH, DEVICE, TEST, TRAIN, VALIDATION, Point
from cnnviz.training.training import MAX_SCORES
from cnnviz.validation import describe_error
from cnnviz.words import format_mebibytes

MAX_BYTES = 512 * 2**20
"""Maximum size of a zip, and of its content uncompressed, in bytes."""
MAX_MANIFEST_BYTES, MAX_CONFIG_BYTES = 16 * 2**20, 100_000
MAX_POINTS, MAX_POINT_BYTES = 2_000_000, 100
"""Maximum number of points of a run, and of bytes per point on average."""
MAX_EPOCH_POINTS = 500_000
"""Of those, the ones that are no batch losses: pages read all of them."""
MAX_METRICS = 50
"""Maximum number of different metrics."""
METRIC_PATTERN = re.compile(r"[A-Za-z][ -~]{0,31}")
"""Names of metrics: up to 32 printable characters of ASCII, of which the first is a letter."""
MAX_PREDICTIONS_BYTES = 128 * 2**20
"""Maximum size of the file of predictions, in bytes."""
MAX_REASON_LENGTH = 400
"""Maximum length of an error about a design, in characters; it may quote a very long name."""
MAX_BUFFER_BYTES = 16 * 2**20
"""Maximum size of weights that are not parameters, such as the running statistics of norms, in bytes."""
Model = TypeVar("Model", bound=BaseModel)


def unpack(content: bytes, limits: Settings) -> RunArchive:
    """Returns the run in a zip written by `pack`.

    Raises CnnvizError with the reason when it cannot be read: DesignError when the design is invalid or the weights do
    not fit it, LimitError when the run is larger than this server allows, DataError otherwise.
    """
    if len(content) > MAX_BYTES:
        size, limit = (f"{format_mebibytes(byte_count)}" for byte_count in (len(content), MAX_BYTES))
        raise LimitError(f"This zip takes {size}; this server reads at most {limit}.")
    with ZipArchive(content, MAX_BYTES, max_member=MAX_BYTES) as zip_file:
        files = _ZipFiles(zip_file)
        manifest = _parse_model(Manifest, files.read(RUN_FILE, MAX_MANIFEST_BYTES), RUN_FILE)
        config = _parse_model(TrainConfig, files.read(CONFIG_FILE, MAX_CONFIG_BYTES), CONFIG_FILE)
        architecture, outputs = _parse_design(files.read(DESIGN_FILE, 4 * MAX_JSON_LENGTH), limits)
        if manifest.axes and len(manifest.axes) != len(architecture.input_shape):
            raise DataError(
                f"{RUN_FILE} names {len(manifest.axes)} axes, but the design has {len(architecture.input_shape)}."
            )
        weights = files.read_optional(
            WEIGHTS_FILE, FLOAT32_BYTES * limits.max_parameters + MAX_BUFFER_BYTES + MAX_HEADER_BYTES
        )
        if weights is not None:
            _check_weights(weights, architecture)
        predicted = files.read_optional(PREDICTIONS_FILE, MAX_PREDICTIONS_BYTES)
        predictions = None if predicted is None else _parse_predictions(predicted, manifest.classes, outputs)
        points = _parse_points(files.read(POINTS_FILE, MAX_POINTS * MAX_POINT_BYTES), architecture)
    return RunArchive(
        architecture=architecture,
        config=config,
        weights=weights,
        predictions=predictions,
        points=points,
        classes=manifest.classes,
        facts=manifest.facts,
        end_reason=parse_end_reason(manifest.end_reason, manifest.status, manifest.message),
        **{name: getattr(manifest, name) for name in ARCHIVE_FIELDS},
    )


class _ZipFiles:
    """Files in the folder of a zip that contains run.json."""

    def __init__(self, archive: ZipArchive) -> None:
        self._archive = archive
        runs = [member for member in archive.members if member.name == RUN_FILE]
        if not runs:
            raise DataError(f"This zip contains no run: {RUN_FILE} is missing. Choose a zip written by cnnviz.")
        folders = min((member.folders for member in runs), key=len)
        self._members: dict[str, ArchiveMember] = {m.name: m for m in archive.members if m.folders == folders}

    def read_optional(self, name: str, max_bytes: int) -> bytes | None:
        member = self._members.get(name)
        if member is None:
            return None
        if member.size > max_bytes:
            raise LimitError(f"{name} takes {member.size:,} bytes; at most {max_bytes:,} are read.")
        return self._archive.read(member)

    def read(self, name: str, max_bytes: int) -> bytes:
        content = self.read_optional(name, max_bytes)
        if content is None:
            raise DataError(f"This zip is incomplete: {name} is missing. Choose an unchanged zip written by cnnviz.")
        return content


def _parse_model(model: type[Model], content: bytes, name: str) -> Model:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise DataError(replace_invisible(describe_error(error, name))) from None


def _parse_design(content: bytes, limits: Settings) -> tuple[Architecture, int]:
    """Returns the design and its number of scores."""
    try:
        architecture = Architecture.from_json(content)
    except DesignError as error:
        reason = replace_invisible(str(error))
        raise DesignError(reason if len(reason) <= MAX_REASON_LENGTH else f"{reason[:MAX_REASON_LENGTH]}….") from None
    steps = trace(architecture)
    if not steps:
        raise DesignError("The design in this zip has no layers, so it was never trained.")
    if refused := find_refusing_step(steps):
        raise DesignError(f"The design in this zip does not fit, so it was never trained. {refused.error}")
    parameters = sum(step.parameters for step in steps)
    if parameters > limits.max_parameters:
        raise LimitError(
            f"The design in this zip has {parameters:,} parameters; this server takes at most"
            f" {limits.max_parameters:,}."
        )
    shape = steps[-1].output_shape or ()
    if len(shape) != 1:
        raise DesignError("The design in this zip does not end in one row of scores, so it was never trained.")
    return architecture, shape[0]


def _check_weights(content: bytes, architecture: Architecture) -> None:
    for name, values in read_weights(content, architecture, WEIGHTS_FILE).items():
        if not torch.isfinite(values).all():
            raise DataError(f"{WEIGHTS_FILE} has values that are not finite numbers, in {name}.")


def _parse_predictions(content: bytes, classes: tuple[str, ...], outputs: int) -> Predictions | None:
    """Returns the checked predictions, (N, C) and (N,); None when the net has more than MAX_SCORES scores.

    A net may have more scores than there are classes.
    """
    tensors = read_tensors(content, PREDICTIONS_FILE)
    probabilities, y = tensors.get("probabilities"), tensors.get("y")
    if probabilities is None or y is None:
        raise DataError(f"{PREDICTIONS_FILE} must hold probabilities and y.")
    count = probabilities.shape[-1] if probabilities.ndim == 2 else 0
    if (probabilities.dtype, y.dtype) != (torch.float32, torch.int64) or y.shape != probabilities.shape[:1]:
        raise DataError(f"{PREDICTIONS_FILE} must hold probabilities (N, C) float32 and y (N,) int64.")
    if not 1 <= len(classes) <= count <= outputs:
        raise DataError(f"{PREDICTIONS_FILE} has {count} probabilities for each sample, for {len(classes)} classes.")
    if not len(y):
        raise DataError(f"{PREDICTIONS_FILE} holds no samples.")
    if not ((probabilities >= 0) & (probabilities <= 1 + 1e-3)).all():  # also false for NaN
        raise DataError(f"{PREDICTIONS_FILE} has probabilities that are not between 0 and 1.")
    if not ((y >= 0) & (y < len(classes))).all():
        raise DataError(f"{PREDICTIONS_FILE} has classes that are not between 0 and {len(classes) - 1}.")
    if count > MAX_SCORES:
        return None
    return Predictions(np.asarray(probabilities), np.asarray(y), classes)


def _parse_points(content: bytes, architecture: Architecture) -> tuple[Point, ...]:
    """Returns the points in a file written by `points_to_csv`."""
    splits = {BATCH, TRAIN, VALIDATION, TEST, DEVICE, *(layer_number(path) for path, _ in architecture.iter_layers())}
    metrics: set[str] = set()
    points: list[Point] = []
    epoch_points = 0
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=""), strict=True)
    try:
        if tuple(next(lines, ())) != COLUMNS:
            raise DataError(f"{POINTS_FILE} must begin with the line {','.join(COLUMNS)}.")
        for line in lines:
            points.append(_parse_point(line))
            if points[-1].split not in splits:
                raise DataError(
                    f"{POINTS_FILE} has the split “{replace_invisible(points[-1].split)[:40]}”, which this design"
                    " does not have."
                )
            epoch_points += points[-1].split != BATCH
            if epoch_points > MAX_EPOCH_POINTS:
                raise DataError(f"{POINTS_FILE} has more than {MAX_EPOCH_POINTS:,} points besides batch losses.")
            metrics.add(points[-1].metric)
            if len(points) > MAX_POINTS or len(metrics) > MAX_METRICS:
                raise DataError(f"{POINTS_FILE} has more than {MAX_POINTS:,} points or {MAX_METRICS} metrics.")
    except (ValueError, csv.Error):  # a UnicodeDecodeError is a ValueError
        raise DataError(f"{POINTS_FILE} is damaged in or after line {len(points) + 2:,}.") from None
    return tuple(points)


def _parse_point(line: list[str]) -> Point:
    """Returns the point in a line; raises ValueError when the line is invalid."""
    step, epoch, split, metric, value = line
    if not METRIC_PATTERN.fullmatch(metric):  # no formula, as it is written to a .csv again
        raise ValueError
    point = Point(int(step), int(epoch), sys.intern(split), sys.intern(metric), float(value))
    if not (0 <= point.step <= MAX_COUNT and 0 <= point.epoch <= MAX_COUNT and math.isfinite(point.value)):
        raise ValueError
    return point
