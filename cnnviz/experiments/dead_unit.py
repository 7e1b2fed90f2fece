"""One unit with an activation, and what gradient it gets from a batch of samples."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from cnnviz.activations import ACTIVATIONS

SAMPLES = 400


@dataclass(frozen=True)
class UnitState:
    """What a unit f(w·x + b) makes of a batch of standard normal x, and the gradient of its mean output."""

    inputs: npt.NDArray[np.float64]
    """w·x + b of every sample."""
    flat_share: float
    """Share of the samples at which the slope of the activation is 0: they give no gradient."""
    weight_gradient: float
    bias_gradient: float

    @property
    def is_dead(self) -> bool:
        """Whether no sample gives the unit any gradient."""
        return self.flat_share == 1.0


def unit_state(name: str, *, weight: float, bias: float, seed: int = 0) -> UnitState:
    """Returns the state of a unit with the named activation; its gradient is torch's."""
    x = torch.randn(SAMPLES, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    w, b = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (weight, bias))
    activation = ACTIVATIONS[name]
    inputs = w * x + b
    output = activation.module(*activation.arguments).double().eval()(inputs)
    gradients = torch.autograd.grad(output.mean(), (w, b))
    values = inputs.detach().numpy()
    return UnitState(
        inputs=values,
        flat_share=float((activation.curve(values)[1] == 0).mean()),
        weight_gradient=float(gradients[0]),
        bias_gradient=float(gradients[1]),
    )
