"""Gradient of every layer of a deep net after one backward pass."""

from collections.abc import Callable, Iterable
from typing import Annotated

import torch
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from cnnviz.activations import ACTIVATIONS
from cnnviz.seeding import seeded
from cnnviz.validation import FrozenModel

BATCH_SIZE, IN_FEATURES, CLASSES = 64, 32, 10
"""Samples of the batch, values of each, and classes of their labels: random numbers all of them."""
LINEAR = "none"
"""Name of no activation at all."""
FlowActivation = Annotated[str, AfterValidator(lambda name: name if name == LINEAR else _known(name, ACTIVATIONS))]
INITIALIZATIONS: dict[str, Callable[[Tensor], object] | None] = {
    "torch's default": None,
    "Xavier (Glorot)": nn.init.xavier_normal_,
    "Kaiming (He)": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
    "normal, σ = 0.01": lambda weight: nn.init.normal_(weight, std=0.01),
    "normal, σ = 1": nn.init.normal_,
    "zeros": nn.init.zeros_,
}
"""How the weights of a Linear layer start, by name; None leaves them as torch has made them, else the bias is 0."""
NORMALIZATIONS: dict[str, Callable[[int], nn.Module] | None] = {
    "none": None,
    "BatchNorm1d": nn.BatchNorm1d,
    "LayerNorm": nn.LayerNorm,
}
"""Layers between a Linear and its activation, by name."""


def _known(name: str, names: Iterable[str]) -> str:
    if name not in names:
        raise ValueError(f"{name} is not known")
    return name


class DeepNet(FrozenModel):
    """A deep stack of equal blocks: Linear, normalization, activation; and a Linear for the scores."""

    depth: Annotated[int, Field(ge=1, le=50)] = 20
    width: Annotated[int, Field(ge=2, le=256)] = 64
    activation: FlowActivation = "Sigmoid"
    initialization: Annotated[str, AfterValidator(lambda name: _known(name, INITIALIZATIONS))] = "torch's default"
    normalization: Annotated[str, AfterValidator(lambda name: _known(name, NORMALIZATIONS))] = "none"
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0

    def build(self) -> nn.Sequential:
        """Returns the net with its weights at the start."""
        initialize, normalize = INITIALIZATIONS[self.initialization], NORMALIZATIONS[self.normalization]
        layers: list[nn.Module] = []
        with seeded(self.seed):
            for number in range(self.depth + 1):
                linear = nn.Linear(IN_FEATURES if number == 0 else self.width, self._out_features(number))
                if initialize:
                    initialize(linear.weight)
                    nn.init.zeros_(linear.bias)
                layers.append(linear)
                if number == self.depth:
                    break
                if normalize:
                    layers.append(normalize(self.width))
                if self.activation != LINEAR:
                    activation = ACTIVATIONS[self.activation]
                    layers.append(activation.module(*activation.arguments))
        return nn.Sequential(*layers)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Returns the batch: values (N, IN_FEATURES) with mean 0 and standard deviation 1, and labels (N,)."""
        generator = torch.Generator().manual_seed(self.seed)
        x = torch.randn(BATCH_SIZE, IN_FEATURES, generator=generator)
        return x, torch.randint(CLASSES, (BATCH_SIZE,), generator=generator)

    def gradient_norms(self) -> list[float]:
        """Returns the L2 norm of the gradient of the weights of every Linear layer, the first layer's first.

        One forward pass in training mode, one backward pass of the cross-entropy.
        """
        model, (x, y) = self.build(), self.batch()
        weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
        with seeded(self.seed):  # RReLU draws its slopes
            loss = nn.functional.cross_entropy(model(x), y)
        gradients = torch.autograd.grad(loss, weights)
        return [float(gradient.double().norm()) for gradient in gradients]

    def _out_features(self, number: int) -> int:
        return CLASSES if number == self.depth else self.width
