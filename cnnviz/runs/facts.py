"""What becomes known of a run besides its points: stored by name, each as the JSON of its `content`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from cnnviz.processes.pipe import PipeMessage
from cnnviz.training.lr_finder import LRFinderResult

PARTS_FACT, SCALE_FACT, DATASET_FACT = "parts", "scale", "data"
"""Names of the facts that go with a run into its archive."""


class DatasetDescription(PipeMessage):
    """What a run's data set was, to be shown also when it is gone."""

    title: str
    classes: tuple[str, ...]
    axes: tuple[str, ...]


class ScaleParameters(PipeMessage):
    """How samples were scaled, as `Scale.to_dict` gives it."""

    floor: float | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None


class PartsFact(PipeMessage):
    """Samples of training, validation and test."""

    name: Literal["parts"] = "parts"
    content: tuple[int, int, int]


class DatasetFact(PipeMessage):
    """The data set that a run learns."""

    name: Literal["data"] = "data"
    content: DatasetDescription


class ScaleFact(PipeMessage):
    """How the samples of a run were scaled."""

    name: Literal["scale"] = "scale"
    content: ScaleParameters


class LoadingFact(PipeMessage):
    """Progress of loading the data: so many of so many."""

    name: Literal["loading"] = "loading"
    content: tuple[int, int]


class LRFinderFact(PipeMessage):
    """Result of a learning-rate finder."""

    name: Literal["lr-finder"] = "lr-finder"
    content: LRFinderResult


AnyFact = PartsFact | DatasetFact | ScaleFact | LoadingFact | LRFinderFact
Fact = Annotated[AnyFact, Field(discriminator="name")]


def content_to_json(fact: AnyFact) -> Any:
    """Returns the content of a fact as `json.dumps` takes it."""
    return fact.model_dump(mode="json", include={"content"})["content"]
