"""A line of a chart before it is drawn: thinned to what a chart can show, smoothed, fit for a log axis."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from tsdownsample import MinMaxLTTBDownsampler

MAX_POINTS = 1000
"""Points of a line that are drawn: more than a chart is wide show no more."""

MIN_POINTS = 5
"""Points with which a shape can be shown: both ends, the lowest, the highest, and one between."""
_DOWNSAMPLER = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]

EpochRange = tuple[float, float]
"""First and last epoch in sight."""


@dataclass(frozen=True)
class Curve:
    """One line: epochs passed (fractions inside an epoch), ascending, and the values there."""

    epochs: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    def __getitem__(self, chosen: slice | npt.NDArray[np.generic]) -> "Curve":
        """Some of its points."""
        return Curve(self.epochs[chosen], self.values[chosen])


OFFSCREEN_EPOCH = -1e9
"""Far left of every chart: where a line begins that has no value yet."""


def drop_undrawable(curve: Curve, *, log: bool = False) -> Curve:
    """Without what has no place on its axis: values that are no numbers, on a log axis those up to 0, too."""
    is_drawable = np.isfinite(curve.values) & (curve.values > 0 if log else True)
    return curve if is_drawable.all() else curve[is_drawable]


def smooth_curve(curve: Curve, weight: float) -> Curve:
    """The exponential moving average.

        s_t = Σ weight^k · x_{t−k} / Σ weight^k        k = 0 … t

    By the denominator the first values are not drawn towards 0 (the bias correction of Adam and TensorBoard).

    >>> smooth_curve(Curve(np.arange(3.0), np.array([1.0, 1.0, 4.0])), 0.5).values.round(3).tolist()
    [1.0, 1.0, 2.714]
    """
    return Curve(curve.epochs, pd.Series(curve.values).ewm(alpha=1 - weight).mean().to_numpy())


def first_reaching(curve: Curve, goal: float) -> tuple[float, float] | None:
    """Epoch and value of the first point at or above a goal.

    >>> first_reaching(Curve(np.array([1.0, 2.0]), np.array([0.8, 0.95])), 0.9)
    (2.0, 0.95)
    """
    indices = np.flatnonzero(curve.values >= goal)
    return (float(curve.epochs[indices[0]]), float(curve.values[indices[0]])) if len(indices) else None


def downsample(curve: Curve, limit: int = MAX_POINTS) -> Curve:
    """At most `most` of its points (of 100 or more): those that show its shape, first, last, lowest and highest.

    All but less than the newest sixteenth is chosen without regard to that, so that what has been drawn stays still
    while the line grows. By MinMaxLTTB; source: Van Der Donckt et al., "MinMaxLTTB" (2023), after Steinarsson (2013).
    """
    count = len(curve.values)
    if count <= limit:
        return curve
    part = 1 << (count.bit_length() - 5)  # of 16 to 31 whole parts, each is drawn with as many points
    old_count = count - count % part
    old = _shape_indices(curve.values[:old_count], old_count // part * (limit // 32))
    new = _shape_indices(curve.values[old_count:], max((count - old_count) * (limit // 32) // part, MIN_POINTS))
    return curve[np.concatenate([old, old_count + new])]


def downsample_in_range(curve: Curve, epoch_range: EpochRange | None, limit: int = MAX_POINTS) -> Curve:
    """What is drawn of a line of which a window is in sight: there every value, unless they are more than `most`.

    Beside the window a quarter as many stand for the rest, so that a chart that is moved shows a line before the exact
    one comes.
    """
    if epoch_range is None:
        return downsample(curve, limit)
    first, last = np.searchsorted(curve.epochs, epoch_range)
    first, last = max(int(first) - 1, 0), int(last) + 1  # with the points beside it, to which the line leads
    left, right = curve[:first], curve[last:]
    outside_parts = (part[_shape_indices(part.values, limit // 4)] for part in (left, right))
    parts = next(outside_parts), downsample(curve[first:last], limit), next(outside_parts)
    return Curve(np.concatenate([part.epochs for part in parts]), np.concatenate([part.values for part in parts]))


def _shape_indices(values: npt.NDArray[np.float64], limit: int) -> npt.NDArray[np.int64]:
    """Places of the points that show the shape."""
    if len(values) <= limit:
        return np.arange(len(values))
    chosen = _DOWNSAMPLER.downsample(np.ascontiguousarray(values), n_out=limit - 2)
    return np.unique([*chosen.tolist(), int(values.argmin()), int(values.argmax())])
