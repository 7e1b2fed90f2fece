"""Gradient norm of every layer, and how far a step moves its weights in relation to their size."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from cnnviz.architecture import iter_modules, layer_number
from cnnviz.training.point import Point

GRADIENT_NORM, UPDATE_RATIO = "gradient_norm", "update_ratio"


class GradientStats:
    """Measures gradients and updates of one training step.

    `before_step` is called between the backward pass and the optimiser, `after_step` after the optimiser. Every layer
    with parameters gets ‖gradient‖, as the backward pass left it, and ‖w after − w before‖ / ‖w before‖: L2 norms over
    weight and bias together.
    """

    def __init__(self, model: nn.Module) -> None:
        layer_parameters = ((path, list(layer.parameters())) for path, layer in iter_modules(model))
        self._layers = {layer_number(path): parameters for path, parameters in layer_parameters if parameters}
        self._gradients: list[Tensor] = []
        self._weights: list[list[Tensor]] = []

    def before_step(self) -> None:
        """Measures the gradients, and copies the weights that the step is about to change."""
        self._gradients = [
            _norm([parameter.grad for parameter in parameters if parameter.grad is not None])
            for parameters in self._layers.values()
        ]
        self._weights = [
            [parameter.detach().clone() for parameter in parameters] for parameters in self._layers.values()
        ]

    def after_step(self, step: int, epoch: int) -> list[Point]:
        """Returns gradient norm and update ratio of every layer as points; no ratio where all weights were 0."""
        ratios = [
            torch.stack(
                (
                    _norm([new.detach() - old for new, old in zip(parameters, old_weights, strict=True)]),
                    _norm(old_weights),
                )
            )
            for parameters, old_weights in zip(self._layers.values(), self._weights, strict=True)
        ]
        self._weights = []
        if not ratios:
            return []
        values = torch.cat([torch.stack(self._gradients)[:, None], torch.stack(ratios)], dim=1).tolist()
        return list(self._points(step, epoch, values))

    def _points(self, step: int, epoch: int, values: list[list[float]]) -> Iterator[Point]:
        for name, (gradient, update_norm, weight_norm) in zip(self._layers, values, strict=True):
            yield Point(step, epoch, name, GRADIENT_NORM, gradient)
            if weight_norm > 0:
                yield Point(step, epoch, name, UPDATE_RATIO, update_norm / weight_norm)


def _norm(parts: list[Tensor]) -> Tensor:
    """Returns the L2 norm over the values of all parts, in float32; 0 for no parts."""
    if not parts:
        return torch.zeros(())
    norms: Tensor = torch.stack([part.norm() for part in parts]).norm()
    return norms
