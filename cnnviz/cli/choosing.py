"""What a training is asked for on the command line: its configuration and its data."""

import json
from functools import reduce
from pathlib import Path

from pydantic import ValidationError

from cnnviz.cli.files import read, read_text
from cnnviz.data import DATASETS
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.base import Dataset
from cnnviz.data.pair import MAX_LABEL_BYTES, read_pair
from cnnviz.data.uploads import MAX_TITLE
from cnnviz.errors import DataError, NumberError, TrainingError, refused_value
from cnnviz.numbers import parse_float
from cnnviz.shapes import show
from cnnviz.training.config import TrainConfig

MAX_CONFIG = 100_000
"""Bytes of a configuration."""
FILES = "files"
"""The name of the data set that two files make."""
AUGMENTATION = "augmentation."
SETTINGS = (
    *(name for name in TrainConfig.model_fields if f"{name}." != AUGMENTATION),
    *(AUGMENTATION + name for name in Augmentation.model_fields),
)
"""What can be set on the command line, by name."""
_HEADER = 2**16
"""Bytes around the values of a .npy file, at most."""


def configuration(path: Path | None, changes: tuple[str, ...]) -> TrainConfig:
    """That of a file, or the default, with single fields changed; raises CnnvizError where a value is refused."""
    return reduce(_changed, changes, TrainConfig() if path is None else _read(path))


def dataset(name: str) -> Dataset:
    """A data set that comes with cnnviz; raises DataError with those there are."""
    if name not in DATASETS:
        raise DataError(
            f"There is no data set “{name[:MAX_TITLE]}”; choose one of {', '.join(DATASETS)}, or give two .npy files."
        )
    return DATASETS[name]


def pair(feats: Path, labels: Path, max_bytes: int) -> Dataset:
    """Two .npy files as a data set, checked and in the form that an upload of them gets; raises CnnvizError."""
    samples, numbers = read(feats, max_bytes + _HEADER), read(labels, min(max_bytes, MAX_LABEL_BYTES) + _HEADER)
    content = read_pair(samples, numbers, max_bytes)
    story = f"{len(content.y):,} samples of {show(content.shape)}, {len(content.classes)} classes."
    return Dataset(
        name=FILES,
        title=feats.name[:MAX_TITLE],
        story=story,
        shape=content.shape,
        classes=content.classes,
        size=len(content.y),
        load=lambda _progress: content,
        splits=content.ways,
    )


def check_split(data: Dataset, config: TrainConfig) -> None:
    """Raise DataError where these data cannot be split in the wanted way."""
    if config.split not in data.splits:
        raise DataError(
            f"“{data.title}” cannot be split in the way “{config.split}”; it knows {', '.join(data.splits)}."
        )


def _read(path: Path) -> TrainConfig:
    text = read_text(path, MAX_CONFIG)
    try:
        return TrainConfig.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = ".".join(map(str, problem["loc"])) or "The configuration"
        reasons = {"json_invalid": f"{problem['msg']}.", "extra_forbidden": _unknown(name)}
        reason = reasons.get(problem["type"]) or refused_value(name, problem["input"], error)
        raise TrainingError(f"{path}: {reason}") from None


def _changed(config: TrainConfig, change: str) -> TrainConfig:
    name, _, text = change.partition("=")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a word, such as the name of an optimizer, or a number with a comma
        value = _number(text) if "," in text else text
    if name not in SETTINGS:
        raise TrainingError(_unknown(name))
    inside = name.removeprefix(AUGMENTATION)
    return config.changed(name, value) if inside == name else config.augmented(inside, value)


def _number(text: str) -> float | str:
    """What a text with a decimal comma means; the text itself where that is not clear."""
    try:
        return parse_float(text)
    except NumberError:
        return text


def _unknown(name: str) -> str:
    return f"There is no setting “{name[:MAX_TITLE]}”; there are {', '.join(SETTINGS)}."
