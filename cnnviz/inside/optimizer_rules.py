"""The rules of torch's optimizers for a single weight, worked out line by line, with their numbers in LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cnnviz.training.config import TrainConfig

EPSILON = 1e-8
"""torch's ε of RMSprop, Adam and AdamW."""
SMOOTHING = 0.99
"""torch's α of RMSprop."""
BETAS = (0.9, 0.999)
"""torch's β₁ and β₂ of Adam and AdamW."""


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
    lines = [_decay_line(weight, gradient, config)]
    direction, symbol, values = lines[0].value, "d", {}
    if momentum:
        before = memory.values.get("b")
        decayed = direction
        if before is None:
            velocity = decayed
            lines.append(RuleLine("b", "d", latex_number(decayed), velocity))
        else:
            velocity = momentum * before + decayed
            lines.append(
                RuleLine("b", r"\mu\,b_{\text{before}} + d", _latex_sum((momentum, before), decayed), velocity)
            )
        values, direction, symbol = {"b": velocity}, velocity, "b"
        if config.nesterov:
            direction, symbol = decayed + momentum * velocity, "u"
            lines.append(RuleLine("u", r"d + \mu\,b", _latex_sum((momentum, velocity), decayed), direction))
    new = weight - rate * direction
    lines.append(
        RuleLine(
            r"w_{\text{new}}",
            rf"w - \eta\,{symbol}",
            f"{latex_number(weight)} - {_latex_product(rate, direction)}",
            new,
        )
    )
    return Update(tuple(lines), new, Memory(memory.step + 1, values))


def _rmsprop(weight: float, gradient: float, config: TrainConfig, memory: Memory) -> Update:
    rate, momentum, alpha = config.learning_rate, config.momentum, SMOOTHING
    lines = [_decay_line(weight, gradient, config)]
    direction = lines[0].value
    lines.append(_running_mean_line("v", alpha, memory, direction**2, r"\alpha", "d^2"))
    values = {"v": lines[-1].value}
    scaled = direction / (math.sqrt(values["v"]) + EPSILON)
    numbers = rf"\frac{{{latex_number(direction)}}}{{\sqrt{{{latex_number(values['v'])}}} + 10^{{-8}}}}"
    lines.append(RuleLine("u", r"\frac{d}{\sqrt{v} + \varepsilon}", numbers, scaled))
    symbol = "u"
    if momentum:
        before = memory.values.get("b", 0.0)
        values["b"] = momentum * before + scaled
        formula = r"\mu\,b_{\text{before}} + u"
        lines.append(RuleLine("b", formula, _latex_sum((momentum, before), scaled), values["b"]))
        scaled, symbol = values["b"], "b"
    new = weight - rate * scaled
    lines.append(
        RuleLine(
            r"w_{\text{new}}", rf"w - \eta\,{symbol}", f"{latex_number(weight)} - {_latex_product(rate, scaled)}", new
        )
    )
    return Update(tuple(lines), new, Memory(memory.step + 1, values))


def _adam(weight: float, gradient: float, config: TrainConfig, memory: Memory) -> Update:
    return _adam_steps([_decay_line(weight, gradient, config)], weight, config, memory)


def _adamw(weight: float, gradient: float, config: TrainConfig, memory: Memory) -> Update:
    lines = [RuleLine("d", "g", latex_number(gradient), gradient)]
    if decay := config.weight_decay:
        shrunk = weight * (1 - config.learning_rate * decay)
        numbers = rf"{latex_number(weight)}\,(1 - {_latex_product(config.learning_rate, decay)})"
        lines.append(RuleLine("w'", r"w\,(1 - \eta\,\lambda)", numbers, shrunk))
        return _adam_steps(lines, shrunk, config, memory, symbol="w'")
    return _adam_steps(lines, weight, config, memory)


def _adam_steps(
    lines: list[RuleLine], weight: float, config: TrainConfig, memory: Memory, *, symbol: str = "w"
) -> Update:
    step, direction = memory.step + 1, lines[0].value
    lines.append(_running_mean_line("m", BETAS[0], memory, direction, r"\beta_1", "d"))
    lines.append(_running_mean_line("v", BETAS[1], memory, direction**2, r"\beta_2", "d^2"))
    mean, square = lines[-2].value, lines[-1].value
    corrected = [value / (1 - beta**step) for value, beta in zip((mean, square), BETAS, strict=True)]
    for name, value, beta, number, result in zip("mv", (mean, square), BETAS, "12", corrected, strict=True):
        numbers = rf"\frac{{{latex_number(value)}}}{{1 - {beta}^{{{step}}}}}"
        lines.append(RuleLine(rf"\hat {name}", rf"\frac{{{name}}}{{1 - \beta_{number}^t}}", numbers, result))
    new = weight - config.learning_rate * corrected[0] / (math.sqrt(corrected[1]) + EPSILON)
    numbers = (
        rf"{latex_number(weight)} - {latex_number(config.learning_rate)} \cdot "
        rf"\frac{{{latex_number(corrected[0])}}}{{\sqrt{{{latex_number(corrected[1])}}} + 10^{{-8}}}}"
    )
    formula = rf"{symbol} - \eta\,\frac{{\hat m}}{{\sqrt{{\hat v}} + \varepsilon}}"
    lines.append(RuleLine(r"w_{\text{new}}", formula, numbers, new))
    return Update(tuple(lines), new, Memory(step, {"m": mean, "v": square}))


RULES: dict[str, Rule] = {"SGD": _sgd, "RMSprop": _rmsprop, "Adam": _adam, "AdamW": _adamw}
"""The rule of every optimizer, by its torch class; Nesterov is one of SGD."""


def _decay_line(weight: float, gradient: float, config: TrainConfig) -> RuleLine:
    """Returns the line that adds the pull of the weight decay to the gradient."""
    if not (decay := config.weight_decay):
        return RuleLine("d", "g", latex_number(gradient), gradient)
    numbers = _latex_sum((decay, weight), gradient)
    return RuleLine("d", r"g + \lambda\,w", numbers, gradient + decay * weight)


def _running_mean_line(symbol: str, share: float, memory: Memory, newest: float, greek: str, source: str) -> RuleLine:
    """Returns the line of a running mean that starts at 0."""
    before = memory.values.get(symbol, 0.0)
    formula = rf"{greek}\,{symbol}_{{\text{{before}}}} + (1 - {greek})\,{source}"
    numbers = rf"{_latex_product(share, before)} + {_latex_product(1 - share, newest)}"
    return RuleLine(symbol, formula, numbers, share * before + (1 - share) * newest)


def latex_number(value: float) -> str:
    r"""Returns a number for LaTeX with five digits, in brackets where it is negative.

    >>> latex_number(-0.25), latex_number(1e-7)
    ('(-0.25)', '1 \\cdot 10^{-7}')
    """
    text = f"{value:.5g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return f"({text})" if value < 0 else text


def _latex_product(first: float, second: float) -> str:
    """Returns two numbers with a dot between them."""
    return rf"{latex_number(first)} \cdot {latex_number(second)}"


def _latex_sum(product: tuple[float, float], summand: float) -> str:
    """Returns the product of two numbers, plus a third."""
    return f"{_latex_product(*product)} + {latex_number(summand)}"
