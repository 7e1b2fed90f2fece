"""Every knob of a run."""

from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field
from torch import nn, optim

from cnnviz.data.augmentation import Augmentation
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.data.splitting import SPLIT_KINDS
from cnnviz.errors import TrainingError
from cnnviz.validation import FrozenModel


def _check_known(name: str, names: Iterable[str]) -> str:
    if name not in (known_names := list(names)):
        raise ValueError(f"must be one of {', '.join(known_names)}")
    return name


SCHEDULE_NAMES = ("constant", "step", "cosine", "one-cycle")
"""Names of the schedules, which training/schedule.py makes."""


class TrainConfig(FrozenModel):
    """How a net is trained; frozen, bounds included. The form draws these fields, loading enforces them.

    JSON calls `split_kind` “split”: stored runs, archives that were taken home and configuration files have it under
    that name, and an older cnnviz can still read what this one writes. Both names are accepted.
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
        description="Which samples are kept for validation and test; each way asks another thing.",
    )
    floor: Annotated[float, Field(ge=-1e6, le=1e6)] | None = Field(
        None,
        title="Floor",
        description="Smaller values are raised to it. Digital silence has a log energy of −36, far from any sound.",
    )
    normalization: Annotated[str, AfterValidator(lambda name: _check_known(name, NORMALIZATIONS))] = Field(
        "global",
        title="Normalization",
        description="Values to mean 0 and standard deviation 1, both taken from the training part alone.",
    )
    augmentation: Augmentation = Field(
        Augmentation(), title="Augmentation", description="Changes of the training samples, new each time."
    )
    epochs: Annotated[int, Field(ge=1, le=1000)] = Field(
        30, title="Epochs", description="How often the net sees the whole training set."
    )
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(
        64, title="Batch size", description="Samples between two updates of the weights."
    )
    optimizer: Annotated[str, AfterValidator(lambda name: _check_known(name, OPTIMIZERS))] = Field(
        "SGD", title="Optimizer", description="Rule by which gradients become updates."
    )
    learning_rate: Annotated[float, Field(ge=1e-8, le=10)] = Field(
        0.01, title="Learning rate", description="Size of an update: too small learns slowly, too large diverges."
    )
    momentum: Annotated[float, Field(ge=0, le=0.999)] = Field(
        0.9,
        title="Momentum",
        description="Share of the last update that SGD and RMSprop keep; Adam and AdamW have their own.",
    )
    nesterov: bool = Field(
        False, title="Nesterov", description="SGD looks ahead: the gradient where momentum leads (with momentum > 0)."
    )
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, title="Weight decay", description="Pulls weights towards 0 at each step, so that they stay small."
    )
    schedule: Annotated[str, AfterValidator(lambda name: _check_known(name, SCHEDULE_NAMES))] = Field(
        "constant", title="Schedule", description="How the learning rate goes over the training."
    )
    warmup: Annotated[float, Field(ge=0, le=100)] = Field(
        0.0, title="Warm-up", description="Epochs in which the learning rate rises from a hundredth to its full size."
    )
    step_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        10, title="Step size", description="Epochs after which the schedule “step” lowers the learning rate."
    )
    gamma: Annotated[float, Field(ge=0.001, le=1)] = Field(
        0.1, title="Gamma", description="What the schedule “step” multiplies the learning rate by."
    )
    label_smoothing: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.0,
        title="Label smoothing",
        description="Share of each label that is spread over all classes, so that the net need not be quite sure.",
    )
    max_grad_norm: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.0,
        title="Gradient clipping",
        description="Longer gradients, over all weights together, are shortened to this norm; 0: none is.",
    )
    patience: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        title="Patience",
        description="Epochs without a better validation accuracy after which the training ends early; 0: it does not.",
    )
    mixed_precision: bool = Field(
        False,
        title="Mixed precision",
        description="Most arithmetic in bfloat16: faster on a GPU, less exact; slower on a CPU.",
    )
    channels_last: bool = Field(
        False,
        title="Channels last",
        description="The channels of a picture side by side in a GPU's memory. On a CPU they always are.",
    )
    loss: Literal["auto", "NLLLoss", "CrossEntropyLoss"] = Field(
        "auto",
        title="Loss",
        description="What training makes small. auto: NLLLoss when the net ends in LogSoftmax, as it expects"
        " log-probabilities; else CrossEntropyLoss, which takes raw scores.",
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        0, title="Seed", description="Start of all random numbers: same seed, same device, same curve."
    )

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
"""Every optimizer by the name of its torch class; all weights in one kernel where torch has one (RMSprop has none)."""
