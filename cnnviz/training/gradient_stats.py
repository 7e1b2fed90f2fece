"""How strongly each layer is being taught: the norm of its gradient, and how far a step moves its weights."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from cnnviz.architecture import iter_modules, layer_number
from cnnviz.training.point import Point

GRADIENT_NORM, UPDATE_RATIO = "gradient_norm", "update_ratio"


class GradientStats:
    """Measures one step of a training: `before` between backward pass and optimiser, `after` behind the optimiser.

    Of every layer with parameters: ‖gradient‖, as the backward pass left it, and ‖w after − w before‖ / ‖w before‖;
    L2 norms over weight and bias together.
    """

    def __init__(self, model: nn.Module) -> None:
        found = ((path, list(layer.parameters())) for path, layer in iter_modules(model))
        self._layers = {layer_number(path): parameters for path, parameters in found if parameters}
        self._gradients: list[Tensor] = []
        self._weights: list[list[Tensor]] = []

    def before_step(self) -> None:
        """The gradients are there, the weights are still the old ones."""
        self._gradients = [
            _norm([each.grad for each in parameters if each.grad is not None]) for parameters in self._layers.values()
        ]
        self._weights = [[each.detach().clone() for each in parameters] for parameters in self._layers.values()]

    def after_step(self, step: int, epoch: int) -> list[Point]:
        """The points of this step; a layer whose weights are all 0 has no ratio."""
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
    """‖all values together‖, in float32; 0 of nothing."""
    if not parts:
        return torch.zeros(())
    norms: Tensor = torch.stack([part.norm() for part in parts]).norm()
    return norms
