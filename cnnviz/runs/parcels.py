"""Runs as parcels: out of the store of one server, into that of another."""

import uuid
from typing import Any

from safetensors.numpy import load

from cnnviz.data import available
from cnnviz.insight.predictions import Predictions
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.takehome.parcel import Parcel

PARTS, SCALE, DATA = "parts", "scale", "data"
"""Names of facts that go with a run."""


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
    """What the run's net made of its test samples; None where it was not tested."""
    content = store.predictions(run.id)
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


def adopt(store: Store, owner: str, device: str, parcel: Parcel) -> Run:
    """Keep the run of a parcel as one of this student's; in the thread that writes to the store."""
    run = Run(
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
        title=parcel.title,
    )
    store.add(run)
    store.append(run.id, parcel.points)
    for name, content in parcel.facts.items():
        store.keep_fact(run.id, name, content)
    about = {"title": parcel.dataset, "classes": parcel.classes, "axes": parcel.axes}
    store.keep_fact(run.id, DATA, about)
    if parcel.weights:
        store.keep_weights(run.id, parcel.best_epoch, parcel.weights)
    if parcel.predictions is not None:
        store.keep_predictions(run.id, parcel.predictions.to_bytes())
    return store.run(run.id) or run
