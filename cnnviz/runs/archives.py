"""Archives of runs: read from the store of one server, written into that of another."""

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from safetensors.numpy import load

from cnnviz.data import available_datasets
from cnnviz.insight.predictions import Predictions
from cnnviz.runs.facts import DATASET_FACT, PARTS_FACT, SCALE_FACT
from cnnviz.runs.label import MAX_TITLE_LENGTH
from cnnviz.runs.run import Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.store import Store
from cnnviz.takehome.run_archive import RunArchive

POINTS_PER_WRITE = 20_000
"""Points that are written at once; other runs of the device wait meanwhile."""


def read_archive(store: Store, run: Run) -> RunArchive:
    """Returns everything that is stored of a run that has ended."""
    facts = store.facts(run.id)
    dataset_facts = dataset_facts_of(run, facts)
    dataset = available_datasets(run.owner).get(run.config.dataset)
    split_kind = dataset.split_kind(run.config.split_kind) if dataset else run.config.split_kind
    return RunArchive(
        title=run.title,
        architecture=run.architecture,
        config=run.config.changed(split_kind=split_kind),
        status=run.status,
        created=run.created,
        worked=run.worked,
        device=run.device,
        message=run.message,
        end_reason=run.end_reason,
        steps=run.steps,
        points=tuple(point for _, point in store.points(run.id)),
        best_epoch=run.score.best_epoch,
        weights=store.weights(run.id),
        facts={name: facts[name] for name in (PARTS_FACT, SCALE_FACT) if name in facts},
        predictions=read_predictions(store, run),
        classes=tuple(dataset_facts["classes"]),
        dataset=dataset_facts["title"],
        axes=tuple(dataset_facts["axes"]),
    )


def read_predictions(store: Store, run: Run) -> Predictions | None:
    """Returns the predictions on the test samples; None where the net of the best epoch was not tested."""
    content = store.predictions(run.id) if run.score.test is not None else None
    if content is None:
        return None
    tensors, dataset_facts = load(content), dataset_facts_of(run, store.facts(run.id))
    return Predictions(tensors["probabilities"], tensors["y"], tuple(dataset_facts["classes"]))


def dataset_facts_of(run: Run, facts: dict[str, Any]) -> dict[str, Any]:
    """Returns title, classes and axes of the data that a run has learned, even if they have been removed."""
    if DATASET_FACT in facts:
        return dict(facts[DATASET_FACT])
    dataset = available_datasets(run.owner).get(run.config.dataset)
    if dataset is None:
        return {"title": "removed data", "classes": (), "axes": ()}
    return {"title": dataset.title, "classes": dataset.classes, "axes": dataset.axes}


def run_from_archive(owner: str, device: str, archive: RunArchive) -> Run:
    """Returns the run of an archive as one of this student's runs."""
    return Run(
        uuid.uuid4().hex,
        owner,
        device,
        archive.architecture,
        archive.config,
        Status(archive.status),
        archive.created,
        archive.message,
        archive.steps,
        started=archive.created,
        finished=archive.created + archive.worked,
        worked=archive.worked,
        score=Score().with_points(archive.points),
        title=archive.title[:MAX_TITLE_LENGTH],
        end_reason=archive.end_reason,
    )


def write_tasks(store: Store, run: Run, archive: RunArchive) -> Iterator[Callable[[], None]]:
    """Yields small tasks that write an archive; the run itself comes last, so that it appears whole."""
    for start in range(0, len(archive.points), POINTS_PER_WRITE):
        yield partial(store.append_points, run.id, archive.points[start : start + POINTS_PER_WRITE])
    dataset_facts = {"title": archive.dataset, "classes": archive.classes, "axes": archive.axes}
    for name, content in {**archive.facts, DATASET_FACT: dataset_facts}.items():
        yield partial(store.save_fact, run.id, name, content)
    if archive.weights:
        yield partial(store.save_weights, run.id, archive.best_epoch, archive.weights)
    if archive.predictions is not None:
        yield partial(store.save_predictions, run.id, archive.predictions.to_bytes())
    yield partial(store.add_run, run)
