"""What a net answers to a sample, and how it is drawn on the Inside page."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from cnnviz.charts.axes import POINTS
from cnnviz.charts.relevance import (
    DrawnAxis,
    cells_spec,
    cells_table,
    describe_peak,
    drawn_axes,
    plane,
    probabilities_spec,
    probabilities_table,
)
from cnnviz.data.audio import Features
from cnnviz.errors import DataError
from cnnviz.inside import Subject
from cnnviz.inside.occlusion import probabilities
from cnnviz.ui.widgets.chart import vega_chart

Probabilities = npt.NDArray[np.float32]


def answer(model: nn.Module, subject: Subject) -> Probabilities:
    """Returns the probabilities, (C,), that a net gives to the classes for the sample of a subject.

    Raises DataError where the probabilities are not finite.
    """
    with torch.no_grad():
        result = probabilities(model.eval(), subject.sample)[0].numpy()
    if not np.isfinite(result).all():
        raise DataError("This net answers with numbers that are not finite: its training has diverged.")
    return np.asarray(result, np.float32)


def answers(model: nn.Module, subject: Subject, raw_samples: Sequence[npt.NDArray[np.float32]]) -> list[Probabilities]:
    """Returns the probabilities for samples as the data set would have them."""
    return [answer(model, subject.with_raw_sample(sample)) for sample in raw_samples]


def class_names(subject: Subject, count: int) -> tuple[str, ...]:
    """Returns names for so many scores: the classes, and numbers for what has no name."""
    return (*subject.classes[:count], *(f"score {place + 1}" for place in range(len(subject.classes), count)))


def seconds_per_step(features: Features | None, length: int, sound_seconds: float | None) -> float | None:
    """Returns how long a step along the time axis is; None where that is unknown."""
    if features is not None:
        return features.hop_length / features.sample_rate
    return sound_seconds / length if sound_seconds else None


def picture(
    values: npt.NDArray[np.float32], names: Sequence[str], *, step: float | None, title: str, key: str, signed: bool
) -> None:
    """Draws values at the positions of a sample, with what their largest value is and where as alternative text."""
    drawn, drawn_names = plane(values, names)
    axes: tuple[DrawnAxis, ...] = drawn_axes(drawn_names, step)
    table = cells_table(drawn, axes)
    vega_chart(
        cells_spec(axes, table, value_title=title, signed=signed),
        {POINTS: table},
        key=key,
        alt=f"{title}, from {drawn.min():.3g} to {drawn.max():.3g}, {describe_peak(drawn, axes)}",
    )


def probability_bars(cases: Mapping[str, Probabilities], classes: Sequence[str], label: int, *, key: str) -> None:
    """Draws the probabilities of the likeliest classes in each case, with those of one class as alternative text."""
    table = probabilities_table(cases, classes, label)
    numbers = ", ".join(f"{values[label]:.1%} for {case}" for case, values in cases.items())
    vega_chart(probabilities_spec(table), {POINTS: table}, key=key, alt=f"probability of {classes[label]}: {numbers}")
