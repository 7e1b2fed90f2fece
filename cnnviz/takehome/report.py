"""A run as one HTML page to read, print and hand in; it loads no other files and runs no script."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel

from cnnviz import __version__
from cnnviz.architecture import find_refusing_step, trace
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.data.splitting import PARTS, SPLIT_KINDS
from cnnviz.insight.confusion import class_metrics, confusion_counts, most_confused_pairs, occurring_classes
from cnnviz.insight.predictions import Predictions
from cnnviz.shapes import format_shape
from cnnviz.table import format_bytes, table_rows, totals
from cnnviz.takehome.archive_facts import ArchiveScale
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.training.config import TrainConfig
from cnnviz.training.metrics import METRICS
from cnnviz.training.point import TEST, TRAIN, VALIDATION
from cnnviz.words import format_value

SPLIT_TITLES = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}
MAX_CLASSES_SHOWN, MAX_PAIRS_SHOWN = 60, 40
"""Maximum number of classes in a confusion matrix; with more, at most MAX_PAIRS_SHOWN confusions are listed."""
STATUS_TEXTS = {"done": "training finished", "stopped": "stopped early", "failed": "failed"}
_TEMPLATES = Environment(
    loader=PackageLoader("cnnviz.takehome", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class SettingRow:
    """Title, value and default of a setting, as shown in the report."""

    title: str
    value: str
    default: str

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return self.value != self.default


def to_html(archive: RunArchive, charts: Mapping[str, str]) -> str:
    """Returns the page; `charts` are SVG drawings by metric, made by cnnviz and embedded without escaping."""
    steps = trace(archive.architecture)
    refused = find_refusing_step(steps)
    return _TEMPLATES.get_template("report.html").render(
        archive=archive,
        title=archive.name,
        ended=STATUS_TEXTS.get(archive.status, archive.status),
        run_facts=run_facts(archive),
        table_rows=table_rows(steps),
        totals=totals(steps),
        refused=refused.error if refused else None,
        settings=tuple(setting_rows(archive.config)),
        best_results=best_results(archive),
        charts={name: Markup(drawing) for name, drawing in charts.items()},  # noqa: S704 (drawn by ourselves)
        matrix=_confusion_matrix(archive),
        most_confused_pairs=_confused_pairs(archive.predictions) if archive.predictions else (),
        class_metrics=_class_metrics(archive.predictions) if archive.predictions else (),
        format_shape=format_shape,
        format_bytes=format_bytes,
        version=__version__,
    )


def run_facts(archive: RunArchive) -> dict[str, str]:
    """Returns data set, input, time and device of the training, as texts by label."""
    config, parts = archive.config, archive.facts.parts or ()
    samples = ", ".join(f"{count:,} {part}" for count, part in zip(parts, PARTS, strict=False))
    texts = {
        "Data set": archive.dataset or config.dataset,
        "Classes": f"{len(archive.classes)}: {', '.join(archive.classes)}" if archive.classes else "",
        "Split": f"{SPLIT_KINDS[config.split_kind].title.lower()}{f': {samples} samples' if samples else ''}",
        "Input": " · ".join(filter(None, [format_shape(archive.architecture.input_shape), " × ".join(archive.axes)])),
        "Scaling": _describe_scaling(archive.facts.scale or ArchiveScale()),
        "Trained": f"{datetime.fromtimestamp(archive.created, UTC):%-d %B %Y, %H:%M} UTC",
        "Device": archive.device,
        "Device time": f"{timedelta(seconds=round(archive.worked))} h" if archive.worked else "",
    }
    return {name: text for name, text in texts.items() if text}


def best_results(archive: RunArchive) -> dict[str, dict[str, str]]:
    """Returns the values of the best epoch on each split, by metric."""
    names = {"loss": "loss", **{name: name for name in METRICS}}
    best = (p for p in archive.points if p.epoch == archive.best_epoch and p.split in SPLIT_TITLES)
    values = {(p.split, p.metric): p.value for p in best} if archive.best_epoch else {}
    return {
        metric: {split: _format_result(metric, values.get((split, metric))) for split in SPLIT_TITLES}
        for metric in names
        if any((split, metric) in values for split in SPLIT_TITLES)
    }


def _format_result(metric: str, value: float | None) -> str:
    """Returns a value with as many digits as all of its kind: shares have three, as on the pages of cnnviz.

    >>> _format_result("accuracy", 1.0), _format_result("accuracy", 0.93506), _format_result("loss", 0.1)
    ('1.000', '0.935', '0.1000')
    """
    if value is None:
        return "—"
    return f"{value:.4f}" if metric == "loss" else f"{value:.3f}"


def setting_rows(config: TrainConfig) -> Iterator[SettingRow]:
    """Yields all settings, including those of the augmentation, but not the data set, which `run_facts` has."""
    defaults = TrainConfig()
    yield from (
        row for row in _setting_rows(config, defaults) if row.title != TrainConfig.model_fields["dataset"].title
    )


def _setting_rows(model: BaseModel, defaults: BaseModel) -> Iterator[SettingRow]:
    for name, info in type(model).model_fields.items():
        value, default = getattr(model, name), getattr(defaults, name)
        if isinstance(value, BaseModel):
            yield from _setting_rows(value, default)
        else:
            yield SettingRow(info.title or name, _setting_text(name, value), _setting_text(name, default))


def _setting_text(name: str, value: Any) -> str:
    if name == "split_kind":
        return SPLIT_KINDS[value].title
    normalization = NORMALIZATIONS.get(value) if name == "normalization" else None
    return normalization.title if normalization else format_value(value)


def _describe_scaling(scale: ArchiveScale) -> str:
    parts = [f"raised to at least {scale.floor:g}"] if scale.floor is not None else []
    if (mean := scale.mean) and scale.std:
        text = f"minus {mean[0]:.4g}, divided by {scale.std[0]:.4g}"
        parts.append(text if len(mean) == 1 else f"minus mean, divided by standard deviation, {len(mean):,} of each")
    return "; ".join(parts)


def _confusion_matrix(archive: RunArchive) -> dict[str, Any] | None:
    """Returns rows of cells (count, share of the true class); None without predictions or with too many classes."""
    if archive.predictions is None:
        return None
    class_indices = occurring_classes(archive.predictions)
    if len(class_indices) > MAX_CLASSES_SHOWN:
        return None
    names = [archive.predictions.classes[index] for index in class_indices]
    counts = confusion_counts(archive.predictions)[np.ix_(class_indices, class_indices)]
    cells = [
        [(int(count), round(float(count) / max(int(total), 1), 3)) for count in row]
        for row, total in zip(counts, counts.sum(axis=1), strict=True)
    ]
    return {"names": names, "rows": tuple(zip(names, cells, strict=True))}


def _confused_pairs(predictions: Predictions) -> list[dict[str, Any]]:
    """Returns the most frequent confusions with their class names, the most frequent first."""
    names = predictions.classes
    return [
        {
            "right": names[pair.true_class],
            "answer": names[pair.predicted_class],
            "count": pair.count,
            "share": pair.share,
        }
        for pair in most_confused_pairs(predictions, MAX_PAIRS_SHOWN)
    ]


def _class_metrics(predictions: Predictions) -> list[dict[str, Any]]:
    """Returns precision, recall and F1 of every class that occurs."""
    metrics = class_metrics(predictions)
    return [
        {
            "name": predictions.classes[index],
            "precision": metrics.precision[index],
            "recall": metrics.recall[index],
            "f1": metrics.f1[index],
            "samples": int(metrics.support[index]),
        }
        for index in occurring_classes(predictions)
    ]
