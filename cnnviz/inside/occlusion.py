"""Reasons for an answer found by covering: how much a class loses when a window of the sample is hidden."""

import math
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cnnviz.inside.attribution import evaluation
from cnnviz.shapes import Shape

BATCH_SIZE = 64
"""Covered samples that run at once."""
MAX_WINDOWS = 150
"""Windows that are covered one after the other for a page."""
MEDIUM = "medium"
WINDOW_SIZES = {"small": 0.6, MEDIUM: 1.0, "large": 1.6}
"""Windows that can be chosen, by their length beside the default one's."""


def occlusion(  # noqa: PLR0913
    model: nn.Module,
    sample: Tensor,
    label: int,
    *,
    window: Shape,
    stride: Shape,
    cover: float = 0.0,
    batch_size: int = BATCH_SIZE,
    report: Callable[[int], None] = lambda done: None,
) -> Tensor:
    """Returns how much probability of a class each position carries, (axes behind the channels).

    A window, which hides all channels, steps over the sample by `stride`; what it hides becomes `cover`. The last one
    along an axis is cut at its end. Each position gets the mean loss of probability over the windows that hide it;
    negative where the class gains. Sizes are along the axes behind the channels; a sample without such axes is covered
    value by value. `report` is called with the number of windows that are done.
    Source: Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks" (2013).
    """
    covers = window_masks(tuple(sample.shape), window, stride)
    batch = 1 if uses_batch_statistics(model) else batch_size
    losses = torch.empty(len(covers))
    with evaluation(model), torch.no_grad():
        before = probabilities(model, sample[None])[0, label]
        for start in range(0, len(covers), batch):
            part = covers[start : start + batch]
            covered = torch.where(_over_channels(part, sample), cover, sample)
            losses[start : start + batch] = before - probabilities(model, covered)[:, label]
            report(start + len(part))
    weights = covers.flatten(1).to(losses.dtype)
    return ((losses @ weights) / weights.sum(dim=0)).view(covers.shape[1:])


def uses_batch_statistics(model: nn.Module) -> bool:
    """Returns whether a sample's answer depends on the others in its batch: batch norm without running statistics."""
    return any(isinstance(module, _BatchNorm) and module.running_mean is None for module in model.modules())


def _over_channels(masks: Tensor, sample: Tensor) -> Tensor:
    """Returns masks, (windows, axes behind the channels), so that they fit a batch of samples, (windows, *shape)."""
    return masks.unsqueeze(1) if sample.ndim > 1 else masks


def window_masks(shape: Shape, window: Shape, stride: Shape) -> Tensor:
    """Returns what each window hides of a sample, (windows, axes behind the channels), True where it is hidden."""
    axes = spatial_axes(shape)
    starts = _starts(shape, window, stride)
    masks = torch.zeros((math.prod(map(len, starts)), *axes), dtype=torch.bool)
    for number, place in enumerate(product(*starts)):
        hidden = tuple(slice(start, start + length) for start, length in zip(place, window, strict=True))
        masks[number][hidden] = True
    return masks


def default_window(shape: Shape) -> tuple[Shape, Shape]:
    """Returns a window of about a sixth of each axis, or what `affordable_window` makes of it, and its stride.

    >>> default_window((1, 99, 26))
    ((16, 4), (8, 2))
    """
    return affordable_window(shape, tuple(max(1, size // 6) for size in spatial_axes(shape)))


def affordable_window(shape: Shape, window: Shape) -> tuple[Shape, Shape]:
    """Returns a window and a stride of half of it, or of all of it, which make at most MAX_WINDOWS windows.

    Where even a whole window as stride makes more, the window is enlarged.

    >>> affordable_window((1, 16, 16, 16), (2, 2, 2))
    ((4, 4, 4), (4, 4, 4))
    """
    while True:
        for share in (2, 1):
            stride = tuple(max(1, length // share) for length in window)
            if math.prod(map(len, _starts(shape, window, stride))) <= MAX_WINDOWS:
                return window, stride
        window = tuple(min(size, length + 1) for size, length in zip(spatial_axes(shape), window, strict=True))


def window_choices(shape: Shape) -> dict[str, tuple[Shape, Shape]]:
    """Returns the windows that can be chosen for a sample, with their strides, from small to large.

    A small one that is no smaller than the medium one is left out, and a large one that is no larger.

    >>> window_choices((1, 16, 16, 16))
    {'medium': ((4, 4, 4), (4, 4, 4)), 'large': ((6, 6, 6), (3, 3, 3))}
    """
    medium, _ = default_window(shape)
    windows = {
        name: affordable_window(shape, tuple(max(1, round(size * factor)) for size in medium))
        for name, factor in WINDOW_SIZES.items()
    }
    areas = {name: math.prod(window) for name, (window, _) in windows.items()}
    return {
        name: window
        for name, window in windows.items()
        if name == MEDIUM or (areas[name] - areas[MEDIUM]) * (WINDOW_SIZES[name] - 1) > 0
    }


def _starts(shape: Shape, window: Shape, stride: Shape) -> list[range]:
    """Returns where windows begin along each axis."""
    return [
        range(0, (math.ceil(max(0, size - length) / step)) * step + 1, step)
        for size, length, step in zip(spatial_axes(shape), window, stride, strict=True)
    ]


def spatial_axes(shape: Shape) -> Shape:
    """Returns the sizes behind the channels; of a sample without such axes, that of its only one."""
    return shape[1:] if len(shape) > 1 else shape


def probabilities(model: nn.Module, x: Tensor) -> Tensor:
    """Returns the probabilities of the classes, (N, C), for samples (N, *shape); the scores go through a softmax.

    A net that ends in LogSoftmax or Softmax is treated as testing treats it: by a softmax of what comes out.
    """
    scores: Tensor = model(x)
    return scores.flatten(1).float().softmax(1)
