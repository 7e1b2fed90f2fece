"""Curves of a chart before they are drawn: downsampled to what a chart can show, smoothed, made fit for a log axis."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from tsdownsample import MinMaxLTTBDownsampler

MAX_POINTS = 1000
"""Points of a curve that are drawn: a chart is not wide enough to show more."""

MIN_POINTS = 5
"""Points that are enough for a shape: both ends, the lowest, the highest, and one in between."""
_DOWNSAMPLER = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]

EpochRange = tuple[float, float]
"""First and last epoch in sight."""


@dataclass(frozen=True)
class Curve:
    """Values of a curve, and the ascending epochs at which they were measured, with fractions within an epoch."""

    epochs: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    def __getitem__(self, chosen: slice | npt.NDArray[np.generic]) -> "Curve":
        """Returns the chosen points as a curve."""
        return Curve(self.epochs[chosen], self.values[chosen])


OFFSCREEN_EPOCH = -1e9
"""Epoch far to the left of every chart, for curves that have no value yet."""


def drop_undrawable(curve: Curve, *, log: bool = False) -> Curve:
    """Removes values that have no place on the axis: infinities and NaN, and on a log axis also values up to 0."""
    is_drawable = np.isfinite(curve.values) & (curve.values > 0 if log else True)
    return curve if is_drawable.all() else curve[is_drawable]


def smooth_curve(curve: Curve, weight: float) -> Curve:
    """Computes the exponential moving average.

        s_t = Σ weight^k · x_{t−k} / Σ weight^k        k = 0 … t

    The denominator keeps the first values from being pulled towards 0 (the bias correction of Adam and TensorBoard).

    >>> smooth_curve(Curve(np.arange(3.0), np.array([1.0, 1.0, 4.0])), 0.5).values.round(3).tolist()
    [1.0, 1.0, 2.714]
    """
    return Curve(curve.epochs, pd.Series(curve.values).ewm(alpha=1 - weight).mean().to_numpy())


def first_reaching(curve: Curve, goal: float) -> tuple[float, float] | None:
    """Returns epoch and value of the first point at or above a goal, or None.

    >>> first_reaching(Curve(np.array([1.0, 2.0]), np.array([0.8, 0.95])), 0.9)
    (2.0, 0.95)
    """
    indices = np.flatnonzero(curve.values >= goal)
    return (float(curve.epochs[indices[0]]), float(curve.values[indices[0]])) if len(indices) else None


def downsample(curve: Curve, limit: int = MAX_POINTS) -> Curve:
    """Selects up to `limit` points (at least 100) that show the shape, first, last, lowest and highest included.

    Points are chosen without regard to the newest part, less than a sixteenth, so that what has been drawn stays still
    while the curve grows. Source: Van Der Donckt et al., "MinMaxLTTB" (2023), after Steinarsson (2013).
    """
    count = len(curve.values)
    if count <= limit:
        return curve
    part = 1 << (count.bit_length() - 5)  # 16 to 31 whole parts, each drawn with the same number of points
    old_count = count - count % part
    old = _shape_indices(curve.values[:old_count], old_count // part * (limit // 32))
    new = _shape_indices(curve.values[old_count:], max((count - old_count) * (limit // 32) // part, MIN_POINTS))
    return curve[np.concatenate([old, old_count + new])]


def downsample_in_range(curve: Curve, epoch_range: EpochRange | None, limit: int = MAX_POINTS) -> Curve:
    """Selects the points of a zoomed chart: within the range all of them, unless there are more than `limit`.

    On either side of the range, a quarter of `limit` represent the rest, so that a chart that is moved has something to
    show until the exact curve arrives.
    """
    if epoch_range is None:
        return downsample(curve, limit)
    first, last = np.searchsorted(curve.epochs, epoch_range)
    first, last = max(int(first) - 1, 0), int(last) + 1  # with the neighbouring points, to which the line leads
    left, right = curve[:first], curve[last:]
    outside_parts = (part[_shape_indices(part.values, limit // 4)] for part in (left, right))
    parts = next(outside_parts), downsample(curve[first:last], limit), next(outside_parts)
    return Curve(np.concatenate([part.epochs for part in parts]), np.concatenate([part.values for part in parts]))


def _shape_indices(values: npt.NDArray[np.float64], limit: int) -> npt.NDArray[np.int64]:
    """Returns the indices of the points that show the shape."""
    if len(values) <= limit:
        return np.arange(len(values))
    chosen = _DOWNSAMPLER.downsample(np.ascontiguousarray(values), n_out=limit - 2)
    return np.unique([*chosen.tolist(), int(values.argmin()), int(values.argmax())])
