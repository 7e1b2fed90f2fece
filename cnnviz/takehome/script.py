"""A run as a standalone training script, in the style of the lab's notebook."""

import inspect
import textwrap
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
from cnnviz.source.formatting import WIDTH, Argument, Call, format_call, literal
from cnnviz.source.write import HEAD
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_criterion
from cnnviz.training.schedule import SCHEDULES
from cnnviz.training.training import MIN_TRAIN_SAMPLES_EVALUATED

CELL_MARKER = "# %% "
"""Marker before the title of a section, which editors recognise as the beginning of a cell."""
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701  (Python, not HTML; it contains no text from users)
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
)
SHARES: dict[str, Callable[[TrainConfig], str]] = {
    "constant": lambda config: "1.0",
    "step": lambda config: f"{config.gamma!r} ** (step // ({config.step_size} * len(train_batches)))",
    "cosine": lambda config: "(1 + math.cos(math.pi * min(step / steps, 1))) / 2",
}
"""Functions that return the code of the share of the learning rate at a step, for each of SCHEDULES that has one."""


@dataclass(frozen=True)
class SampleSource:
    """Source from which the script reads its samples."""

    is_digits: bool = False
    """Whether the samples are scikit-learn's digits; if not, they are in FEATS_FILE and LABELS_FILE by the script."""
    has_parts_file: bool = False
    """Whether PARTS_FILE by the script defines the split; if not, the script splits at random, as the lab does.

    The file holds the arrays of row numbers `train`, `validation` and `test`, as `Content.split_indices` returns them.
    """
    axes: tuple[str, ...] = ()
    """Names of the axes of a sample, as in `Dataset.axes`; augmentation depends on them."""

    @classmethod
    def for_dataset(cls, dataset: str, split_kind: str = "random", axes: tuple[str, ...] = ()) -> "SampleSource":
        """Returns the source for a data set by name and kind of split."""
        return cls(is_digits=dataset == DIGITS.name, has_parts_file=split_kind != "random", axes=axes)


def to_script(architecture: Architecture, config: TrainConfig, *, data: SampleSource, stopped: int = 0) -> str:
    """Returns a complete Python file that trains as `train` does; it needs only numpy, torch, ignite and scikit-learn.

    On the CPU it gives the same curve, printed and as points.csv (columns as in `points_to_csv`, loss and accuracy),
    and writes the weights of the best epoch as weights.pt. It contains only what this run uses, and is formatted as
    `ruff format` would. Its sections begin with `# %%`, which editors recognise as cells. Setting its constant FIND_LR
    makes it look for a learning rate first and changes nothing else. Its docstring mentions the number of epochs after
    which the run was `stopped`, unless that is 0. Raises ShapeError with the reason when a layer refuses its input.
    """
    shape = architecture.input_shape
    return TEMPLATES.get_template("script.py.jinja").render(
        config=config,
        stopped=stopped,
        digits=data.is_digits,
        left_out="\n".join(textwrap.wrap(" ".join(map(str, config.left_out)), WIDTH)),
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
        share=SHARES[config.schedule](config) if config.schedule in SHARES else None,
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
    """Returns the code of the classes, without the imports and the main block of `to_code`."""
    code, _, _ = to_code(architecture).removeprefix(HEAD).partition('\n\n\nif __name__ == "__main__":')
    return code.strip()


def _normalization_axes(normalization: str, axes: int) -> tuple[int, ...] | None:
    """Returns the axes of (N, *shape) that mean and standard deviation are taken over; None for all."""
    normalization_kind = NORMALIZATIONS[normalization]
    if normalization_kind is None or not normalization_kind.kept_axes:
        return None
    kept = {axis % axes for axis in normalization_kind.kept_axes}
    return tuple(axis for axis in range(axes) if axis not in kept)


def _optimizer_call(config: TrainConfig) -> Call:
    """Returns the call that creates the optimizer, with the arguments that differ from torch's defaults."""
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
    """Returns the code of every change of x that is switched on and fits these axes, by field, in order of use."""
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
