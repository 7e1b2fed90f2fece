"""Archives of runs: read from the store of one server, written into that of another."""

from collections.abc import Callable, Iterator
from functools import partial

from safetensors.numpy import load

from cnnviz.data import available_datasets
from cnnviz.insight.predictions import Predictions
from cnnviz.runs.facts import DATASET_FACT, PARTS_FACT, SCALE_FACT, DatasetDescription, RunFacts
from cnnviz.runs.label import MAX_TITLE_LENGTH
from cnnviz.runs.run import Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.store import Store
from cnnviz.takehome.archive_facts import ArchiveFacts, ArchiveScale
from cnnviz.takehome.run_archive import RunArchive

POINTS_PER_WRITE = 20_000
"""Points that are written at once; other runs of the device wait meanwhile."""


def read_archive(store: Store, run: Run) -> RunArchive:
    """Returns everything that is stored of a run that has ended."""
    facts = store.facts(run.id)
    description = describe_dataset(run, facts)
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
        facts=_archived_facts(facts),
        predictions=read_predictions(store, run),
        classes=description.classes,
        dataset=description.title,
        axes=description.axes,
    )


def read_predictions(store: Store, run: Run) -> Predictions | None:
    """Returns the predictions on the test samples; None where the net of the best epoch was not tested."""
    content = store.predictions(run.id) if run.score.test is not None else None
    if content is None:
        return None
    tensors, description = load(content), describe_dataset(run, store.facts(run.id))
    return Predictions(tensors["probabilities"], tensors["y"], description.classes)


def describe_dataset(run: Run, facts: RunFacts) -> DatasetDescription:
    """Returns title, classes and axes of the data that a run has learned, even if they have been removed."""
    if facts.dataset is not None:
        return facts.dataset
    dataset = available_datasets(run.owner).get(run.config.dataset)
    if dataset is None:
        return DatasetDescription(title="removed data", classes=(), axes=())
    return DatasetDescription(title=dataset.title, classes=dataset.classes, axes=dataset.axes)


def _archived_facts(facts: RunFacts) -> ArchiveFacts:
    """Returns the facts that an archive holds; what is not known stays unset, and is not written."""
    scale = None if facts.scale is None else ArchiveScale(**facts.scale.model_dump(exclude_unset=True))
    known = {name: fact for name, fact in ((PARTS_FACT, facts.parts), (SCALE_FACT, scale)) if fact is not None}
    return ArchiveFacts.model_validate(known)


def run_from_archive(run_id: str, owner: str, device: str, archive: RunArchive) -> Run:
    """Returns the run of an archive as one of this student's runs."""
    return Run(
        run_id,
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
    description = DatasetDescription(title=archive.dataset, classes=archive.classes, axes=archive.axes)
    facts = archive.facts.model_dump(mode="json", exclude_unset=True)
    for name, content in {**facts, DATASET_FACT: description.model_dump(mode="json")}.items():
        yield partial(store.save_fact, run.id, name, content)
    if archive.weights:
        yield partial(store.save_weights, run.id, archive.best_epoch, archive.weights)
    if archive.predictions is not None:
        yield partial(store.save_predictions, run.id, archive.predictions.to_bytes())
    yield partial(store.add_run, run)
