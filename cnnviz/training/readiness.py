"""Checks, before anything starts, whether a design can be trained on a data set with a configuration."""

from cnnviz.architecture import Architecture, Step, iter_steps, layer_number, trace, training_bytes
from cnnviz.data.dataset import Dataset
from cnnviz.errors import DesignError, LimitError
from cnnviz.layers import GroupNorm, Linear
from cnnviz.layers.norm import BatchNorm
from cnnviz.layers.pool.max_pool import MaxPool
from cnnviz.settings import Settings
from cnnviz.shapes import format_shape, numel
from cnnviz.training.config import TrainConfig
from cnnviz.training.device_speed import DeviceSpeed
from cnnviz.training.duration import check_duration
from cnnviz.windows import Window
from cnnviz.words import format_mebibytes


def check_trainable(
    architecture: Architecture,
    config: TrainConfig,
    dataset: Dataset,
    limits: Settings,
    speed: DeviceSpeed | None = None,
) -> None:
    """Raises DesignError or LimitError, with the reason, if this run cannot be trained on a device of this speed."""
    steps = trace(architecture)
    if not steps:
        raise DesignError("This design has no layers yet; add some, or load a preset.")
    if steps[-1].error:
        raise DesignError(f"{steps[-1].error} Fix it on the Design page first.")
    if architecture.input_shape != dataset.shape:
        raise DesignError(
            f"This design takes samples of {format_shape(architecture.input_shape)}, but “{dataset.title}” has samples"
            f" of {format_shape(dataset.shape)}."
        )
    output_shape = steps[-1].output_shape or ()
    if len(output_shape) != 1:
        raise DesignError(
            f"This design ends in {format_shape(output_shape)}; a classifier must end in one row of scores. "
            f"Add a Flatten and a Linear with out_features {len(dataset.classes)} at the end."
        )
    if output_shape[0] < len(dataset.classes):
        raise DesignError(
            f"This design ends in {output_shape[0]} scores, but “{dataset.title}” has {len(dataset.classes)} classes. "
            f"Give the last Linear layer out_features {len(dataset.classes)}."
        )
    parameters = sum(step.parameters for step in steps)
    if parameters == 0:
        raise DesignError("This design has no parameters, so there is nothing to train; add a Conv2d or a Linear.")
    _check_max_pools(steps)
    _check_norms(steps, config.batch_size)
    _check_size(steps, config, limits)
    if speed:
        check_duration(steps, config, dataset, limits, speed)


def adapt_to_dataset(architecture: Architecture, dataset: Dataset) -> Architecture | None:
    """Returns the design with the input shape of a data set, one score per class, and windows small enough to fit.

    Returns None where changing parameters alone does not suffice.
    """
    last = max((i for i, layer in enumerate(architecture.layers) if isinstance(layer, Linear)), default=None)
    if last is None:
        return None
    try:
        fitted = architecture.with_input_shape(dataset.shape).update_layer(last, out_features=len(dataset.classes))
    except DesignError:
        return None
    for _ in architecture.iter_layers():  # each mend leaves fewer layers to mend
        mend = trace(fitted)[-1].mend
        if mend is None:
            break
        fitted = mend.architecture
    same_kinds = [layer.kind for _, layer in fitted.iter_layers()] == [
        layer.kind for _, layer in architecture.iter_layers()
    ]
    fits = same_kinds and fitted.input_shape == dataset.shape
    return fitted if fits and trace(fitted)[-1].output_shape == (len(dataset.classes),) else None


def _check_size(steps: tuple[Step, ...], config: TrainConfig, limits: Settings) -> None:
    """Refuses what is larger than this server trains."""
    parameters = sum(step.parameters for step in steps)
    if parameters > limits.max_parameters:
        raise LimitError(
            f"This design has {parameters:,} parameters; this server trains at most {limits.max_parameters:,}."
        )
    if config.epochs > limits.max_epochs:
        raise LimitError(
            f"This server trains at most {limits.max_epochs:,} epochs; this run would have {config.epochs:,}."
        )
    needed_bytes = training_bytes(steps, config.batch_size)
    if needed_bytes > limits.max_training_bytes:
        raise LimitError(
            f"Training this design with batches of {config.batch_size:,} needs at least"
            f" {format_mebibytes(needed_bytes)}, by an estimate from the numbers of the net; this server gives a run at"
            f" most {format_mebibytes(limits.max_training_bytes)}. Use smaller batches, fewer channels, or pool"
            " earlier."
        )


def _check_max_pools(steps: tuple[Step, ...]) -> None:
    """Refuses maxima of padding alone: they are −∞, and torch's backward pass (2.13) writes outside its memory."""
    for step in iter_steps(steps):
        for axis, size, rule in step.axes if isinstance(step.layer, MaxPool) else ():
            if isinstance(rule, Window) and rule.reads_only_padding(size):
                raise DesignError(
                    f"Layer {layer_number(step.path)}, {step.layer.kind}, has a window that reads nothing but padding:"
                    f" with padding {rule.padding[0]} and dilation {rule.dilation} it strides over the whole {axis} of"
                    f" {size}. The maximum of nothing cannot be trained; use less padding or a smaller dilation."
                )


def _check_norms(steps: tuple[Step, ...], batch_size: int) -> None:
    """Refuses norms that would take mean and variance over a single value."""
    for step in iter_steps(steps):
        values = numel(step.input_shape[1:])  # of one channel of one sample
        layer_label = f"Layer {layer_number(step.path)}, {step.layer.kind},"
        if batch_size == 1 and values == 1 and isinstance(step.layer, BatchNorm):
            raise DesignError(
                f"{layer_label} takes mean and variance over the batch, and a batch of 1 gives it a single value per"
                " channel. Use a batch size of at least 2."
            )
        if isinstance(step.layer, GroupNorm) and values * step.input_shape[0] == step.layer.num_groups:
            raise DesignError(
                f"{layer_label} has groups of a single value, and one value has no variance. Use fewer groups than"
                f" {step.layer.num_groups}."
            )
