"""What runs are called on pages: by their student, else by their net, data and settings."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.presets import net_name
from cnnviz.runs.run import LR_FINDER_RUN, Run
from cnnviz.runs.search import Search
from cnnviz.ui.state import current_owner
from cnnviz.words import unique_labels

REMOVED_LABEL = "removed data"


def run_name(run: Run) -> str:
    """What its student calls it, or else its net."""
    return run.title or net_name(run.architecture)


def run_label(run: Run, titles: dict[str, str]) -> str:
    """A run in a line; `titles` are those of the data sets by name."""
    dataset = titles.get(run.config.dataset, REMOVED_LABEL)
    rate = "learning-rate finder" if run.kind == LR_FINDER_RUN else f"{run.config.learning_rate:.3g}"
    name = f"{run.title} · " if run.title else ""
    return f"{name}{created_at(run):%d %b %H:%M:%S} · {dataset} · {run.config.optimizer} {rate}"


def legend_labels(runs: Iterable[Run]) -> dict[str, str]:
    """Names for the legend of a chart by id, all different."""
    return unique_labels({run.id: f"{run_name(run)}, {created_at(run):%H:%M:%S}" for run in runs})


def dataset_titles() -> dict[str, str]:
    """What the data sets of this student are called, by name."""
    return {name: dataset.title for name, dataset in available_datasets(current_owner()).items()}


def created_at(run: Run | Search) -> datetime:
    """When it was asked for, in the time of the browser."""
    return datetime.fromtimestamp(run.created, tz=time_zone(st.context.timezone))


def time_zone(name: str | None) -> ZoneInfo | None:
    """The time zone that a browser names; None, for the server's, when it is not known here.

    >>> time_zone("Nowhere/../etc"), time_zone(None)
    (None, None)
    """
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
