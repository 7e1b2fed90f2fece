"""One step of training, followed along one weight: forward, loss, gradient, the optimizer's rule, new weight."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture
from cnnviz.errors import CnnvizError
from cnnviz.inside.gradient_path import OutputRecorder, PathStop, gradient_path
from cnnviz.inside.optimizer_rules import RULES, Memory, Update
from cnnviz.seeding import seeded
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_training_loss

NUDGE = 1e-6
"""How far a weight is moved to both sides to measure its derivative."""


@dataclass(frozen=True)
class TrainingStep:
    """One weight through one step; numbers are torch's where nothing else is said."""

    weight: float
    gradient: float
    """Derivative of the loss with respect to the weight."""
    clipping: float
    """Factor by which gradient clipping shortens the gradient; 1 without."""
    nudged_gradient: float
    """The same derivative, measured: the weight is moved a little to both sides and the loss computed again."""
    loss: float
    loss_after: float
    """Loss of the same batch after the step."""
    path: tuple[PathStop, ...]
    forward: float | None
    """Mean output of the weight's unit or filter for the first sample; None where its channels are elsewhere."""
    update: Update
    """The rule, worked out by hand with the same numbers."""
    new_weight: float
    """The weight after the step of torch's optimizer."""


def weight_names(model: nn.Module) -> list[str]:
    """Returns the names of all weights and biases that learn, as in the state dict."""
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad and parameter.numel()]


def follow_step(
    architecture: Architecture,
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    config: TrainConfig,
    *,
    name: str,
    index: Sequence[int],
    steps_before: int = 0,
) -> TrainingStep:
    """Follows one weight through the step after `steps_before` others, all on the same batch of x and labels.

    `model` stays as it is. Everything is computed in float64, with the optimizer and the loss of `config`; dropout
    drops the same values each time. The learning rate is the same in each step, without a schedule. Raises CnnvizError
    where there is no such weight or the loss is not a number.
    """
    model = copy.deepcopy(model).double().train()
    x, y = batch[0].double(), batch[1]
    parameter, place = dict(model.named_parameters()).get(name), tuple(index)
    if parameter is None or len(place) != parameter.dim() or not _is_inside(place, parameter):
        raise CnnvizError("This net has no such weight. Choose another one.")
    criterion = build_training_loss(architecture, config)

    def compute_loss() -> Tensor:
        with seeded(config.seed):
            loss: Tensor = criterion(model(x), y)
            return loss

    optimizer = OPTIMIZERS[config.optimizer](model.parameters(), config)
    memory = Memory()
    for _ in range(steps_before):
        _, clipping = _take_gradients(model, compute_loss, config, optimizer)
        gradient = _gradient_at(parameter, place) * clipping
        memory = RULES[config.optimizer](float(parameter.detach()[place]), gradient, config, memory).memory
        _scale_gradients(model, clipping)
        optimizer.step()
    with OutputRecorder(architecture, model) as outputs:
        loss, clipping = _take_gradients(model, compute_loss, config, optimizer)
    weight, gradient = float(parameter.detach()[place]), _gradient_at(parameter, place)
    path = gradient_path(architecture, model, outputs, name)
    forward = _forward_value(outputs[path[0].layer], parameter, place)
    nudged = _difference_quotient(parameter, place, compute_loss)
    update = RULES[config.optimizer](weight, gradient * clipping, config, memory)
    _scale_gradients(model, clipping)
    optimizer.step()
    with torch.no_grad():
        loss_after = float(compute_loss())
    new_weight = float(parameter.detach()[place])
    return TrainingStep(weight, gradient, clipping, nudged, loss, loss_after, path, forward, update, new_weight)


def _forward_value(output: Tensor, parameter: Tensor, place: tuple[int, ...]) -> float | None:
    if not place or output.dim() < 2 or output.shape[1] != parameter.shape[0]:
        return None
    return float(output.detach()[0, place[0]].mean())


def _is_inside(place: tuple[int, ...], parameter: Tensor) -> bool:
    return all(0 <= number < size for number, size in zip(place, parameter.shape, strict=True))


def _take_gradients(
    model: nn.Module, compute_loss: Callable[[], Tensor], config: TrainConfig, optimizer: torch.optim.Optimizer
) -> tuple[float, float]:
    """Computes the gradients, and returns the loss and the factor of torch's gradient clipping."""
    optimizer.zero_grad()
    loss = compute_loss()
    if not math.isfinite(value := float(loss.detach())):
        raise CnnvizError("The loss is not a number any more. Lower the learning rate, or take fewer steps before.")
    loss.backward()  # type: ignore[no-untyped-call]
    if not config.max_grad_norm:
        return value, 1.0
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    norm = float(nn.utils.get_total_norm(gradients))
    return value, min(1.0, config.max_grad_norm / (norm + 1e-6))


def _scale_gradients(model: nn.Module, factor: float) -> None:
    for parameter in model.parameters():
        if parameter.grad is not None and factor < 1:
            parameter.grad.mul_(factor)


def _gradient_at(parameter: Tensor, place: tuple[int, ...]) -> float:
    return 0.0 if parameter.grad is None else float(parameter.grad[place])


def _difference_quotient(parameter: Tensor, place: tuple[int, ...], compute_loss: Callable[[], Tensor]) -> float:
    """Returns the difference quotient of the loss around a weight, which is left as it was."""
    losses = []
    with torch.no_grad():
        weight = parameter[place].clone()
        for sign in (1, -1):
            parameter[place] = weight + sign * NUDGE
            losses.append(float(compute_loss()))
        parameter[place] = weight
    return (losses[0] - losses[1]) / (2 * NUDGE)
