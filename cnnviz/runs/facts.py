"""What becomes known of a run besides its points: stored by name, each as the JSON of its `content`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from cnnviz.processes.pipe import PipeMessage
from cnnviz.training.lr_finder import LRFinderResult

PARTS_FACT, SCALE_FACT, DATASET_FACT = "parts", "scale", "data"
"""Names of the facts that go with a run into its archive."""
PartSizes = tuple[int, int, int]
"""Numbers of training, validation and test samples."""


class DatasetDescription(PipeMessage):
    """What a run's data set was, to be shown also when it is gone."""

    title: str
    classes: tuple[str, ...]
    axes: tuple[str, ...]


class ScaleParameters(PipeMessage):
    """How samples were scaled, as `Scale.to_dict` gives it."""

    floor: float | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


class PartsFact(PipeMessage):
    """Sizes of the parts of the data set."""

    name: Literal["parts"] = "parts"
    content: PartSizes


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
_FACT: TypeAdapter[AnyFact] = TypeAdapter(Fact)


@dataclass(frozen=True)
class RunFacts:
    """Facts of one run; None where one is not known (yet)."""

    parts: PartSizes | None = None
    dataset: DatasetDescription | None = None
    scale: ScaleParameters | None = None
    loading: tuple[int, int] | None = None
    """Progress of loading the data: so many of so many."""
    lr_finder: LRFinderResult | None = None


_FIELDS: dict[type[AnyFact], str] = {
    PartsFact: "parts",
    DatasetFact: "dataset",
    ScaleFact: "scale",
    LoadingFact: "loading",
    LRFinderFact: "lr_finder",
}
"""Field of `RunFacts` that holds the content of each kind of fact."""


def facts_from_json(contents: Mapping[str, str]) -> RunFacts:
    """Returns facts from the JSON of their contents by name; those that this version cannot read are left out.

    >>> facts_from_json({"parts": "[80, 10, 10]", "weather": '"fine"'}).parts
    (80, 10, 10)
    """
    known: dict[str, Any] = {}
    for name, content in contents.items():
        try:
            fact = _FACT.validate_json(f'{{"name": {json.dumps(name)}, "content": {content}}}')
        except ValidationError:
            continue
        known[_FIELDS[type(fact)]] = fact.content
    return RunFacts(**known)


def content_to_json(fact: AnyFact) -> Any:
    """Returns the content of a fact as `json.dumps` takes it."""
    return fact.model_dump(mode="json", include={"content"})["content"]
