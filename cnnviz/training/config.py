"""The settings of a run, with their bounds, titles and help texts."""

from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field
from torch import nn, optim

from cnnviz.data.augmentation import Augmentation
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.data.splitting import SPLIT_KINDS
from cnnviz.errors import TrainingError
from cnnviz.validation import FrozenModel

MAX_LEFT_OUT = 200
"""Most samples that a training can leave out."""


def _check_known(name: str, names: Iterable[str]) -> str:
    if name not in (known_names := list(names)):
        raise ValueError(f"must be one of {', '.join(known_names)}")
    return name


def _check_left_out(rows: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the rows sorted, so that the same choice is always the same setting."""
    if len(rows) > MAX_LEFT_OUT:
        raise ValueError(f"A training leaves out at most {MAX_LEFT_OUT} samples; these are {len(rows):,}.")
    if any(row < 0 for row in rows):
        raise ValueError("Samples are left out by their numbers, from 0.")
    return tuple(sorted(set(rows)))


SCHEDULE_NAMES = ("constant", "step", "cosine", "one-cycle")
"""Names of the learning-rate schedules, which training/schedule.py builds."""


class TrainConfig(FrozenModel):
    """Settings of a training. The form on the Train page shows these fields; their bounds hold for loaded files, too.

    JSON calls `split_kind` “split”: stored runs, archives that were taken home and configuration files have it under
    that name, and an older cnnviz can still read what this one writes. Either name is accepted.
    """

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True, serialize_by_alias=True)

    change_error: ClassVar = TrainingError

    dataset: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")] = Field(
        "words", title="Data set", description="What the net learns from."
    )
    split_kind: Annotated[str, AfterValidator(lambda name: _check_known(name, SPLIT_KINDS))] = Field(
        "random",
        alias="split",
        title="Split",
        description="Which samples are kept for validation and test. Each kind of split tests something different.",
    )
    left_out: Annotated[tuple[int, ...], AfterValidator(_check_left_out)] = Field(
        (),
        title="Left out",
        description="Numbers of samples of the data set that are not trained on. Validation and test keep theirs: a"
        " score does not get better by taking away what the net gets wrong.",
        exclude_if=lambda rows: not rows,
    )
    floor: Annotated[float, Field(ge=-1e6, le=1e6)] | None = Field(
        None,
        title="Floor",
        description="Raises smaller values to this one. Digital silence has a log energy of −36, far below any sound.",
    )
    normalization: Annotated[str, AfterValidator(lambda name: _check_known(name, NORMALIZATIONS))] = Field(
        "global",
        title="Normalization",
        description="Scales values to mean 0 and standard deviation 1, both measured on the training part alone.",
    )
    augmentation: Augmentation = Field(
        Augmentation(),
        title="Augmentation",
        description="Random changes to the training samples, different in every epoch.",
    )
    epochs: Annotated[int, Field(ge=1, le=1000)] = Field(
        30, title="Epochs", description="Number of passes over the whole training set."
    )
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(
        64, title="Batch size", description="Number of samples in each update of the weights."
    )
    optimizer: Annotated[str, AfterValidator(lambda name: _check_known(name, OPTIMIZERS))] = Field(
        "SGD", title="Optimizer", description="Rule that turns gradients into updates of the weights."
    )
    learning_rate: Annotated[float, Field(ge=1e-8, le=10)] = Field(
        0.01,
        title="Learning rate",
        description="Size of the updates. Too small, and the net learns slowly; too large, and it diverges.",
    )
    momentum: Annotated[float, Field(ge=0, le=0.999)] = Field(
        0.9,
        title="Momentum",
        description="Share of the last update that SGD and RMSprop keep in the next; Adam and AdamW have their own.",
    )
    nesterov: bool = Field(
        False,
        title="Nesterov",
        description="SGD takes the gradient at the point to which momentum leads. Needs a momentum above 0.",
    )
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, title="Weight decay", description="Pulls the weights towards 0 at each step, so that they stay small."
    )
    schedule: Annotated[str, AfterValidator(lambda name: _check_known(name, SCHEDULE_NAMES))] = Field(
        "constant", title="Schedule", description="How the learning rate changes during the training."
    )
    warmup: Annotated[float, Field(ge=0, le=100)] = Field(
        0.0,
        title="Warm-up",
        description="Number of epochs in which the learning rate rises from a hundredth of its value to all of it.",
    )
    step_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        10,
        title="Step size",
        description="Number of epochs after which the schedule “step” lowers the learning rate, again and again.",
    )
    gamma: Annotated[float, Field(ge=0.001, le=1)] = Field(
        0.1, title="Gamma", description="Factor by which the schedule “step” multiplies the learning rate."
    )
    label_smoothing: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.0,
        title="Label smoothing",
        description="Share of each label that is spread over all classes, so that the net need not be fully certain.",
    )
    max_grad_norm: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.0,
        title="Gradient clipping",
        description="Largest norm of the gradient, over all weights; a longer one is shortened to it. 0: no clipping.",
    )
    patience: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        title="Patience",
        description="Epochs without a better validation accuracy after which the training ends early. 0: never.",
    )
    mixed_precision: bool = Field(
        False,
        title="Mixed precision",
        description="Computes mostly in bfloat16: faster on a GPU, but less exact; slower on a CPU.",
    )
    channels_last: bool = Field(
        False,
        title="Channels last",
        description="Stores the channels of each pixel side by side in a GPU's memory. On a CPU they always are.",
    )
    loss: Literal["auto", "NLLLoss", "CrossEntropyLoss"] = Field(
        "auto",
        title="Loss",
        description="What training minimizes. auto: NLLLoss if the net ends in LogSoftmax, because this loss expects"
        " log-probabilities; otherwise CrossEntropyLoss, which takes raw scores.",
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        0,
        title="Seed",
        description="Starting point of all random numbers: the same seed on the same device gives the same curve.",
    )

    def changed(self, **changes: object) -> Self:
        """Returns a copy with some fields changed; another data set has other samples, so that none is left out there.

        Raises TrainingError for a refused value.
        """
        if changes.get("dataset", self.dataset) != self.dataset:
            changes = {"left_out": (), **changes}
        return super().changed(**changes)

    def left_out_of(self, dataset: str) -> tuple[int, ...]:
        """Returns the samples that are left out of a data set of that name; none where another one is trained on."""
        return self.left_out if dataset == self.dataset else ()

    def with_augmentation(self, **changes: object) -> Self:
        """Returns a copy with some fields of its augmentation changed; raises TrainingError for a refused value."""
        return self.changed(augmentation=self.augmentation.changed(**changes))


OPTIMIZERS: dict[str, Callable[[Iterable[nn.Parameter], TrainConfig], optim.Optimizer]] = {
    "SGD": lambda parameters, config: optim.SGD(
        parameters,
        lr=config.learning_rate,
        momentum=config.momentum,
        nesterov=config.nesterov and config.momentum > 0,
        weight_decay=config.weight_decay,
        fused=True,
    ),
    "Adam": lambda parameters, config: optim.Adam(
        parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    ),
    "AdamW": lambda parameters, config: optim.AdamW(
        parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    ),
    "RMSprop": lambda parameters, config: optim.RMSprop(
        parameters, lr=config.learning_rate, momentum=config.momentum, weight_decay=config.weight_decay
    ),
}
"""Functions that build an optimizer, by its torch class; fused, one kernel for all weights, but for RMSprop."""
