"""The way of a gradient: the layers that it passes from the loss back to a weight, and how large it is behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from cnnviz.architecture import Architecture, iter_modules, layer_number


@dataclass(frozen=True)
class PathStop:
    """A layer on the way of the gradient, from the chosen one to the scores."""

    layer: str
    """Number and kind, such as “1 Conv2d”."""
    output_norm: float
    gradient_norm: float
    """Norm of the loss's gradient with respect to the output of the layer."""


class OutputRecorder:
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


def gradient_path(
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
