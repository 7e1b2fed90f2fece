"""Activation functions: formula, derivative, range and a description of each."""

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

    def curve(self, x: Curve) -> tuple[Curve, Curve]:
        """Returns value and slope at every x, both computed by torch (the slope by automatic differentiation)."""
        points = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        values = self.module()(points)
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
}
"""Every activation by the name of its torch class."""
