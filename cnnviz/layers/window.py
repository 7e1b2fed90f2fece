"""What convolutions and pools share: one window per axis, slid over all but the channels."""

from collections.abc import Iterable

from cnnviz.errors import ShapeError
from cnnviz.shapes import AXES, Shape, Window, show


def per_axis(value: int | str | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number per axis, from one for all or one each.

    >>> per_axis(3, 2), per_axis((1, 2), 2)
    ((3, 3), (1, 2))
    """
    if isinstance(value, tuple):
        return value
    return (int(value),) * axes


def expect_axes(kind: str, shape: Shape, *axes: int, change: str | None = None) -> None:
    """Raise ShapeError unless the sample has one of these numbers of axes; `change` names the kind that fits."""
    if len(shape) not in axes:
        wanted = " or ".join(f"({', '.join(AXES[n])})" for n in axes)
        raise ShapeError(
            f"expects a sample with axes {wanted}, but gets {show(shape)} ({', '.join(AXES[len(shape)])})",
            {"kind": change} if change else None,
        )


def slide(windows: Iterable[Window], shape: Shape) -> Shape:
    """Sizes of the axes behind the channels after sliding; raises ShapeError naming the axis and what would fit."""
    windows = tuple(windows)
    sizes = []
    for axis, size, window in zip(AXES[len(shape)][1:], shape[1:], windows, strict=True):
        try:
            sizes.append(window.out(size, axis))
        except ShapeError as error:
            fitting = tuple(min(w.kernel_size, w.largest_kernel(s)) for w, s in zip(windows, shape[1:], strict=True))
            raise ShapeError(
                f"{error}; use a kernel_size of at most {window.largest_kernel(size)}",
                {"kernel_size": fitting if len(set(fitting)) > 1 else fitting[0]},
            ) from None
    return tuple(sizes)
