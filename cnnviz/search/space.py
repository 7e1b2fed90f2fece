"""The search space: which parameters a search may vary, and within which bounds."""

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
"""Value of a search parameter; None leaves design and settings as they are."""
UNCHANGED = "as it is"

WIDTHS = (0.5, 1.0, 2.0, 4.0)
KERNEL_SIZES = (3, 5, 7)
DROPOUTS = (0.0, 0.1, 0.2, 0.4)
ACTIVATIONS = ("ReLU", "LeakyReLU", "GELU", "Tanh")
NORMALIZATIONS = (NO_NORMALIZATION, BATCH_NORM)
SEARCHED_OPTIMIZERS = ("Adam", "SGD")
ADAPTIVE_OPTIMIZERS = ("Adam", "AdamW", "RMSprop")
"""Optimizers that divide each update by the size of its gradients: their rates are smaller than those of SGD."""
ADAPTIVE_RATE_SHARE = 0.1
"""Share of the highest learning rate that these may have."""


def _vary_field(title: str, description: str) -> bool:
    varied: bool = Field(True, title=title, description=description)
    return varied


class Space(FrozenModel):
    """Which parameters a search varies, within which bounds, and when it ends. The form on the Search page shows it."""

    change_error: ClassVar = TrainingError

    learning_rate: bool = _vary_field("Learning rate", "Anything between the two bounds, on a log scale.")
    optimizer: bool = _vary_field("Optimizer", "Adam, SGD, or the one in the settings.")
    width: bool = _vary_field("Width", "Half, twice or four times the filters and units of all layers but the last.")
    depth: bool = _vary_field("Depth", "More or fewer convolutions, each with the norm, activation and pool after it.")
    kernel_size: bool = _vary_field("Kernel size", "Windows of 3, 5 or 7 in all convolutions.")
    dropout: bool = _vary_field("Dropout", "No dropout, or one that zeroes 10, 20 or 40 % of the values.")
    activation: bool = _vary_field("Activation", "ReLU, LeakyReLU, GELU or Tanh everywhere.")
    normalization: bool = _vary_field("Normalization", "BatchNorm after every layer with weights, or none.")
    lowest_rate: Annotated[float, Field(ge=1e-6, le=1)] = Field(
        1e-4,
        title="Lowest learning rate",
        description="Lower bound of the learning rate, unless the settings have a lower one.",
    )
    highest_rate: Annotated[float, Field(ge=1e-6, le=1)] = Field(
        1e-1,
        title="Highest learning rate",
        description="Upper bound of the learning rate, unless the settings have a higher one. Adam, AdamW and RMSprop"
        " get at most a tenth of it.",
    )
    most_convolutions: Annotated[int, Field(ge=1, le=12)] = Field(
        4, title="Most convolutions", description="Upper bound of the depth, unless the net has more already."
    )
    runs: Annotated[int, Field(ge=1, le=300)] = Field(
        60, title="Runs", description="The search ends after this many runs, whether or not it has reached the goal."
    )
    epochs: Annotated[int, Field(ge=1, le=1000)] = Field(
        8, title="Epochs of a run", description="Runs that fall behind the others are stopped earlier."
    )
    goal: Annotated[float, Field(ge=0, le=1)] = Field(
        0.9, title="Goal", description="Validation accuracy at which the search ends."
    )
    one_cycle: bool = Field(
        True,
        title="One-cycle rates",
        description="The rate rises to the learning rate and falls far again within the epochs of a run, which helps"
        " short runs most. Off: the schedule in the settings.",
    )
    most_multiply_adds: Annotated[int, Field(ge=1_000, le=10**11)] = Field(
        20_000_000,
        title="Most multiply-adds",
        description="Per sample. A larger net gets fewer filters, so that no run takes all the time.",
    )


VARIABLE_FIELDS = tuple(
    name for name, info in Space.model_fields.items() if info.annotation is bool and name != "one_cycle"
)
"""Names of the parameters that may vary, which are also fields of `Choices`."""


@dataclass(frozen=True)
class CategoricalParameter:
    """Parameter with a few possible values."""

    values: tuple[ParameterValue, ...]
    initial: ParameterValue
    """Value in the design and settings that the search starts from."""


@dataclass(frozen=True)
class RangeParameter:
    """Parameter with numbers between two bounds, both included."""

    low: float
    high: float
    initial: float
    is_log: bool = False
    is_integer: bool = False
    depends_on: str | None = None
    """Name of a parameter with some of whose values the upper bound is another one."""
    highs: tuple[tuple[ParameterValue, float], ...] = ()
    """Those values, with the upper bound for each."""

    def high_with(self, params: Mapping[str, ParameterValue]) -> float:
        """Returns the upper bound beside these values of other parameters."""
        return dict(self.highs).get(params.get(self.depends_on or ""), self.high)


SearchParameter = CategoricalParameter | RangeParameter


@lru_cache(256)  # pages call it every second; all arguments are frozen
def search_parameters(space: Space, architecture: Architecture, config: TrainConfig) -> dict[str, SearchParameter]:
    """Returns the parameters of a search by name, without values that leave the design as it is (but for one).

    Raises TrainingError when nothing can vary, or when the bounds of the learning rate are the wrong way round.
    """
    if space.lowest_rate >= space.highest_rate and space.learning_rate:
        raise TrainingError(
            f"The lowest learning rate, {space.lowest_rate:g}, is not below the highest, {space.highest_rate:g}."
        )
    parameters = dict(_search_parameters(space, architecture, config))
    if not parameters:
        raise TrainingError("Nothing may vary. Switch on at least one thing to vary.")
    return parameters


def _search_parameters(
    space: Space, architecture: Architecture, config: TrainConfig
) -> Iterator[tuple[str, SearchParameter]]:
    if space.learning_rate:
        yield "learning_rate", _learning_rate(space, config)
    if space.optimizer:
        yield "optimizer", CategoricalParameter(_optimizers(space, config), config.optimizer)
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


def _learning_rate(space: Space, config: TrainConfig) -> RangeParameter:
    """Returns the range of the learning rate, with that of the settings in it, from which the search begins."""
    start = config.learning_rate
    rate_bounds = {name: _highest_rate(space, name) for name in _optimizers(space, config)}
    high = max(start, *rate_bounds.values())
    highs = tuple((name, bound) for name, bound in rate_bounds.items() if bound < high) if space.optimizer else ()
    return RangeParameter(
        min(start, space.lowest_rate), high, start, is_log=True, depends_on="optimizer" if highs else None, highs=highs
    )


def _optimizers(space: Space, config: TrainConfig) -> tuple[str, ...]:
    return tuple(dict.fromkeys([config.optimizer, *(SEARCHED_OPTIMIZERS if space.optimizer else ())]))


def _highest_rate(space: Space, optimizer: str) -> float:
    share = ADAPTIVE_RATE_SHARE if optimizer in ADAPTIVE_OPTIMIZERS else 1.0
    return max(share * space.highest_rate, space.lowest_rate)


def _values_that_change(
    name: str, values: tuple[ParameterValue, ...] | range, architecture: Architecture
) -> tuple[ParameterValue, ...]:
    """Returns the values that lead to another design."""
    return tuple(
        value
        for value in values
        if build_variant(architecture, Choices(**{name: value})) != architecture  # type: ignore[arg-type]
    )


def config_for_choices(config: TrainConfig, space: Space, choices: Choices) -> TrainConfig:
    """Returns the settings of the run that tries these choices; raises TrainingError for a value out of bounds."""
    config = config.changed(epochs=space.epochs)
    if space.one_cycle:
        config = config.changed(schedule="one-cycle")
    for name in ("learning_rate", "optimizer"):
        value = getattr(choices, name)
        if value is not None and value != getattr(config, name):  # the own rate stays as it is, with all its digits
            config = config.changed(**{name: _round_value(value)})
    return config


def _round_value(value: ParameterValue) -> ParameterValue:
    """Rounds a number to three digits, for people to read; further digits make no difference to a training.

    >>> _round_value(0.002554877905895381), _round_value("Adam")
    (0.00255, 'Adam')
    """
    return float(f"{value:.3g}") if isinstance(value, float) else value


def choice_label(name: str, value: ParameterValue) -> str:
    """Returns the text that shows a value of the parameter `name`.

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
    """Returns `Choices` with these values by parameter name."""
    return Choices(**params)  # type: ignore[arg-type]
