"""Rows of the tables as what they mean, and back."""

import json
import logging
from functools import lru_cache
from typing import Any

import sqlalchemy as sql

from cnnviz.architecture import Architecture
from cnnviz.runs.run import Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.search import Search
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason

DECODE_CACHE_SIZE = 4096
"""Designs and configurations that are kept at hand as read."""
log = logging.getLogger(__name__)
SCORE_COLUMNS = {
    "epoch": "epoch",
    "best_epoch": "best_epoch",
    "accuracy": "best_accuracy",
    "loss": "best_loss",
    "test": "test_accuracy",
}
"""The column of each field of a score."""

_LEGACY_DEFAULTS = {"normalization": "none"}
"""What was done before there was a setting for it."""


@lru_cache(DECODE_CACHE_SIZE)  # all of it is frozen
def _parse_architecture(text: str) -> Architecture:
    return Architecture.model_validate_json(text)


@lru_cache(DECODE_CACHE_SIZE)
def _parse_config(text: str) -> TrainConfig:
    return TrainConfig.model_validate(_LEGACY_DEFAULTS | json.loads(text), strict=False)


def run_from_row(row: sql.RowMapping) -> Run | None:
    """The run of a row; None for one that another version of cnnviz wrote and this one cannot read."""
    try:
        parsed = {
            "architecture": _parse_architecture(row["architecture"]),
            "config": _parse_config(row["config"]),
            "status": Status(row["status"]),
            "tags": tuple(json.loads(row["tags"])),
            "score": score_from_row(row),
            "end_reason": EndReason(row["end_reason"]),
        }
    except ValueError:  # pydantic's ValidationError is one
        log.warning("run %s was written by another version and is left out", row["id"])
        return None
    columns_as_stored = {name: value for name, value in row.items() if name not in SCORE_COLUMNS.values()}
    return Run(**columns_as_stored | parsed)


def search_from_row(row: sql.RowMapping) -> Search | None:
    """As `run`."""
    try:
        parsed = {
            "architecture": _parse_architecture(row["architecture"]),
            "config": _parse_config(row["config"]),
            "status": Status(row["status"]),
            "space": json.loads(row["space"]),
        }
    except ValueError:
        log.warning("search %s was written by another version and is left out", row["id"])
        return None
    return Search(**dict(row) | parsed)


def score_from_row(row: sql.RowMapping) -> Score:
    """The score in a run's row."""
    return Score(**{name: row[column] for name, column in SCORE_COLUMNS.items()})


def score_to_columns(score: Score) -> dict[str, Any]:
    """A score as columns of a run's row."""
    return {column: getattr(score, name) for name, column in SCORE_COLUMNS.items()}
