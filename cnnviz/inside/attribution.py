"""Reasons for an answer read off the gradient: saliency, Grad-CAM and, as a warning, guided backpropagation."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from cnnviz.architecture import LayerPath
from cnnviz.errors import ShapeError
from cnnviz.layers.block_module import BlockModule

UPSAMPLING = {1: "linear", 2: "bilinear", 3: "trilinear"}
"""Interpolation of a map by its number of axes."""


def input_gradient(model: nn.Module, sample: Tensor, label: int) -> Tensor:
    """Returns the slope of one class's score with respect to each value of the input, (*shape) → (*shape).

    The score is what the net's last layer gives, before any softmax of ours.
    Source: Simonyan et al., "Deep Inside Convolutional Networks" (2013).

    >>> input_gradient(nn.Linear(2, 3, bias=False), torch.ones(2), 1).shape
    torch.Size([2])
    """
    with evaluation(model):
        x = sample.detach()[None].requires_grad_()
        return _gradient_of_score(_scores(model, x), label, x)[0]


def guided_backprop(model: nn.Module, sample: Tensor, label: int) -> Tensor:
    """Returns the slope of `input_gradient`, but with all negative gradients at ReLUs set to 0 on the way back.

    Its pictures are sharp, and hardly depend on what the net has learned: it is here as the method that fails the test.
    Source: Springenberg et al., "Striving for Simplicity" (2014); Adebayo et al., "Sanity Checks for Saliency Maps"
    (2018).
    """

    def clamp(module: nn.Module, inputs: object, output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(partial(torch.clamp, min=0))  # type: ignore[no-untyped-call]

    handles = [module.register_forward_hook(clamp) for module in model.modules() if isinstance(module, nn.ReLU)]
    try:
        return input_gradient(model, sample, label)
    finally:
        for handle in handles:
            handle.remove()


def grad_cam(model: nn.Module, layer: nn.Module, sample: Tensor, label: int) -> Tensor:
    """Returns where a layer's feature maps speak for a class, (axes of the layer's maps), never below 0.

        map = max(0, Σ over channels of (mean slope of the score over the channel's map) · map)

    For any number of axes. Raises ShapeError where the layer's output has no axis behind its channels.
    Source: Selvaraju et al., "Grad-CAM" (2017).
    """
    with evaluation(model):
        output, scores = _run_and_keep(model, layer, sample)
        if output.ndim < 3:
            raise ShapeError("Grad-CAM needs a layer whose output has at least one axis behind its channels.")
        gradient = _gradient_of_score(scores, label, output)
        weights = gradient.mean(dim=tuple(range(2, output.ndim)), keepdim=True)
        return (weights * output).sum(dim=1).clamp(min=0)[0].detach()


def upsample(heat: Tensor, size: tuple[int, ...]) -> Tensor:
    """Returns a map, (axes), stretched to another size along each of its one to three axes by linear interpolation.

    >>> upsample(torch.tensor([0.0, 1.0]), (4,)).tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    return functional.interpolate(heat[None, None], size=size, mode=UPSAMPLING[heat.ndim], align_corners=False)[0, 0]


def mapped_layers(model: nn.Module, sample: Tensor) -> dict[LayerPath, nn.Module]:
    """Returns the layers that Grad-CAM can look at, by their path, in the order in which they run.

    Their output has as many axes as the sample, and more than one position along them.
    """
    found: dict[LayerPath, nn.Module] = {}
    paths = {module: path for path, module in _iter_all(model)}

    def note(module: nn.Module, inputs: object, output: Tensor) -> None:
        if output.ndim == sample.ndim + 1 and output[0, 0].numel() > 1:
            found[paths[module]] = module

    handles = [module.register_forward_hook(note) for module in paths]
    try:
        with evaluation(model), torch.no_grad():
            model(sample[None])
    finally:
        for handle in handles:
            handle.remove()
    return found


@contextmanager
def evaluation(model: nn.Module) -> Iterator[None]:
    """Puts a net into evaluation mode for a while; afterwards every module is in the mode in which it was."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _scores(model: nn.Module, x: Tensor) -> Tensor:
    scores: Tensor = model(x)
    return scores.flatten(1)


def _gradient_of_score(scores: Tensor, label: int, of: Tensor) -> Tensor:
    """Returns the gradient of one score; 0 where the score does not depend on `of` at all."""
    if not scores.requires_grad:
        return torch.zeros_like(of)
    (gradient,) = torch.autograd.grad(scores[0, label], of, allow_unused=True)
    return torch.zeros_like(of) if gradient is None else gradient


def _run_and_keep(model: nn.Module, layer: nn.Module, sample: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the output of one layer, and the scores, (1, C)."""
    outputs: list[Tensor] = []
    handle = layer.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    try:
        scores = _scores(model, sample.detach()[None].requires_grad_())
    finally:
        handle.remove()
    return outputs[-1], scores


def _iter_all(model: nn.Module) -> Iterator[tuple[LayerPath, nn.Module]]:
    """Yields every layer with its path, blocks themselves included."""
    for place, layer in enumerate(model.children()):
        yield (place,), layer
        if isinstance(layer, BlockModule):
            for stack, inside in enumerate(layer.stacks):
                yield from (((place, stack, *path), module) for path, module in _iter_all(inside))
