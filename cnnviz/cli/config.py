"""Settings and data of a training, read from the options of the command line."""

import json
from functools import reduce
from pathlib import Path

from pydantic import ValidationError

from cnnviz.cli.files import read_file, read_text_file
from cnnviz.data import DATASETS
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.channels import ChannelPlace
from cnnviz.data.dataset import Dataset
from cnnviz.data.npy_upload import MAX_LABEL_BYTES, read_pair
from cnnviz.data.uploads import MAX_TITLE_LENGTH
from cnnviz.errors import DataError, NumberError, TrainingError
from cnnviz.numbers import parse_float
from cnnviz.shapes import format_shape
from cnnviz.training.config import TrainConfig
from cnnviz.validation import describe_error

MAX_CONFIG_BYTES = 100_000
"""Maximum size of a configuration file, in bytes."""
FILES_DATASET_NAME = "files"
"""Name of the data set in two .npy files."""
AUGMENTATION_PREFIX = "augmentation."
SETTING_FIELDS = {
    **{
        info.alias or name: name for name, info in TrainConfig.model_fields.items() if f"{name}." != AUGMENTATION_PREFIX
    },
    **{AUGMENTATION_PREFIX + name: name for name in Augmentation.model_fields},
}
"""Fields of TrainConfig and Augmentation, by the setting's name on the command line and in configuration files."""
_MAX_NPY_HEADER_BYTES = 2**16
"""Maximum size of a .npy file without its values, in bytes."""


def load_config(path: Path | None, changes: tuple[str, ...]) -> TrainConfig:
    """Returns the settings in a file, or the defaults, with some changed; raises CnnvizError for an invalid value."""
    return reduce(_apply_change, changes, TrainConfig() if path is None else _read_config(path))


def find_built_in_dataset(name: str) -> Dataset:
    """Returns a data set that comes with cnnviz; raises DataError with the available names for any other name."""
    if name not in DATASETS:
        raise DataError(
            f"There is no data set “{name[:MAX_TITLE_LENGTH]}”; choose one of {', '.join(DATASETS)}, or give two .npy"
            " files."
        )
    return DATASETS[name]


def load_arrays(feats: Path, labels: Path, max_bytes: int, channels: ChannelPlace = "unknown") -> Dataset:
    """Returns two .npy files as a data set, checked and converted like an upload; raises CnnvizError when invalid."""
    feat_bytes, label_bytes = (
        read_file(feats, max_bytes + _MAX_NPY_HEADER_BYTES),
        read_file(labels, min(max_bytes, MAX_LABEL_BYTES) + _MAX_NPY_HEADER_BYTES),
    )
    content = read_pair(feat_bytes, label_bytes, max_bytes, channels)
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
    """Raises DataError when the data set does not support the kind of split in the settings."""
    if config.split_kind not in data.split_kinds:
        raise DataError(
            f"“{data.title}” does not support the split “{config.split_kind}”; choose one of"
            f" {', '.join(data.split_kinds)}."
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
    value = tuple(value) if isinstance(value, list) else value
    change_field = config.with_augmentation if name.startswith(AUGMENTATION_PREFIX) else config.changed
    return change_field(**{SETTING_FIELDS[name]: value})


def _parse_number(text: str) -> float | str:
    """Returns the number that a text with a decimal comma means; the text itself when that is not clear."""
    try:
        return parse_float(text)
    except NumberError:
        return text


def _unknown_setting_message(name: str) -> str:
    return f"There is no setting “{name[:MAX_TITLE_LENGTH]}”; choose one of {', '.join(SETTING_FIELDS)}."
