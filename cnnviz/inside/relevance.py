"""Relevance: one number for each position of a sample, by several methods, and how far two of them agree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from cnnviz.architecture import LayerPath
from cnnviz.inside.attribution import grad_cam, guided_backprop, input_gradient, mapped_layers, upsample
from cnnviz.inside.occlusion import affordable_window, default_window, occlusion, spatial_axes
from cnnviz.shapes import Shape

Relevance = npt.NDArray[np.float32]
"""One number for each position along the axes behind the channels, or (band, time) where the channels are bands."""
SAME_FROM, OTHER_UP_TO = 0.7, 0.3
"""Rank correlations from which on two explanations count as the same, and up to which as different ones."""
RANDOM_NETS = 3
"""Nets with random weights that an explanation is compared with: of one alone, coarse maps are alike by chance."""


@dataclass(frozen=True)
class Question:
    """What is explained: the score of one class for one sample; with the layer for Grad-CAM, the last one by default.

    `keeps_channels` is for samples whose channels have an order, such as the bands of a sound.
    """

    sample: Tensor
    """(*shape), as the net gets it."""
    label: int
    layer: LayerPath | None = None
    keeps_channels: bool = False
    window: Shape | None = None
    """Window of the occlusion, along the axes behind the channels."""
    cover: float = 0.0
    """What the occlusion hides values with."""


@dataclass(frozen=True, eq=False)
class SanityCheck:
    """How alike the explanations of a net and of nets with random weights are."""

    correlation: float | None
    """Mean rank correlation with them; None where no two maps can be compared, as one is the same all over."""
    nets: int
    """Random nets whose maps could be compared."""
    shown: Relevance | None
    """The map of one random net, if possible of one that could be compared."""


def gradient_relevance(model: nn.Module, question: Question) -> Relevance:
    """Returns the size of the score's slope at each position, summed over the channels."""
    return _sizes(input_gradient(model, question.sample, question.label), question)


def guided_relevance(model: nn.Module, question: Question) -> Relevance:
    """Returns the size of guided backpropagation's slope at each position, summed over the channels."""
    return _sizes(guided_backprop(model, question.sample, question.label), question)


def grad_cam_relevance(model: nn.Module, question: Question) -> Relevance | None:
    """Returns Grad-CAM's map, stretched to the size of the sample; None where no layer has a map."""
    layers = mapped_layers(model, question.sample)
    if not layers:
        return None
    path = question.layer if question.layer in layers else next(reversed(layers))
    heat = grad_cam(model, layers[path], question.sample, question.label)
    return _to_relevance(upsample(heat, spatial_axes(tuple(question.sample.shape))))


def occlusion_relevance(model: nn.Module, question: Question) -> Relevance:
    """Returns what the class loses when a window around each position is hidden."""
    window, stride = default_window(tuple(question.sample.shape))
    if question.window:
        window, stride = affordable_window(tuple(question.sample.shape), question.window)
    return _to_relevance(
        occlusion(model, question.sample, question.label, window=window, stride=stride, cover=question.cover)
    )


METHODS: dict[str, Callable[[nn.Module, Question], Relevance | None]] = {
    "Gradient": gradient_relevance,
    "Grad-CAM": grad_cam_relevance,
    "Occlusion": occlusion_relevance,
    "Guided backpropagation": guided_relevance,
}
"""Every method by its name; the last is here as a warning."""


def rank_correlation(first: Relevance, second: Relevance) -> float | None:
    """Returns Spearman's rank correlation of two maps, from −1 to 1; None where one has the same value all over.

    >>> rank_correlation(np.array([1, 2, 3], np.float32), np.array([10, 20, 900], np.float32))
    1.0
    """
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return round(float(np.corrcoef(_ranks(first), _ranks(second))[0, 1]), 12)


def compare(relevance: Relevance, maps: Sequence[Relevance | None]) -> SanityCheck:
    """Compares an explanation with those that the same method gives of nets with random weights.

    Where they are alike, the explanation does not depend on what the net has learned.
    Source: Adebayo et al., "Sanity Checks for Saliency Maps" (2018).
    """
    found = [other for other in maps if other is not None]
    pairs = [(rank_correlation(relevance, other), other) for other in found]
    known = [(number, other) for number, other in pairs if number is not None]
    mean = sum(number for number, _ in known) / len(known) if known else None
    shown = known[0][1] if known else found[0] if found else None
    return SanityCheck(mean, len(known), shown)


def share_of_largest(relevance: Relevance) -> Relevance:
    """Returns relevance from 0 to 1: what speaks against the class is 0, and the largest value is 1."""
    positive = np.maximum(relevance, 0)
    return np.asarray(positive / (positive.max() or 1), np.float32)


def most_relevant(relevance: Relevance, share: float) -> npt.NDArray[np.bool_]:
    """Returns which positions are the most relevant ones: this share of all, less where fewer speak for the class.

    >>> most_relevant(np.array([3, 1, 2, -1], np.float32), 0.5).tolist()
    [True, False, True, False]
    """
    count = round(share * relevance.size)
    chosen = np.zeros(relevance.size, bool)
    chosen[np.argsort(-relevance, axis=None, kind="stable")[:count]] = True
    return chosen.reshape(relevance.shape) & (relevance > 0)


def _sizes(gradient: Tensor, question: Question) -> Relevance:
    sizes = gradient.abs()
    return _to_relevance(sizes if question.keeps_channels or sizes.ndim == 1 else sizes.sum(dim=0))


def _to_relevance(values: Tensor) -> Relevance:
    return np.asarray(values.detach().float().numpy(), np.float32)


def _ranks(values: Relevance) -> npt.NDArray[np.float64]:
    """Returns the rank of each value, (values); equal ones share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse.ravel()]
