"""Windows of convolutions and pools: one rule for each axis behind the channels."""

from collections.abc import Sequence

from cnnviz.errors import ShapeError
from cnnviz.shapes import AXES, Shape, format_shape
from cnnviz.windows import AxisRule, Window

Sizes = int | tuple[int, ...]
"""One number for all axes, or one for each."""


def per_axis(value: int | str | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """Returns one number for each axis, from one for all or one for each.

    >>> per_axis(3, 2), per_axis((1, 2), 2)
    ((3, 3), (1, 2))
    """
    if isinstance(value, tuple):
        return value
    return (int(value),) * axes


def single_number(value: object) -> object:
    """Returns the number in a tuple of one, which torch takes for all axes; anything else as it is.

    >>> single_number((3,)), single_number([3, 3])
    (3, [3, 3])
    """
    return value[0] if isinstance(value, tuple | list) and len(value) == 1 else value


def collapse_equal(values: Sequence[int]) -> int | tuple[int, ...]:
    """Returns one number where all axes agree, else one for each; the inverse of `per_axis`.

    >>> collapse_equal([3, 3]), collapse_equal([3, 5])
    (3, (3, 5))
    """
    return values[0] if len(set(values)) == 1 else tuple(values)


def windows_per_axis(
    axes: int, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, *, ceil_mode: bool = False
) -> Sequence[Window]:
    """Returns a window for each axis, from sizes that are one number for all axes or one for each.

    >>> [window.padding for window in windows_per_axis(2, 3, 1, (1, 0), 1)]
    [(1, 1), (0, 0)]
    """
    sizes = (kernel_size, stride, padding, dilation)
    if tuple in map(type, sizes):
        axis_sizes = zip(*(per_axis(size, axes) for size in sizes), strict=True)
        return [Window(k, s, (p, p), d, ceil_mode) for k, s, p, d in axis_sizes]
    return [Window(kernel_size, stride, (padding, padding), dilation, ceil_mode)] * axes  # type: ignore[arg-type]


def expect_axes(shape: Shape, *axes: int) -> None:
    """Raises ShapeError unless the sample has one of these numbers of axes."""
    if len(shape) not in axes:
        wanted = " or ".join(f"({', '.join(AXES[n])})" for n in axes)
        raise ShapeError(
            f"expects a sample with axes {wanted}, but gets {format_shape(shape)} ({', '.join(AXES[len(shape)])})"
        )


def output_sizes(rules: Sequence[AxisRule], shape: Shape) -> Shape:
    """Returns the sizes of the axes behind the channels; raises ShapeError naming an axis and what would fit."""
    return tuple(
        rule.out_size(size, axis) for rule, size, axis in zip(rules, shape[1:], AXES[len(shape)][1:], strict=True)
    )


def window_output_sizes(windows: Sequence[Window], shape: Shape) -> Shape:
    """Returns what `output_sizes` does; its ShapeError names, and offers, the largest window that fits."""
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
