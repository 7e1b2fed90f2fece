"""What a search may change, and how far: the space of its choices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnnviz.architecture import Architecture
from cnnviz.errors import TrainingError, refused_value
from cnnviz.search.variant import BATCH_NORM, NONE, Choices, groups, variant
from cnnviz.training.config import TrainConfig

Value = float | int | str | None
"""What is chosen; None leaves it as it is."""
AS_IT_IS = "as it is"

WIDTHS = (0.5, 1.0, 2.0, 4.0)
KERNELS = (3, 5, 7)
DROPOUTS = (0.0, 0.1, 0.2, 0.4)
ACTIVATIONS = ("ReLU", "LeakyReLU", "GELU", "Tanh")
NORMALIZATIONS = (NONE, BATCH_NORM)
RULES = ("Adam", "SGD")


def _varied(title: str, description: str) -> bool:
    varied: bool = Field(True, title=title, description=description)
    return varied


class Space(BaseModel):
    """What may vary, the bounds, and when a search ends; frozen, bounds included. The form draws these fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    learning_rate: bool = _varied("Learning rate", "Anything between the two bounds, on a log scale.")
    optimizer: bool = _varied("Optimizer", "Adam, SGD, or the one that is set.")
    width: bool = _varied("Width", "Half, twice or four times the filters and units of all layers but the last.")
    depth: bool = _varied("Depth", "More convolutions or fewer, each with what follows it: norm, activation, pool.")
    kernel_size: bool = _varied("Kernel size", "Windows of 3, 5 or 7 in all convolutions.")
    dropout: bool = _varied("Dropout", "None, or one that zeroes 10, 20 or 40 % of the values.")
    activation: bool = _varied("Activation", "ReLU, LeakyReLU, GELU or Tanh everywhere.")
    normalization: bool = _varied("Normalization", "BatchNorm behind every layer with weights, or none.")
    lowest_rate: Annotated[float, Field(ge=1e-6, le=1)] = Field(
        1e-4, title="Lowest learning rate", description="Lower bound of the learning rate."
    )
    highest_rate: Annotated[float, Field(ge=1e-6, le=1)] = Field(
        1e-1, title="Highest learning rate", description="Upper bound of the learning rate."
    )
    most_convolutions: Annotated[int, Field(ge=1, le=12)] = Field(
        4, title="Most convolutions", description="Upper bound of the depth, unless the net has more already."
    )
    runs: Annotated[int, Field(ge=1, le=300)] = Field(
        60, title="Runs", description="The search ends after so many, with or without success."
    )
    epochs: Annotated[int, Field(ge=1, le=1000)] = Field(
        8, title="Epochs of a run", description="Runs that fall behind are stopped earlier."
    )
    goal: Annotated[float, Field(ge=0, le=1)] = Field(
        0.9, title="Goal", description="Validation accuracy at which the search ends."
    )
    one_cycle: bool = Field(
        True,
        title="One-cycle rates",
        description="Up to the learning rate and far down again within the epochs of a run: short runs get furthest so."
        " Off: the schedule that is set.",
    )
    most_multiply_adds: Annotated[int, Field(ge=1_000, le=10**11)] = Field(
        20_000_000,
        title="Most multiply-adds",
        description="For one sample. A larger net gets fewer filters, so that no run takes all the time.",
    )

    def changed(self, name: str, value: object) -> "Space":
        """With one field changed; raises TrainingError when the value is out of its bounds."""
        try:
            return Space(**dict(self) | {name: value})
        except ValidationError as error:
            raise TrainingError(refused_value(name, value, error)) from None


VARIED = tuple(name for name, info in Space.model_fields.items() if info.annotation is bool and name != "one_cycle")
"""Names of everything that may vary, as `Choices` call it."""


@dataclass(frozen=True)
class Options:
    """A choice among a few values."""

    values: tuple[Value, ...]
    start: Value
    """What the design and its settings have."""


@dataclass(frozen=True)
class Range:
    """A choice between two numbers, both included."""

    low: float
    high: float
    start: float
    log: bool = False
    whole: bool = False


Parameter = Options | Range


@lru_cache(256)  # pages ask every second; all of it is frozen
def parameters(space: Space, architecture: Architecture, config: TrainConfig) -> dict[str, Parameter]:
    """Every choice that a search has, by name; of values that change nothing, only one is left.

    Raises TrainingError when there is nothing to choose.
    """
    if space.lowest_rate >= space.highest_rate and space.learning_rate:
        raise TrainingError(
            f"The lowest learning rate, {space.lowest_rate:g}, is not below the highest, {space.highest_rate:g}."
        )
    found = dict(_parameters(space, architecture, config))
    if not found:
        raise TrainingError("Nothing may vary. Switch on at least one thing that may.")
    return found


def _parameters(space: Space, architecture: Architecture, config: TrainConfig) -> Iterator[tuple[str, Parameter]]:
    if space.learning_rate:
        start = min(max(config.learning_rate, space.lowest_rate), space.highest_rate)
        yield "learning_rate", Range(space.lowest_rate, space.highest_rate, start, log=True)
    if space.optimizer:
        yield "optimizer", Options(tuple(dict.fromkeys([config.optimizer, *RULES])), config.optimizer)
    if space.width and _changing("width", WIDTHS, architecture):
        yield "width", Options(WIDTHS, 1.0)
    depth = len(groups(architecture))
    deepest = max(depth, space.most_convolutions)
    if space.depth and depth and _changing("depth", range(1, deepest + 1), architecture):
        yield "depth", Range(1, deepest, depth, whole=True)
    rest: dict[str, tuple[Value, ...]] = {
        "kernel_size": KERNELS,
        "dropout": DROPOUTS,
        "activation": ACTIVATIONS,
        # a batch of one sample has no variance
        "normalization": NORMALIZATIONS if config.batch_size > 1 else (NONE,),
    }
    for name, values in rest.items():
        if getattr(space, name) and (changing := _changing(name, values, architecture)):
            yield name, Options((None, *changing), None)


def _changing(name: str, values: tuple[Value, ...] | range, architecture: Architecture) -> tuple[Value, ...]:
    """The values that make another design."""
    return tuple(
        value
        for value in values
        if variant(architecture, Choices(**{name: value})) != architecture  # type: ignore[arg-type]
    )


def configured(config: TrainConfig, space: Space, choices: Choices) -> TrainConfig:
    """The settings of a run; raises TrainingError when one is out of its bounds."""
    config = config.changed("epochs", space.epochs)
    if space.one_cycle:
        config = config.changed("schedule", "one-cycle")
    for name in ("learning_rate", "optimizer"):
        if (value := getattr(choices, name)) is not None:
            config = config.changed(name, _rounded(value))
    return config


def _rounded(value: Value) -> Value:
    """A number that people can read: what it has beyond three digits changes nothing.

    >>> _rounded(0.002554877905895381), _rounded("Adam")
    (0.00255, 'Adam')
    """
    return float(f"{value:.3g}") if isinstance(value, float) else value


def told(name: str, value: Value) -> str:
    """A choice in words.

    >>> told("width", 2.0), told("dropout", 0.1), told("kernel_size", None), told("learning_rate", 0.0123456)
    ('× 2', '0.1', 'as it is', '0.0123')
    """
    if value is None:
        return AS_IT_IS
    if isinstance(value, str):
        return value
    return f"× {value:g}" if name == "width" else f"{value:.3g}"


def chosen(params: Mapping[str, Value]) -> Choices:
    """Choices from their names and values."""
    return Choices(**params)  # type: ignore[arg-type]
