"""What a training is asked for on the command line: its configuration and its data."""

import json
from functools import reduce
from pathlib import Path

from pydantic import ValidationError

from cnnviz.cli.files import read_file, read_text_file
from cnnviz.data import DATASETS
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.dataset import Dataset
from cnnviz.data.npy_upload import MAX_LABEL_BYTES, read_pair
from cnnviz.data.uploads import MAX_TITLE_LENGTH
from cnnviz.errors import DataError, NumberError, TrainingError
from cnnviz.numbers import parse_float
from cnnviz.shapes import format_shape
from cnnviz.training.config import TrainConfig
from cnnviz.validation import describe_error

MAX_CONFIG_BYTES = 100_000
"""Bytes of a configuration."""
FILES_DATASET_NAME = "files"
"""The name of the data set that two files make."""
AUGMENTATION_PREFIX = "augmentation."
SETTING_FIELDS = {
    **{
        info.alias or name: name for name, info in TrainConfig.model_fields.items() if f"{name}." != AUGMENTATION_PREFIX
    },
    **{AUGMENTATION_PREFIX + name: name for name in Augmentation.model_fields},
}
"""The field that each setting of the command line stands for, by the name that it also has in a configuration file."""
_MAX_NPY_HEADER_BYTES = 2**16
"""Bytes around the values of a .npy file, at most."""


def load_config(path: Path | None, changes: tuple[str, ...]) -> TrainConfig:
    """That of a file, or the default, with single fields changed; raises CnnvizError where a value is refused."""
    return reduce(_apply_change, changes, TrainConfig() if path is None else _read_config(path))


def find_dataset(name: str) -> Dataset:
    """A data set that comes with cnnviz; raises DataError with those there are."""
    if name not in DATASETS:
        raise DataError(
            f"There is no data set “{name[:MAX_TITLE_LENGTH]}”; choose one of {', '.join(DATASETS)}, or give two .npy"
            " files."
        )
    return DATASETS[name]


def load_arrays(feats: Path, labels: Path, max_bytes: int) -> Dataset:
    """Two .npy files as a data set, checked and in the form that an upload of them gets; raises CnnvizError."""
    feat_bytes, label_bytes = (
        read_file(feats, max_bytes + _MAX_NPY_HEADER_BYTES),
        read_file(labels, min(max_bytes, MAX_LABEL_BYTES) + _MAX_NPY_HEADER_BYTES),
    )
    content = read_pair(feat_bytes, label_bytes, max_bytes)
    description = f"{len(content.y):,} samples of {format_shape(content.shape)}, {len(content.classes)} classes."
    return Dataset(
        name=FILES_DATASET_NAME,
        title=feats.name[:MAX_TITLE_LENGTH],
        description=description,
        shape=content.shape,
        classes=content.classes,
        size=len(content.y),
        load=lambda _progress: content,
        split_kinds=content.split_kinds,
    )


def check_split(data: Dataset, config: TrainConfig) -> None:
    """Raise DataError where these data cannot be split in the wanted way."""
    if config.split_kind not in data.split_kinds:
        raise DataError(
            f"“{data.title}” cannot be split in the way “{config.split_kind}”; it knows {', '.join(data.split_kinds)}."
        )


def _read_config(path: Path) -> TrainConfig:
    text = read_text_file(path, MAX_CONFIG_BYTES)
    try:
        return TrainConfig.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        if problem["type"] == "extra_forbidden":
            name = ".".join(map(str, problem["loc"]))
            raise TrainingError(f"{path}: {_unknown_setting_message(name)}") from None
        raise TrainingError(describe_error(error, str(path))) from None


def _apply_change(config: TrainConfig, change: str) -> TrainConfig:
    name, _, text = change.partition("=")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a word, such as the name of an optimizer, or a number with a comma
        value = _parse_number(text) if "," in text else text
    if name not in SETTING_FIELDS:
        raise TrainingError(_unknown_setting_message(name))
    change_field = config.with_augmentation if name.startswith(AUGMENTATION_PREFIX) else config.changed
    return change_field(**{SETTING_FIELDS[name]: value})


def _parse_number(text: str) -> float | str:
    """What a text with a decimal comma means; the text itself where that is not clear."""
    try:
        return parse_float(text)
    except NumberError:
        return text


def _unknown_setting_message(name: str) -> str:
    return f"There is no setting “{name[:MAX_TITLE_LENGTH]}”; there are {', '.join(SETTING_FIELDS)}."
