"""Shapes of one sample, and the names of its axes."""

import math

Shape = tuple[int, ...]
"""One sample without the batch axis: (F,), (C, L), (C, H, W) or (C, D, H, W)."""

AXES: dict[int, tuple[str, ...]] = {
    1: ("features",),
    2: ("channels", "length"),
    3: ("channels", "height", "width"),
    4: ("channels", "depth", "height", "width"),
}
"""Names of a sample's axes, by how many it has."""


def format_shape(shape: Shape) -> str:
    """Returns a shape as people write it.

    >>> format_shape((10, 90, 17))
    '10 × 90 × 17'
    """
    return " × ".join(f"{size}" for size in shape)


def numel(shape: Shape) -> int:
    """Returns the number of values in one sample of this shape.

    >>> numel((10, 22, 4))
    880
    """
    return math.prod(shape)
