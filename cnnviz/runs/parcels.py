"""Runs as parcels: out of the store of one server, into that of another."""

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from safetensors.numpy import load

from cnnviz.data import available
from cnnviz.insight.predictions import Predictions
from cnnviz.runs.label import MOST_TITLE
from cnnviz.runs.run import Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.store import Store
from cnnviz.takehome.parcel import Parcel

PARTS, SCALE, DATA = "parts", "scale", "data"
"""Names of facts that go with a run."""
PORTION = 20_000
"""Points that are written at once: other runs of the device wait meanwhile."""


def parcel(store: Store, run: Run) -> Parcel:
    """All that is known of a run that has ended."""
    facts = store.facts(run.id)
    about = learned(run, facts)
    dataset = available(run.owner).get(run.config.dataset)
    way = dataset.way(run.config.split) if dataset else run.config.split  # which was really gone
    return Parcel(
        title=run.title,
        architecture=run.architecture,
        config=run.config.changed("split", way),
        status=run.status,
        created=run.created,
        worked=run.worked,
        device=run.device,
        message=run.message,
        steps=run.steps,
        points=tuple(point for _, point in store.points(run.id)),
        best_epoch=run.score.best_epoch,
        weights=store.weights(run.id),
        facts={name: facts[name] for name in (PARTS, SCALE) if name in facts},
        predictions=predictions(store, run),
        classes=tuple(about["classes"]),
        dataset=about["title"],
        axes=tuple(about["axes"]),
    )


def predictions(store: Store, run: Run) -> Predictions | None:
    """What the run's net made of its test samples; None where the net of its best epoch was not tested."""
    content = store.predictions(run.id) if run.score.test is not None else None
    if content is None:
        return None
    found, about = load(content), learned(run, store.facts(run.id))
    return Predictions(found["probabilities"], found["y"], tuple(about["classes"]))


def learned(run: Run, facts: dict[str, Any]) -> dict[str, Any]:
    """Title, classes and axes of the data that a run has learned, also when they are here no more."""
    if DATA in facts:
        return dict(facts[DATA])
    dataset = available(run.owner).get(run.config.dataset)
    if dataset is None:
        return {"title": "removed data", "classes": (), "axes": ()}
    return {"title": dataset.title, "classes": dataset.classes, "axes": dataset.axes}


def adopted(owner: str, device: str, parcel: Parcel) -> Run:
    """The run of a parcel as one of this student's."""
    return Run(
        uuid.uuid4().hex,
        owner,
        device,
        parcel.architecture,
        parcel.config,
        Status(parcel.status),
        parcel.created,
        parcel.message,
        parcel.steps,
        started=parcel.created,
        finished=parcel.created + parcel.worked,
        worked=parcel.worked,
        score=Score().after(parcel.points),
        title=parcel.title[:MOST_TITLE],
    )


def writing(store: Store, run: Run, parcel: Parcel) -> Iterator[Callable[[], None]]:
    """What has to be written for it, in small portions; the run itself comes last, so that it is there as a whole."""
    for start in range(0, len(parcel.points), PORTION):
        yield partial(store.append, run.id, parcel.points[start : start + PORTION])
    about = {"title": parcel.dataset, "classes": parcel.classes, "axes": parcel.axes}
    for name, content in {**parcel.facts, DATA: about}.items():
        yield partial(store.keep_fact, run.id, name, content)
    if parcel.weights:
        yield partial(store.keep_weights, run.id, parcel.best_epoch, parcel.weights)
    if parcel.predictions is not None:
        yield partial(store.keep_predictions, run.id, parcel.predictions.to_bytes())
    yield partial(store.add, run)
