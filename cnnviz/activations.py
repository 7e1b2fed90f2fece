"""Activation functions: formula, derivative, range and a description of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Activation:
    """A function of one value; formulas are LaTeX."""

    module: type[nn.Module]
    formula: str
    derivative: str
    range: str
    description: str
    arguments: tuple[float, ...] = ()
    """What the module is drawn with, where it has no defaults."""

    def curve(self, x: Curve) -> tuple[Curve, Curve]:
        """Returns value and slope at every x, both computed by torch (the slope by automatic differentiation)."""
        points = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        values = self.module(*self.arguments).double().eval()(points)  # PReLU has a weight; RReLU draws in training
        (slopes,) = torch.autograd.grad(values.sum(), points)
        return values.detach().numpy(), slopes.numpy()

    def slope(self, x: float) -> float:
        """Returns the derivative at x: the factor by which the function scales a gradient there."""
        return float(self.curve(np.array([x]))[1][0])


ACTIVATIONS: dict[str, Activation] = {
    "Sigmoid": Activation(
        module=nn.Sigmoid,
        formula=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
        derivative=r"\sigma'(x) = \sigma(x)\,(1 - \sigma(x))",
        range="(0, 1)",
        description=(
            "S-shaped. Each output lies between 0 and 1 on its own; unlike softmax, several outputs together may sum "
            "to more than 1. Far from 0 it is flat, and even at its steepest the slope is only 0.25."
        ),
    ),
    "Tanh": Activation(
        module=nn.Tanh,
        formula=r"\tanh(x) = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}",
        derivative=r"\tanh'(x) = 1 - \tanh^2(x)",
        range="(−1, 1)",
        description=(
            "S-shaped like the sigmoid but centred on 0, the usual choice in recurrent layers. Its slope reaches 1 "
            "only at x = 0 and vanishes on both sides."
        ),
    ),
    "ReLU": Activation(
        module=nn.ReLU,
        formula=r"\mathrm{ReLU}(x) = \max(0, x)",
        derivative=r"\mathrm{ReLU}'(x) = \begin{cases} 0 & x \le 0 \\ 1 & x > 0 \end{cases}",
        range="[0, ∞)",
        description=(
            "No exponential to compute, exact zeros on the left (sparse feature maps), and a slope of exactly 1 on the "
            "right: gradients pass through many layers without shrinking. At x = 0 torch takes the slope as 0."
        ),
    ),
    "ReLU6": Activation(
        module=nn.ReLU6,
        formula=r"f(x) = \min(\max(0, x), 6)",
        derivative=r"f'(x) = \begin{cases} 1 & 0 < x < 6 \\ 0 & \text{else} \end{cases}",
        range="[0, 6]",
        description=(
            "ReLU that stops at 6, so that its values can be stored in few bits, as in MobileNets. Above 6 no gradient "
            "gets through."
        ),
    ),
    "LeakyReLU": Activation(
        module=nn.LeakyReLU,
        formula=r"f(x) = \begin{cases} 0.01\,x & x \le 0 \\ x & x > 0 \end{cases}",
        derivative=r"f'(x) = \begin{cases} 0.01 & x \le 0 \\ 1 & x > 0 \end{cases}",
        range="(−∞, ∞)",
        description=(
            "ReLU with a small slope on the left, 0.01 unless `negative_slope` says otherwise: a unit with negative "
            "input still gets a gradient, if a small one, and so cannot die."
        ),
    ),
    "PReLU": Activation(
        module=nn.PReLU,
        formula=r"f(x) = \begin{cases} a\,x & x \le 0 \\ x & x > 0 \end{cases}",
        derivative=r"f'(x) = \begin{cases} a & x \le 0 \\ 1 & x > 0 \end{cases}",
        range="(−∞, ∞)",
        description=(
            "LeakyReLU whose slope a on the left is learned, for all channels together or one for each. Drawn as it "
            "starts, with a = 0.25."
        ),
    ),
    "RReLU": Activation(
        module=nn.RReLU,
        formula=r"f(x) = \begin{cases} a\,x & x \le 0 \\ x & x > 0 \end{cases}",
        derivative=r"f'(x) = \begin{cases} a & x \le 0 \\ 1 & x > 0 \end{cases}",
        range="(−∞, ∞)",
        description=(
            "LeakyReLU whose slope on the left is drawn between `lower` and `upper` for every value while training. In "
            "evaluation it is their mean, as it is drawn here: a ≈ 0.23."
        ),
    ),
    "ELU": Activation(
        module=nn.ELU,
        formula=r"f(x) = \begin{cases} e^{x} - 1 & x \le 0 \\ x & x > 0 \end{cases}",
        derivative=r"f'(x) = \begin{cases} e^{x} & x \le 0 \\ 1 & x > 0 \end{cases}",
        range="(−1, ∞)",
        description=(
            "ReLU that bends smoothly to −1 on the left (to −`alpha`, where another is set). Its negative values pull "
            "the mean of the outputs towards 0."
        ),
    ),
    "SELU": Activation(
        module=nn.SELU,
        formula=r"f(x) = \lambda \begin{cases} \alpha\,(e^{x} - 1) & x \le 0 \\ x & x > 0 \end{cases}",
        derivative=r"f'(x) = \lambda \begin{cases} \alpha\,e^{x} & x \le 0 \\ 1 & x > 0 \end{cases}",
        range="(−1.76, ∞)",
        description=(
            "ELU with λ ≈ 1.051 and α ≈ 1.673, so that values with mean 0 and variance 1 keep both from layer to "
            "layer, if the weights start accordingly. Its dropout is `AlphaDropout`."
        ),
    ),
    "CELU": Activation(
        module=nn.CELU,
        formula=r"f(x) = \begin{cases} \alpha\,(e^{x/\alpha} - 1) & x \le 0 \\ x & x > 0 \end{cases}",
        derivative=r"f'(x) = \begin{cases} e^{x/\alpha} & x \le 0 \\ 1 & x > 0 \end{cases}",
        range="(−α, ∞)",
        description=(
            "ELU whose slope is 1 on both sides of 0 for every α. With the usual α = 1, as it is drawn here, it is ELU."
        ),
    ),
    "GELU": Activation(
        module=nn.GELU,
        formula=r"f(x) = x\,\Phi(x)",
        derivative=r"f'(x) = \Phi(x) + x\,\varphi(x)",
        range="[−0.17, ∞)",
        description=(
            "Each value times the chance Φ(x) that a normally distributed number lies below it (φ is its density). "
            "Smooth, and not monotonic: it dips below 0 on the left. Usual in transformers."
        ),
    ),
    "SiLU": Activation(
        module=nn.SiLU,
        formula=r"f(x) = x\,\sigma(x)",
        derivative=r"f'(x) = \sigma(x)\,(1 + x\,(1 - \sigma(x)))",
        range="[−0.28, ∞)",
        description="Each value times its sigmoid, also called swish. Smooth; it dips below 0 further than GELU.",
    ),
    "Mish": Activation(
        module=nn.Mish,
        formula=r"f(x) = x\,t, \quad t = \tanh(\ln(1 + e^{x}))",
        derivative=r"f'(x) = t + x\,\sigma(x)\,(1 - t^2)",
        range="[−0.31, ∞)",
        description="Each value times the tanh of its softplus. Close to SiLU, and a little costlier.",
    ),
    "Softplus": Activation(
        module=nn.Softplus,
        formula=r"f(x) = \ln(1 + e^{x})",
        derivative=r"f'(x) = \sigma(x)",
        range="(0, ∞)",
        description="ReLU with a rounded corner; its slope is the sigmoid. For outputs that must be positive.",
    ),
    "Hardswish": Activation(
        module=nn.Hardswish,
        formula=r"f(x) = x\,\frac{\min(\max(0, x + 3), 6)}{6}",
        derivative=(
            r"f'(x) = "
            r"\begin{cases} 0 & x \le -3 \\ \frac{2x + 3}{6} & -3 < x < 3 \\ 1 & x \ge 3 \end{cases}"
        ),
        range="[−0.375, ∞)",
        description="SiLU made of a parabola between two straight pieces: cheap to compute. MobileNetV3 uses it.",
    ),
    "Hardtanh": Activation(
        module=nn.Hardtanh,
        formula=r"f(x) = \min(\max(-1, x), 1)",
        derivative=r"f'(x) = \begin{cases} 1 & -1 < x < 1 \\ 0 & \text{else} \end{cases}",
        range="[−1, 1]",
        description="Tanh made of straight pieces, cut off at −1 and 1 or at limits of your own. Outside, no gradient.",
    ),
    "Threshold": Activation(
        module=nn.Threshold,
        formula=r"f(x) = \begin{cases} v & x \le t \\ x & x > t \end{cases}",
        derivative=r"f'(x) = \begin{cases} 0 & x \le t \\ 1 & x > t \end{cases}",
        range="[0, ∞)",
        description=(
            "Keeps what lies above a threshold t and sets the rest to a value v. Drawn with t = 1 and v = 0, where it "
            "jumps; with t = v = 0 it is ReLU."
        ),
        arguments=(1.0, 0.0),
    ),
    "Hardshrink": Activation(
        module=nn.Hardshrink,
        formula=r"f(x) = \begin{cases} 0 & |x| \le \lambda \\ x & |x| > \lambda \end{cases}",
        derivative=r"f'(x) = \begin{cases} 0 & |x| \le \lambda \\ 1 & |x| > \lambda \end{cases}",
        range="(−∞, ∞)",
        description="Sets values between −λ and λ to 0 and keeps the others; λ is 0.5 unless `lambd` says otherwise.",
    ),
    "Softshrink": Activation(
        module=nn.Softshrink,
        formula=(
            r"f(x) = \begin{cases} x + \lambda & x < -\lambda \\ 0 & |x| \le \lambda \\ x - \lambda & x > \lambda "
            r"\end{cases}"
        ),
        derivative=r"f'(x) = \begin{cases} 0 & |x| \le \lambda \\ 1 & |x| > \lambda \end{cases}",
        range="(−∞, ∞)",
        description="Moves every value towards 0 by λ = 0.5, without the jump of Hardshrink: used to denoise.",
    ),
    "Hardsigmoid": Activation(
        module=nn.Hardsigmoid,
        formula=r"f(x) = \frac{\min(\max(0, x + 3), 6)}{6}",
        derivative=r"f'(x) = \begin{cases} \frac{1}{6} & -3 < x < 3 \\ 0 & \text{else} \end{cases}",
        range="[0, 1]",
        description="The sigmoid made of straight pieces, cheap to compute. It reaches 0 and 1 and is flat beyond.",
    ),
    "Softsign": Activation(
        module=nn.Softsign,
        formula=r"f(x) = \frac{x}{1 + |x|}",
        derivative=r"f'(x) = \frac{1}{(1 + |x|)^2}",
        range="(−1, 1)",
        description=(
            "Like tanh without an exponential. Far from 0 its slope falls with the square of x, not exponentially, so "
            "more of a gradient is left there."
        ),
    ),
    "Tanhshrink": Activation(
        module=nn.Tanhshrink,
        formula=r"f(x) = x - \tanh(x)",
        derivative=r"f'(x) = \tanh^2(x)",
        range="(−∞, ∞)",
        description="What tanh takes away: flat around 0, and with a slope of nearly 1 far from it.",
    ),
    "LogSigmoid": Activation(
        module=nn.LogSigmoid,
        formula=r"f(x) = \ln \sigma(x)",
        derivative=r"f'(x) = 1 - \sigma(x)",
        range="(−∞, 0)",
        description="The logarithm of the sigmoid in one step: far on the left, σ(x) alone would be rounded to 0.",
    ),
}
"""Every activation that is a function of one value, by the name of its torch class."""


def class_probabilities(scores: Sequence[float]) -> tuple[list[float], list[float]]:
    """Returns what sigmoid and softmax make of the scores of some classes, computed by torch.

    >>> sigmoid, softmax = class_probabilities([0.0, 0.0])
    >>> sigmoid, softmax
    ([0.5, 0.5], [0.5, 0.5])
    """
    values = torch.tensor(scores, dtype=torch.float64)
    return values.sigmoid().tolist(), values.softmax(dim=0).tolist()
