"""Names of runs: the one that the student gave, or else the net, data and settings."""

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

REMOVED_LABEL = "removed data set"


def run_name(run: Run) -> str:
    """Returns the name that the student gave a run, or else that of its net."""
    return run.title or net_name(run.architecture)


def run_label(run: Run, titles: dict[str, str]) -> str:
    """Returns a run in one line; `titles` has the titles of data sets by name."""
    dataset = titles.get(run.config.dataset, REMOVED_LABEL)
    rate = "learning-rate finder" if run.kind == LR_FINDER_RUN else f"{run.config.learning_rate:.3g}"
    name = f"{run.title} · " if run.title else ""
    return f"{name}{created_at(run):%d %b %H:%M:%S} · {dataset} · {run.config.optimizer} {rate}"


def legend_labels(runs: Iterable[Run]) -> dict[str, str]:
    """Returns names for the legend of a chart by run id, all different."""
    return unique_labels({run.id: f"{run_name(run)}, {created_at(run):%H:%M:%S}" for run in runs})


def dataset_titles(owner: str = "") -> dict[str, str]:
    """Returns the titles of a student's data sets by name, all different; of whoever uses this session by default."""
    datasets = available_datasets(owner or current_owner())
    return unique_labels({name: dataset.title for name, dataset in datasets.items()})


def created_at(run: Run | Search) -> datetime:
    """Returns when a run or search was started, in the time zone of the browser."""
    return datetime.fromtimestamp(run.created, tz=time_zone(st.context.timezone))


def time_zone(name: str | None) -> ZoneInfo | None:
    """Returns the time zone that a browser names; None, for the server's own, if it is unknown.

    >>> time_zone("Nowhere/../etc"), time_zone(None)
    (None, None)
    """
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
