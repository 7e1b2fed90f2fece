"""One training step along one weight: forward, loss, gradient, the optimizer's rule, new weight."""

import numpy as np
import pandas as pd
import streamlit as st
import torch
from torch import Tensor, nn

from cnnviz.architecture import iter_modules, layer_number, trace
from cnnviz.data import available_datasets
from cnnviz.errors import DesignError, LimitError
from cnnviz.inside import Subject
from cnnviz.inside.subject import scaled_batch
from cnnviz.inside.training_step import TrainingStep, follow_step, weight_names
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.ui.data.content import load_content
from cnnviz.ui.state import current_config, current_owner
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import number
from cnnviz.words import unique_labels

BATCH_SIZE = 8
MAX_PARAMETERS = 2_000_000
MAX_VALUES = 500_000
"""Largest numbers of parameters, and of values made of one sample, of a net that is trained for the page."""
MAX_STEPS_BEFORE = 20
GRADIENT_NORM = "‖∂L/∂output‖"
"""Head of a column, short enough for a narrow page."""


def training_step_view(subject: Subject) -> None:
    """Draws the choice of a weight and an optimizer, and what one step does to it, in numbers."""
    _check_size(subject)
    model, config = subject.build(), current_config()
    with st.container(horizontal=True, vertical_alignment="bottom", key="training-step-controls"):
        name, index = _choose_weight(subject, model)
        optimizer = st.selectbox(
            "Optimizer",
            list(OPTIMIZERS),
            index=list(OPTIMIZERS).index(config.optimizer),
            key=f"step-optimizer-{config.optimizer}",
            width=140,
        )
        with st.container(width=150):
            before = number("Steps before it", 0, whole=True, bounds=(0, MAX_STEPS_BEFORE), step=1, key="steps-before")
    config = config.changed(optimizer=optimizer)
    step = follow_step(
        subject.architecture,
        model,
        _labelled_batch(subject),
        config,
        name=name,
        index=index,
        steps_before=int(before),
    )
    _numbers(step)
    with st.container(horizontal=True, gap="large", key="training-step-details"):
        with st.container(width=720):
            _rule(step, config)
        with st.container(width=400):
            _path(step)


def _check_size(subject: Subject) -> None:
    steps = trace(subject.architecture)
    output_shape = steps[-1].output_shape or ()
    if len(output_shape) != 1:
        raise DesignError("A training step needs a net that ends in one row of scores: add a Flatten and a Linear.")
    if output_shape[0] < len(subject.classes):
        raise DesignError(f"A training step needs {len(subject.classes)} scores; this net ends in {output_shape[0]}.")
    parameters = sum(step.parameters for step in steps)
    values = sum(step.activation_bytes for step in steps) // 4
    if parameters > MAX_PARAMETERS or values > MAX_VALUES:
        raise LimitError(
            f"This net has {parameters:,} parameters and makes {values:,} values of a sample; one step is followed in"
            f" nets of up to {MAX_PARAMETERS:,} and {MAX_VALUES:,}."
        )
    if not parameters:
        raise DesignError("This net has no weights, so a step changes nothing.")


def _choose_weight(subject: Subject, model: nn.Module) -> tuple[str, tuple[int, ...]]:
    """Draws the choice of a layer's weights and a field for each of their axes."""
    parameters = {name: parameter for name, parameter in model.named_parameters() if name in weight_names(model)}
    kinds = {path: layer.kind for path, layer in subject.architecture.iter_layers()}
    owners = {
        id(parameter): f"{layer_number(path)} {kinds[path]}"
        for path, module in iter_modules(model)
        for parameter in module.parameters()
    }
    labels = unique_labels(
        {
            name: f"{owners.get(id(parameter), name)}, {name.rpartition('.')[2]} "
            f"({' × '.join(map(str, parameter.shape))})"
            for name, parameter in parameters.items()
        }
    )
    name = st.selectbox(
        "Weights of layer", list(labels), format_func=labels.__getitem__, key=f"step-weights-{len(labels)}", width=300
    )
    index = []
    shape = parameters[name].shape
    for axis, (size, title) in enumerate(zip(shape, _axis_titles(labels[name], len(shape)), strict=True)):
        with st.container(width=130):
            place = number(
                f"{title}, 0 to {size - 1}",
                0,
                whole=True,
                bounds=(0, size - 1),
                step=1,
                key=f"step-{name}-{size}-{axis}",
            )
        index.append(int(place))
    return name, tuple(index)


def _axis_titles(layer: str, count: int) -> list[str]:
    """Returns what the axes of a weight are called.

    >>> _axis_titles("1 Conv2d, weight", 4)
    ['output', 'input', 'row', 'column']
    >>> _axis_titles("8 Linear, bias", 1)
    ['output']
    """
    channels = ["input", "output"] if "Transpose" in layer else ["output", "input"]
    return [*channels, *["depth", "row", "column"][5 - count :]] if count > 1 else ["output"] * count


def _labelled_batch(subject: Subject) -> tuple[Tensor, Tensor]:
    """Returns a small batch that begins with the sample, others of its data set behind it; noise where it has none."""
    random = np.random.default_rng(subject.seed)
    dataset = available_datasets(current_owner()).get(subject.dataset)
    if dataset is None or dataset.shape != subject.architecture.input_shape or subject.label is None:
        shape = (BATCH_SIZE - 1, *subject.architecture.input_shape)
        others = torch.from_numpy(random.normal(size=shape).astype(np.float32))
        classes = (trace(subject.architecture)[-1].output_shape or (1,))[0]
        return torch.cat([subject.sample, others]), torch.arange(BATCH_SIZE) % classes
    content = load_content(dataset)
    places = np.sort(random.choice(len(content.y), min(BATCH_SIZE - 1, len(content.y)), replace=False))
    samples = [scaled_batch(subject.scale, np.asarray(content.x[place], np.float32)) for place in places]
    labels = [subject.label, *(int(content.y[place]) for place in places)]
    return torch.cat([subject.sample, *samples]), torch.tensor(labels)


def _numbers(step: TrainingStep) -> None:
    change, loss_change = step.new_weight - step.weight, step.loss_after - step.loss
    with st.container(horizontal=True, gap="medium", key="training-step-numbers"):
        st.metric("Weight w", f"{step.weight:.6g}")
        if step.forward is not None:
            st.metric(
                "Forward: its unit gives",
                f"{step.forward:.6g}",
                help="For the sample at hand; of a filter, the mean over all positions.",
            )
        st.metric(f"Loss of {BATCH_SIZE} samples", f"{step.loss:.6g}")
        st.metric("Gradient g = ∂loss/∂w", f"{step.gradient:.6g}")
        st.metric("New weight", f"{step.new_weight:.6g}", f"{change:+.4g}", delta_color="off")
        st.metric("Loss after the step", f"{step.loss_after:.6g}", f"{loss_change:+.4g}", delta_color="inverse")
    clipped = f" Gradient clipping multiplies it by {step.clipping:.4g}." if step.clipping < 1 else ""
    st.caption(
        f"Measured instead of backpropagated, by moving w a little to both sides, the gradient is"
        f" {step.nudged_gradient:.6g}.{clipped}"
    )


def _rule(step: TrainingStep, config: TrainConfig) -> None:
    name = (
        "SGD with Nesterov" if config.optimizer == "SGD" and config.nesterov and config.momentum else config.optimizer
    )
    st.subheader(f"The rule of {name}")
    for line in step.update.lines:
        st.latex(rf"{line.symbol} = {line.formula} = {line.numbers} = \mathbf{{{_latex_number(line.value)}}}")
    momentum = f", momentum μ = {config.momentum:g}" if config.optimizer in ("SGD", "RMSprop") else ""
    st.caption(
        f"Settings of the Train page: learning rate η = {config.learning_rate:g}{momentum}, weight decay"
        f" λ = {config.weight_decay:g}. torch's optimizer makes of it {step.new_weight:.6g}."
    )


def _path(step: TrainingStep) -> None:
    st.subheader("The way of the gradient")
    rows = [
        {
            "layer": stop.layer,
            "‖output‖": f"{stop.output_norm:.4g}",
            GRADIENT_NORM: f"{stop.gradient_norm:.4g}",
        }
        for stop in reversed(step.path)
    ]
    number_column = st.column_config.TextColumn(width="small")
    dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=dict.fromkeys(("‖output‖", GRADIENT_NORM), number_column),
        key="training-step-path",
    )
    st.caption(
        "From the scores, at the top, back to the layer of the weight: norms over the whole batch; L is the loss."
    )


def _latex_number(value: float) -> str:
    text = f"{value:.6g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
