"""What convolutions and pools share: one rule per axis behind the channels."""

from collections.abc import Sequence

from cnnviz.errors import ShapeError
from cnnviz.shapes import AXES, AxisRule, Shape, Window, format_shape

Sizes = int | tuple[int, ...]
"""One number for all axes, or one each."""


def per_axis(value: int | str | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number per axis, from one for all or one each.

    >>> per_axis(3, 2), per_axis((1, 2), 2)
    ((3, 3), (1, 2))
    """
    if isinstance(value, tuple):
        return value
    return (int(value),) * axes


def collapse_equal(values: Sequence[int]) -> int | tuple[int, ...]:
    """One number where all axes agree, else one each; the inverse of `per_axis`.

    >>> collapse_equal([3, 3]), collapse_equal([3, 5])
    (3, (3, 5))
    """
    return values[0] if len(set(values)) == 1 else tuple(values)


def windows_per_axis(
    axes: int, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, *, ceil_mode: bool = False
) -> Sequence[Window]:
    """A window per axis, from sizes that are one number for all axes or one each.

    >>> [window.padding for window in windows_per_axis(2, 3, 1, (1, 0), 1)]
    [(1, 1), (0, 0)]
    """
    sizes = (kernel_size, stride, padding, dilation)
    if tuple in map(type, sizes):
        axis_sizes = zip(*(per_axis(size, axes) for size in sizes), strict=True)
        return [Window(k, s, (p, p), d, ceil_mode) for k, s, p, d in axis_sizes]
    return [Window(kernel_size, stride, (padding, padding), dilation, ceil_mode)] * axes  # type: ignore[arg-type]


def expect_axes(shape: Shape, *axes: int) -> None:
    """Raise ShapeError unless the sample has one of these numbers of axes."""
    if len(shape) not in axes:
        wanted = " or ".join(f"({', '.join(AXES[n])})" for n in axes)
        raise ShapeError(
            f"expects a sample with axes {wanted}, but gets {format_shape(shape)} ({', '.join(AXES[len(shape)])})"
        )


def output_sizes(rules: Sequence[AxisRule], shape: Shape) -> Shape:
    """Sizes of the axes behind the channels; raises ShapeError naming the axis and what would fit."""
    return tuple(
        rule.out_size(size, axis) for rule, size, axis in zip(rules, shape[1:], AXES[len(shape)][1:], strict=True)
    )


def window_output_sizes(windows: Sequence[Window], shape: Shape) -> Shape:
    """As `slide`; a window that does not fit is told with the largest that does."""
    try:
        return output_sizes(windows, shape)
    except ShapeError as error:
        limits = [w.largest_kernel(s) for w, s in zip(windows, shape[1:], strict=True)]
        fitting = [min(w.kernel_size, limit) for w, limit in zip(windows, limits, strict=True)]
        too_small = [
            (limit, axis)
            for w, limit, axis in zip(windows, limits, AXES[len(shape)][1:], strict=True)
            if limit < w.kernel_size
        ]
        same_limit = len({limit for limit, _ in too_small}) == 1
        at_most = (
            f"{too_small[0][0]}" if same_limit else " and ".join(f"{limit} in {axis}" for limit, axis in too_small)
        )
        sizes = dict.fromkeys([collapse_equal(fitting), min(fitting)])  # as large as each axis allows, or one for all
        raise ShapeError(
            f"{error}; use a kernel_size of at most {at_most}", *({"kernel_size": size} for size in sizes)
        ) from None
