"""What a search may change, and how far: the space of its choices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

from pydantic import Field

from cnnviz.architecture import Architecture
from cnnviz.errors import TrainingError
from cnnviz.search.variant import BATCH_NORM, NO_NORMALIZATION, Choices, build_variant, conv_groups
from cnnviz.training.config import TrainConfig
from cnnviz.validation import FrozenModel

ParameterValue = float | int | str | None
"""What is chosen; None leaves it as it is."""
UNCHANGED = "as it is"

WIDTHS = (0.5, 1.0, 2.0, 4.0)
KERNEL_SIZES = (3, 5, 7)
DROPOUTS = (0.0, 0.1, 0.2, 0.4)
ACTIVATIONS = ("ReLU", "LeakyReLU", "GELU", "Tanh")
NORMALIZATIONS = (NO_NORMALIZATION, BATCH_NORM)
SEARCHED_OPTIMIZERS = ("Adam", "SGD")


def _vary_field(title: str, description: str) -> bool:
    varied: bool = Field(True, title=title, description=description)
    return varied


class Space(FrozenModel):
    """What may vary, the bounds, and when a search ends; frozen, bounds included. The form draws these fields."""

    change_error: ClassVar = TrainingError

    learning_rate: bool = _vary_field("Learning rate", "Anything between the two bounds, on a log scale.")
    optimizer: bool = _vary_field("Optimizer", "Adam, SGD, or the one that is set.")
    width: bool = _vary_field("Width", "Half, twice or four times the filters and units of all layers but the last.")
    depth: bool = _vary_field("Depth", "More convolutions or fewer, each with what follows it: norm, activation, pool.")
    kernel_size: bool = _vary_field("Kernel size", "Windows of 3, 5 or 7 in all convolutions.")
    dropout: bool = _vary_field("Dropout", "None, or one that zeroes 10, 20 or 40 % of the values.")
    activation: bool = _vary_field("Activation", "ReLU, LeakyReLU, GELU or Tanh everywhere.")
    normalization: bool = _vary_field("Normalization", "BatchNorm behind every layer with weights, or none.")
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


VARIABLE_FIELDS = tuple(
    name for name, info in Space.model_fields.items() if info.annotation is bool and name != "one_cycle"
)
"""Names of everything that may vary, as `Choices` call it."""


@dataclass(frozen=True)
class CategoricalParameter:
    """A choice among a few values."""

    values: tuple[ParameterValue, ...]
    initial: ParameterValue
    """What the design and its settings have."""


@dataclass(frozen=True)
class RangeParameter:
    """A choice between two numbers, both included."""

    low: float
    high: float
    initial: float
    is_log: bool = False
    is_integer: bool = False


SearchParameter = CategoricalParameter | RangeParameter


@lru_cache(256)  # pages ask every second; all of it is frozen
def search_parameters(space: Space, architecture: Architecture, config: TrainConfig) -> dict[str, SearchParameter]:
    """Every choice that a search has, by name; of values that change nothing, only one is left.

    Raises TrainingError when there is nothing to choose.
    """
    if space.lowest_rate >= space.highest_rate and space.learning_rate:
        raise TrainingError(
            f"The lowest learning rate, {space.lowest_rate:g}, is not below the highest, {space.highest_rate:g}."
        )
    parameters = dict(_search_parameters(space, architecture, config))
    if not parameters:
        raise TrainingError("Nothing may vary. Switch on at least one thing that may.")
    return parameters


def _search_parameters(
    space: Space, architecture: Architecture, config: TrainConfig
) -> Iterator[tuple[str, SearchParameter]]:
    if space.learning_rate:
        start = min(max(config.learning_rate, space.lowest_rate), space.highest_rate)
        yield "learning_rate", RangeParameter(space.lowest_rate, space.highest_rate, start, is_log=True)
    if space.optimizer:
        yield (
            "optimizer",
            CategoricalParameter(tuple(dict.fromkeys([config.optimizer, *SEARCHED_OPTIMIZERS])), config.optimizer),
        )
    if space.width and _values_that_change("width", WIDTHS, architecture):
        yield "width", CategoricalParameter(WIDTHS, 1.0)
    depth = len(conv_groups(architecture))
    deepest = max(depth, space.most_convolutions)
    if space.depth and depth and _values_that_change("depth", range(1, deepest + 1), architecture):
        yield "depth", RangeParameter(1, deepest, depth, is_integer=True)
    rest: dict[str, tuple[ParameterValue, ...]] = {
        "kernel_size": KERNEL_SIZES,
        "dropout": DROPOUTS,
        "activation": ACTIVATIONS,
        # a batch of one sample has no variance
        "normalization": NORMALIZATIONS if config.batch_size > 1 else (NO_NORMALIZATION,),
    }
    for name, values in rest.items():
        if getattr(space, name) and (changing_values := _values_that_change(name, values, architecture)):
            yield name, CategoricalParameter((None, *changing_values), None)


def _values_that_change(
    name: str, values: tuple[ParameterValue, ...] | range, architecture: Architecture
) -> tuple[ParameterValue, ...]:
    """The values that make another design."""
    return tuple(
        value
        for value in values
        if build_variant(architecture, Choices(**{name: value})) != architecture  # type: ignore[arg-type]
    )


def config_for_choices(config: TrainConfig, space: Space, choices: Choices) -> TrainConfig:
    """The settings of a run; raises TrainingError when one is out of its bounds."""
    config = config.changed(epochs=space.epochs)
    if space.one_cycle:
        config = config.changed(schedule="one-cycle")
    for name in ("learning_rate", "optimizer"):
        if (value := getattr(choices, name)) is not None:
            config = config.changed(**{name: _round_value(value)})
    return config


def _round_value(value: ParameterValue) -> ParameterValue:
    """A number that people can read: what it has beyond three digits changes nothing.

    >>> _round_value(0.002554877905895381), _round_value("Adam")
    (0.00255, 'Adam')
    """
    return float(f"{value:.3g}") if isinstance(value, float) else value


def choice_label(name: str, value: ParameterValue) -> str:
    """A choice in words.

    >>> choice_label("width", 2.0), choice_label("dropout", 0.1), choice_label("kernel_size", None)
    ('× 2', '0.1', 'as it is')
    >>> choice_label("learning_rate", 0.0123456)
    '0.0123'
    """
    if value is None:
        return UNCHANGED
    if isinstance(value, str):
        return value
    return f"× {value:g}" if name == "width" else f"{value:.3g}"


def choices_from_params(params: Mapping[str, ParameterValue]) -> Choices:
    """Choices from their names and values."""
    return Choices(**params)  # type: ignore[arg-type]
