"""One step of training, followed along one weight: forward, loss, gradient, the optimizer's rule, new weight."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, iter_modules, layer_number
from cnnviz.errors import CnnvizError
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_training_loss

EPSILON = 1e-8
"""torch's ε of RMSprop, Adam and AdamW."""
SMOOTHING = 0.99
"""torch's α of RMSprop."""
BETAS = (0.9, 0.999)
"""torch's β₁ and β₂ of Adam and AdamW."""
NUDGE = 1e-6
_drawing = threading.Lock()
"""Held while numbers are drawn from torch's generator, which all threads share."""


@dataclass(frozen=True)
class RuleLine:
    """One line of an optimizer's rule in LaTeX: what it computes, and the same with numbers."""

    symbol: str
    formula: str
    numbers: str
    value: float


@dataclass(frozen=True)
class Memory:
    """What an optimizer remembers of one weight from the steps before."""

    step: int = 0
    """Steps taken."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Numbers by symbol: b the momentum, m and v the running means of the gradient and of its square."""


@dataclass(frozen=True)
class Update:
    """What an optimizer makes of one weight and its gradient."""

    lines: tuple[RuleLine, ...]
    weight: float
    """The new weight."""
    memory: Memory
    """What it remembers for the next step."""


Rule = Callable[[float, float, TrainConfig, Memory], Update]


def _sgd(weight: float, gradient: float, config: TrainConfig, memory: Memory) -> Update:
    rate, momentum = config.learning_rate, config.momentum
    lines = [_decayed(weight, gradient, config)]
    direction, symbol, values = lines[0].value, "d", {}
    if momentum:
        before = memory.values.get("b")
        decayed = direction
        if before is None:
            velocity = decayed
            lines.append(RuleLine("b", "d", _n(decayed), velocity))
        else:
            velocity = momentum * before + decayed
            lines.append(RuleLine("b", r"\mu\,b_{\text{before}} + d", _products((momentum, before), decayed), velocity))
        values, direction, symbol = {"b": velocity}, velocity, "b"
        if config.nesterov:
            direction, symbol = decayed + momentum * velocity, "u"
            lines.append(RuleLine("u", r"d + \mu\,b", _products((momentum, velocity), decayed), direction))
    new = weight - rate * direction
    lines.append(RuleLine(r"w_{\text{new}}", rf"w - \eta\,{symbol}", f"{_n(weight)} - {_times(rate, direction)}", new))
    return Update(tuple(lines), new, Memory(memory.step + 1, values))


def _rmsprop(weight: float, gradient: float, config: TrainConfig, memory: Memory) -> Update:
    rate, momentum, alpha = config.learning_rate, config.momentum, SMOOTHING
    lines = [_decayed(weight, gradient, config)]
    direction = lines[0].value
    lines.append(_running("v", alpha, memory, direction**2, r"\alpha", "d^2"))
    values = {"v": lines[-1].value}
    scaled = direction / (math.sqrt(values["v"]) + EPSILON)
    numbers = rf"\frac{{{_n(direction)}}}{{\sqrt{{{_n(values['v'])}}} + 10^{{-8}}}}"
    lines.append(RuleLine("u", r"\frac{d}{\sqrt{v} + \varepsilon}", numbers, scaled))
    symbol = "u"
    if momentum:
        before = memory.values.get("b", 0.0)
        values["b"] = momentum * before + scaled
        formula = r"\mu\,b_{\text{before}} + u"
        lines.append(RuleLine("b", formula, _products((momentum, before), scaled), values["b"]))
        scaled, symbol = values["b"], "b"
    new = weight - rate * scaled
    lines.append(RuleLine(r"w_{\text{new}}", rf"w - \eta\,{symbol}", f"{_n(weight)} - {_times(rate, scaled)}", new))
    return Update(tuple(lines), new, Memory(memory.step + 1, values))


def _adam(weight: float, gradient: float, config: TrainConfig, memory: Memory) -> Update:
    return _adam_steps([_decayed(weight, gradient, config)], weight, config, memory)


def _adamw(weight: float, gradient: float, config: TrainConfig, memory: Memory) -> Update:
    lines = [RuleLine("d", "g", _n(gradient), gradient)]
    if decay := config.weight_decay:
        shrunk = weight * (1 - config.learning_rate * decay)
        numbers = rf"{_n(weight)}\,(1 - {_times(config.learning_rate, decay)})"
        lines.append(RuleLine("w'", r"w\,(1 - \eta\,\lambda)", numbers, shrunk))
        return _adam_steps(lines, shrunk, config, memory, symbol="w'")
    return _adam_steps(lines, weight, config, memory)


def _adam_steps(
    lines: list[RuleLine], weight: float, config: TrainConfig, memory: Memory, *, symbol: str = "w"
) -> Update:
    step, direction = memory.step + 1, lines[0].value
    lines.append(_running("m", BETAS[0], memory, direction, r"\beta_1", "d"))
    lines.append(_running("v", BETAS[1], memory, direction**2, r"\beta_2", "d^2"))
    mean, square = lines[-2].value, lines[-1].value
    corrected = [value / (1 - beta**step) for value, beta in zip((mean, square), BETAS, strict=True)]
    for name, value, beta, number, result in zip("mv", (mean, square), BETAS, "12", corrected, strict=True):
        numbers = rf"\frac{{{_n(value)}}}{{1 - {beta}^{{{step}}}}}"
        lines.append(RuleLine(rf"\hat {name}", rf"\frac{{{name}}}{{1 - \beta_{number}^t}}", numbers, result))
    new = weight - config.learning_rate * corrected[0] / (math.sqrt(corrected[1]) + EPSILON)
    numbers = (
        rf"{_n(weight)} - {_n(config.learning_rate)} \cdot "
        rf"\frac{{{_n(corrected[0])}}}{{\sqrt{{{_n(corrected[1])}}} + 10^{{-8}}}}"
    )
    formula = rf"{symbol} - \eta\,\frac{{\hat m}}{{\sqrt{{\hat v}} + \varepsilon}}"
    lines.append(RuleLine(r"w_{\text{new}}", formula, numbers, new))
    return Update(tuple(lines), new, Memory(step, {"m": mean, "v": square}))


RULES: dict[str, Rule] = {"SGD": _sgd, "RMSprop": _rmsprop, "Adam": _adam, "AdamW": _adamw}
"""The rule of every optimizer, by its torch class; Nesterov is one of SGD."""


def _decayed(weight: float, gradient: float, config: TrainConfig) -> RuleLine:
    """Returns the line that adds the pull of the weight decay to the gradient."""
    if not (decay := config.weight_decay):
        return RuleLine("d", "g", _n(gradient), gradient)
    numbers = _products((decay, weight), gradient)
    return RuleLine("d", r"g + \lambda\,w", numbers, gradient + decay * weight)


def _running(symbol: str, share: float, memory: Memory, newest: float, greek: str, source: str) -> RuleLine:
    """Returns the line of a running mean that starts at 0."""
    before = memory.values.get(symbol, 0.0)
    formula = rf"{greek}\,{symbol}_{{\text{{before}}}} + (1 - {greek})\,{source}"
    numbers = rf"{_times(share, before)} + {_times(1 - share, newest)}"
    return RuleLine(symbol, formula, numbers, share * before + (1 - share) * newest)


@dataclass(frozen=True)
class PathStop:
    """A layer on the way of the gradient, from the chosen one to the scores."""

    layer: str
    """Number and kind, such as “1 Conv2d”."""
    output_norm: float
    gradient_norm: float
    """Norm of the loss's gradient with respect to the output of the layer."""


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
    if parameter is None or len(place) != parameter.dim() or not _lies_in(place, parameter):
        raise CnnvizError("This net has no such weight. Choose another one.")
    criterion = build_training_loss(architecture, config)

    def compute_loss() -> Tensor:
        with _drawing, torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
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
    with _OutputRecorder(architecture, model) as outputs:
        loss, clipping = _take_gradients(model, compute_loss, config, optimizer)
    weight, gradient = float(parameter.detach()[place]), _gradient_at(parameter, place)
    path = _path(architecture, model, outputs, name)
    forward = _forward_value(outputs[path[0].layer], parameter, place)
    nudged = _nudge(parameter, place, compute_loss)
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


def _lies_in(place: tuple[int, ...], parameter: Tensor) -> bool:
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


def _nudge(parameter: Tensor, place: tuple[int, ...], compute_loss: Callable[[], Tensor]) -> float:
    """Returns the difference quotient of the loss around a weight, which is left as it was."""
    losses = []
    with torch.no_grad():
        weight = parameter[place].clone()
        for sign in (1, -1):
            parameter[place] = weight + sign * NUDGE
            losses.append(float(compute_loss()))
        parameter[place] = weight
    return (losses[0] - losses[1]) / (2 * NUDGE)


class _OutputRecorder:
    """Keeps the output of every layer, with its gradient, while it is entered."""

    def __init__(self, architecture: Architecture, model: nn.Module) -> None:
        self._modules = dict(iter_modules(model))
        self._outputs: dict[str, Tensor] = {}
        self._kinds = {path: layer.kind for path, layer in architecture.iter_layers()}

    def __enter__(self) -> dict[str, Tensor]:
        self._hooks = [
            module.register_forward_hook(self._keep(f"{layer_number(path)} {self._kinds[path]}"))
            for path, module in self._modules.items()
        ]
        return self._outputs

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _keep(self, title: str) -> Callable[[nn.Module, object, Tensor], None]:
        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            if output.requires_grad:
                output.retain_grad()
            self._outputs[title] = output

        return keep


def _path(
    architecture: Architecture, model: nn.Module, outputs: Mapping[str, Tensor], name: str
) -> tuple[PathStop, ...]:
    """Returns the layers from that of the weight to the last, in the order in which they ran."""
    kinds = {path: layer.kind for path, layer in architecture.iter_layers()}
    owned = {id(parameter): path for path, module in iter_modules(model) for parameter in module.parameters()}
    start = owned.get(id(dict(model.named_parameters())[name]))
    titles = list(outputs)
    first = titles.index(f"{layer_number(start)} {kinds[start]}") if start is not None else 0
    return tuple(
        PathStop(
            title,
            float(outputs[title].detach().norm()),
            0.0 if (gradient := outputs[title].grad) is None else float(gradient.norm()),
        )
        for title in titles[first:]
    )


def _n(value: float) -> str:
    r"""Returns a number for LaTeX with five digits, in brackets where it is negative.

    >>> _n(-0.25), _n(1e-7)
    ('(-0.25)', '1 \\cdot 10^{-7}')
    """
    text = f"{value:.5g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return f"({text})" if value < 0 else text


def _times(first: float, second: float) -> str:
    return rf"{_n(first)} \cdot {_n(second)}"


def _products(product: tuple[float, float], summand: float) -> str:
    return f"{_times(*product)} + {_n(summand)}"
