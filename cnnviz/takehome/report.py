"""A run as one page that can be read, printed and handed in: nothing is loaded from anywhere, no script runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel

from cnnviz import __version__
from cnnviz.architecture import refusal, trace
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.data.splitting import PARTS, WAYS
from cnnviz.insight.mistakes import confusion, occurring, pairs, scores
from cnnviz.insight.predictions import Predictions
from cnnviz.shapes import show
from cnnviz.table import memory, rows, totals
from cnnviz.takehome.parcel import Parcel
from cnnviz.training.config import TrainConfig
from cnnviz.training.metrics import METRICS
from cnnviz.training.point import TEST, TRAIN, VALIDATION

SPLITS = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}
MOST_CLASSES, MOST_PAIRS = 60, 40
"""Of a confusion matrix that a page can hold; and confusions that are told where there are more classes."""
ENDS = {"done": "trained to its end", "stopped": "stopped early", "failed": "failed"}
_PAGES = Environment(
    loader=PackageLoader("cnnviz.takehome", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Setting:
    """A field of the configuration in words."""

    title: str
    value: str
    default: str

    @property
    def changed(self) -> bool:
        """Whether somebody chose it."""
        return self.value != self.default


def to_html(parcel: Parcel, charts: Mapping[str, str]) -> str:
    """The page; `charts` are SVG drawings of our own by the name of what they show, put in as they are."""
    steps = trace(parcel.architecture)
    refused = refusal(steps)
    return _PAGES.get_template("report.html").render(
        parcel=parcel,
        title=parcel.name,
        ended=ENDS.get(parcel.status, parcel.status),
        facts=facts(parcel),
        rows=rows(steps),
        totals=totals(steps),
        refused=refused.error if refused else None,
        settings=tuple(settings_of(parcel.config)),
        results=results(parcel),
        charts={name: Markup(drawing) for name, drawing in charts.items()},  # noqa: S704 (drawn by ourselves)
        matrix=_matrix(parcel),
        pairs=_pairs(parcel.predictions) if parcel.predictions else (),
        scores=_scores(parcel.predictions) if parcel.predictions else (),
        show=show,
        memory=memory,
        version=__version__,
    )


def facts(parcel: Parcel) -> dict[str, str]:
    """What was trained on what, where and when, by what it is."""
    config, parts = parcel.config, parcel.facts.get("parts") or ()
    samples = ", ".join(f"{count:,} {part}" for count, part in zip(parts, PARTS, strict=False))
    told = {
        "Data set": parcel.dataset or config.dataset,
        "Classes": f"{len(parcel.classes)}: {', '.join(parcel.classes)}" if parcel.classes else "",
        "Split": f"{WAYS[config.split].title.lower()}{f': {samples} samples' if samples else ''}",
        "Input": " · ".join(filter(None, [show(parcel.architecture.input_shape), " × ".join(parcel.axes)])),
        "Scaling": _scaling(parcel.facts.get("scale") or {}),
        "Trained": f"{datetime.fromtimestamp(parcel.created, UTC):%-d %B %Y, %H:%M} UTC",
        "Device": parcel.device,
        "Device time": f"{timedelta(seconds=round(parcel.worked))} h" if parcel.worked else "",
    }
    return {name: text for name, text in told.items() if text}


def results(parcel: Parcel) -> dict[str, dict[str, str]]:
    """What was measured of the best epoch: the values of each split, by metric."""
    names = {"loss": "loss", **{name: name for name in METRICS}}
    best = (p for p in parcel.points if p.epoch == parcel.best_epoch and p.split in SPLITS)
    found = {(p.split, p.metric): p.value for p in best} if parcel.best_epoch else {}
    return {
        metric: {split: f"{found[split, metric]:.4g}" if (split, metric) in found else "—" for split in SPLITS}
        for metric in names
        if any((split, metric) in found for split in SPLITS)
    }


def settings_of(config: TrainConfig) -> Iterator[Setting]:
    """Every field but the data set, which is told before them; those of the augmentation after it."""
    usual = TrainConfig()
    yield from (each for each in _fields(config, usual) if each.title != TrainConfig.model_fields["dataset"].title)


def _fields(model: BaseModel, usual: BaseModel) -> Iterator[Setting]:
    for name, info in type(model).model_fields.items():
        value, default = getattr(model, name), getattr(usual, name)
        if isinstance(value, BaseModel):
            yield from _fields(value, default)
        else:
            yield Setting(info.title or name, _worded(name, value), _worded(name, default))


def _worded(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if name == "split":
        return WAYS[value].title
    way = NORMALIZATIONS.get(value) if name == "normalization" else None
    return way.title if way else str(value)


def _scaling(scale: Mapping[str, Any]) -> str:
    told = [f"raised to at least {scale['floor']:g}"] if scale.get("floor") is not None else []
    if mean := scale.get("mean"):
        one = f"minus {mean[0]:.4g}, divided by {scale['std'][0]:.4g}"
        told.append(one if len(mean) == 1 else f"minus mean, divided by deviation, {len(mean):,} of each")
    return "; ".join(told)


def _matrix(parcel: Parcel) -> dict[str, Any] | None:
    """Cells (count, shade between 0 and 1: the share of the right class) by row; None where there are none to show."""
    if parcel.predictions is None:
        return None
    places = occurring(parcel.predictions)
    if len(places) > MOST_CLASSES:
        return None
    names = [parcel.predictions.classes[place] for place in places]
    counts = confusion(parcel.predictions)[np.ix_(places, places)]
    cells = [
        [(int(count), round(float(count) / max(int(total), 1), 3)) for count in row]
        for row, total in zip(counts, counts.sum(axis=1), strict=True)
    ]
    return {"names": names, "rows": tuple(zip(names, cells, strict=True))}


def _pairs(predictions: Predictions) -> list[dict[str, Any]]:
    """The most frequent confusions, by name."""
    names = predictions.classes
    return [
        {"right": names[pair.right], "answer": names[pair.answer], "count": pair.count, "share": pair.share}
        for pair in pairs(predictions, MOST_PAIRS)
    ]


def _scores(predictions: Predictions) -> list[dict[str, Any]]:
    """How each class that occurs came off."""
    found = scores(predictions)
    return [
        {
            "name": predictions.classes[place],
            "precision": found.precision[place],
            "recall": found.recall[place],
            "f1": found.f1[place],
            "samples": int(found.support[place]),
        }
        for place in occurring(predictions)
    ]
