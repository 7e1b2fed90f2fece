"""A run as a training script of its own, in the style of the lab's notebook."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from torch import nn

from cnnviz.architecture import EVALUATION_BATCH, Architecture
from cnnviz.data.augmentation import Augmentation, AugmentationAxes
from cnnviz.data.digits import DIGITS
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.shapes import Shape
from cnnviz.source import to_code
from cnnviz.source.formatting import Argument, Call, format_call, literal
from cnnviz.source.write import HEAD
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_criterion
from cnnviz.training.schedule import SCHEDULES
from cnnviz.training.training import MIN_TRAIN_SAMPLES_EVALUATED

CELL_MARKER = "# %% "
"""What the title of a section stands behind; editors know it as the beginning of a cell."""
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701  (Python, not HTML; no text of a user is in it)
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
)
SCHEDULERS: dict[str, Callable[[TrainConfig], Call]] = {
    "constant": lambda config: _scheduler_call("LambdaLR", "lambda step: 1.0"),
    "step": lambda config: _scheduler_call("StepLR", f"{config.step_size} * len(train_batches)", repr(config.gamma)),
    "cosine": lambda config: _scheduler_call("LambdaLR", "half_cosine"),
    "one-cycle": lambda config: _scheduler_call("OneCycleLR", "LEARNING_RATE", "max(steps, 2)", cycle_momentum="False"),
}
"""The code that makes each of SCHEDULES."""


@dataclass(frozen=True)
class SampleSource:
    """Where the script finds its samples."""

    is_digits: bool = False
    """Whether they are those that come with scikit-learn; if not, they lie in FEATS and LABELS beside the script."""
    has_parts_file: bool = False
    """Whether PARTS beside the script says which rows are for what; if not, the split is the lab's.

    It holds the arrays `train`, `validation` and `test`, in the order of `Content.rows`.
    """
    axes: tuple[str, ...] = ()
    """What the axes of a sample are, as `Dataset.axes`: augmentation asks."""

    @classmethod
    def for_dataset(cls, dataset: str, split_kind: str = "random", axes: tuple[str, ...] = ()) -> "SampleSource":
        """That of a data set by its name, split in one of its ways."""
        return cls(is_digits=dataset == DIGITS.name, has_parts_file=split_kind != "random", axes=axes)


def to_script(architecture: Architecture, config: TrainConfig, *, data: SampleSource, stopped: int = 0) -> str:
    """A complete Python file that trains as `train` does, and needs numpy, torch, ignite and scikit-learn alone.

    On the CPU it gives the same curve, printed and as points.csv (columns as `csv_record`, loss and accuracy), and the
    best epoch's weights as weights.pt. Only what this run uses is in it; the file is what `ruff format` would make of
    it. Its sections begin with `# %%`, as editors know cells. A constant of it, FIND_LR, makes it look for a learning
    rate first, which changes nothing else. Of a run that was `stopped` after so many epochs, it says so. Raises
    ShapeError with the reason when a layer refuses its input.
    """
    shape = architecture.input_shape
    return TEMPLATES.get_template("script.py.jinja").render(
        config=config,
        stopped=stopped,
        digits=data.is_digits,
        parts=data.has_parts_file,
        batch=f"({', '.join(('N', *map(str, shape)))})",
        normalized=NORMALIZATIONS[config.normalization],
        over=_normalization_axes(config.normalization, len(shape) + 1),
        changes=_augmentation_code(config.augmentation, shape, data.axes),
        picture=len(shape) == 3,
        net=_net_code(architecture),
        criterion=f"nn.{type(build_criterion(architecture, config)).__name__}()",
        optimizer=_call_lines("optimizer = ", _optimizer_call(config)),
        scheduled=(scheduled := config.schedule != "constant" or config.warmup > 0),
        warms_up=scheduled and config.warmup > 0 and not SCHEDULES[config.schedule].has_warmup,
        schedule=_call_lines("schedule = ", SCHEDULERS[config.schedule](config)),
        patience=0 < config.patience < config.epochs,
        trainer=_call_lines(
            "trainer = ", _trainer_call(config, _augmentation_code(config.augmentation, shape, data.axes))
        ),
        evaluator=_call_lines("evaluator = ", _evaluator_call(config)),
        sample=MIN_TRAIN_SAMPLES_EVALUATED,
        evaluation_batch=EVALUATION_BATCH,
    )


def _call_lines(start: str, call: Call) -> str:
    return "\n".join(format_call(start, call))


def _net_code(architecture: Architecture) -> str:
    """The classes, without what stands around them in a file of their own."""
    code, _, _ = to_code(architecture).removeprefix(HEAD).partition('\n\n\nif __name__ == "__main__":')
    return code.strip()


def _normalization_axes(normalization: str, axes: int) -> tuple[int, ...] | None:
    """The axes of (N, *shape) that mean and deviation are taken over; None for all."""
    normalization_kind = NORMALIZATIONS[normalization]
    if normalization_kind is None or not normalization_kind.kept_axes:
        return None
    kept = {axis % axes for axis in normalization_kind.kept_axes}
    return tuple(axis for axis in range(axes) if axis not in kept)


def _optimizer_call(config: TrainConfig) -> Call:
    """The call that makes it, with the arguments that are not torch's defaults."""
    optimizer = OPTIMIZERS[config.optimizer]([nn.Parameter(torch.zeros(1))], config)
    signature_parameters = inspect.signature(type(optimizer)).parameters
    options = {
        name: value for name, value in optimizer.defaults.items() if name in signature_parameters and name != "lr"
    }
    arguments = [
        Argument(literal(value), name) for name, value in options.items() if value != signature_parameters[name].default
    ]
    kind = type(optimizer).__name__
    return Call(f"optim.{kind}", (Argument("model.parameters()"), Argument("LEARNING_RATE", "lr"), *arguments))


def _scheduler_call(kind: str, *values: str, **named: str) -> Call:
    arguments = (*map(Argument, ("optimizer", *values)), *(Argument(value, name) for name, value in named.items()))
    return Call(f"optim.lr_scheduler.{kind}", arguments)


def _trainer_call(config: TrainConfig, changes: dict[str, str]) -> Call:
    loss = "smoothed" if config.label_smoothing else "criterion"
    arguments = [Argument("model"), Argument("optimizer")]
    arguments.append(Argument(f"low({loss})" if config.mixed_precision else loss))
    arguments.append(Argument("device", "device"))
    if changes:
        arguments.append(Argument("augmented", "prepare_batch"))
    if config.mixed_precision:
        arguments.append(Argument("forward", "model_fn"))
    return Call("create_supervised_trainer", tuple(arguments))


def _evaluator_call(config: TrainConfig) -> Call:
    arguments = [Argument("model"), Argument("metrics"), Argument("device", "device")]
    if config.mixed_precision:
        arguments += [Argument("forward", "model_fn"), Argument("torch.Tensor.float", "model_transform")]
    return Call("create_supervised_evaluator", tuple(arguments))


def _augmentation_code(augmentation: Augmentation, shape: Shape, axes: tuple[str, ...]) -> dict[str, str]:
    """The code of each change of x that such samples know, in the order of `Augmentation.of`."""
    places, ones = AugmentationAxes(axes, len(shape)), ", 1" * len(shape)
    shift_lines = [f"x = moved(x, {axis}, {augmentation.shift}, around=False)" for axis in places.picture_axes]
    generator_arguments = "generator=noise, device=device"
    code_by_field = {
        "time_shift": f"x = moved(x, {places.time_axis}, {augmentation.time_shift}, around=True)",
        "shift": "\n".join(shift_lines),
        "flip": f"flipped = torch.rand(len(x), {generator_arguments}) < 0.5\n"
        f"x = torch.where(flipped.view(-1{ones}), x.flip({places.width_axis}), x)",
        "noise": f"x = x + strength * torch.randn(x.shape, {generator_arguments})",
        "time_mask": f"x = masked(x, {places.time_axis}, {augmentation.time_mask})",
        "band_mask": f"x = masked(x, {places.band_axis}, {augmentation.band_mask})",
    }
    return {
        name: code
        for name, code in code_by_field.items()
        if name in places.applicable_fields and getattr(augmentation, name)
    }
