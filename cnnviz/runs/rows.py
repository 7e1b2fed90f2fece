"""Conversion of table rows into runs, searches and scores, and back."""

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
"""Parsed designs and configurations that are kept in memory."""
log = logging.getLogger(__name__)
SCORE_COLUMNS = {
    "epoch": "epoch",
    "best_epoch": "best_epoch",
    "accuracy": "best_accuracy",
    "loss": "best_loss",
    "test": "test_accuracy",
}
"""Column of each field of a score."""

_LEGACY_DEFAULTS = {"normalization": "none"}
"""Values of settings for runs from before there were such settings."""


@lru_cache(DECODE_CACHE_SIZE)  # all of it is frozen
def parse_architecture(text: str) -> Architecture:
    """Returns a stored design; raises ValidationError where this version cannot read it."""
    return Architecture.model_validate_json(text)


@lru_cache(DECODE_CACHE_SIZE)
def parse_config(text: str) -> TrainConfig:
    """Returns the settings of a run from their column; raises ValueError for those of another version."""
    return TrainConfig.model_validate(_LEGACY_DEFAULTS | json.loads(text), strict=False)


def run_from_row(row: sql.RowMapping) -> Run | None:
    """Returns the run of a row; None for one that another version of cnnviz wrote and this one cannot read."""
    try:
        parsed = {
            "architecture": parse_architecture(row["architecture"]),
            "config": parse_config(row["config"]),
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
    """Returns the search of a row; None for one that this version of cnnviz cannot read."""
    try:
        parsed = {
            "architecture": parse_architecture(row["architecture"]),
            "config": parse_config(row["config"]),
            "status": Status(row["status"]),
            "space": json.loads(row["space"]),
        }
    except ValueError:
        log.warning("search %s was written by another version and is left out", row["id"])
        return None
    return Search(**dict(row) | parsed)


def score_from_row(row: sql.RowMapping) -> Score:
    """Returns the score in a run's row."""
    return Score(**{name: row[column] for name, column in SCORE_COLUMNS.items()})


def score_to_columns(score: Score) -> dict[str, Any]:
    """Returns a score as columns of a run's row."""
    return {column: getattr(score, name) for name, column in SCORE_COLUMNS.items()}
