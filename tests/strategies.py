"""Hypothesis strategies for layers and designs, drawn from the pydantic fields themselves."""

from collections.abc import Iterable
from typing import Annotated, Literal, get_args, get_origin

from annotated_types import Ge
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from cnnviz.architecture import Architecture
from cnnviz.errors import ShapeError
from cnnviz.layers import PALETTE, Block, Layer, StackField, family
from cnnviz.layers.base import NonNegativeInt, PositiveInt
from cnnviz.shapes import Shape, numel

small = st.integers(1, 6)
SHAPES_BY_NDIM: dict[int, st.SearchStrategy[tuple[int, ...]]] = {
    1: st.tuples(st.integers(1, 30)),
    2: st.tuples(st.integers(1, 6), st.integers(1, 12)),
    3: st.tuples(st.integers(1, 8), st.integers(1, 14), st.integers(1, 14)),
    4: st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)),
}
"""Samples by their number of axes."""
shapes = st.one_of(*SHAPES_BY_NDIM.values())


SCALARS: dict[object, st.SearchStrategy[object]] = {
    int: st.one_of(small, st.integers(1, 40)),
    bool: st.booleans(),
    float: st.sampled_from([0.0, 1e-5, 0.1, 0.5, 1.0]),
    type(None): st.none(),
}


def least(metadata: Iterable[object]) -> float:
    """The lower bound in the metadata of a field, 1 where it has none."""
    fields = [one.metadata if isinstance(one, FieldInfo) else [one] for one in metadata]
    return next((float(str(one.ge)) for ones in fields for one in ones if isinstance(one, Ge)), 1)


def field_values(annotation: object, metadata: Iterable[object] = ()) -> st.SearchStrategy[object]:
    """Values for one field, valid in type and mostly in bounds; numbers below 0 where it takes them."""
    if annotation in (PositiveInt, NonNegativeInt):
        return st.integers(0 if annotation == NonNegativeInt else 1, 5)
    if get_origin(annotation) is Annotated:
        return field_values(get_args(annotation)[0], get_args(annotation)[1:])
    if annotation is int and least(metadata) < 0:
        return st.integers(max(int(least(metadata)), -4), 6)
    return unbounded_values(annotation)


def unbounded_values(annotation: object) -> st.SearchStrategy[object]:
    """Values of a type of which no bounds are known."""
    if get_origin(annotation) is tuple:
        arguments = get_args(annotation)
        if arguments[-1] is Ellipsis:
            return st.lists(field_values(arguments[0]), min_size=1, max_size=3).map(tuple)
        return st.tuples(*map(field_values, arguments))
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    return SCALARS[annotation] if annotation in SCALARS else st.one_of(*map(field_values, get_args(annotation)))


SIMPLE_KINDS = sorted(kind for kind, cls in PALETTE.items() if not issubclass(cls, Block))
stacks = st.deferred(lambda: st.lists(layers(inside=True), max_size=3).map(tuple))


def stack_lists(cls: type[Block], field: StackField) -> st.SearchStrategy[list[tuple[Layer, ...]]]:
    """Stacks for one field of a block: one, or several where it takes them."""
    fewest, most = cls.stack_bounds(field)
    one = st.one_of(st.just(()), stacks)
    return st.lists(one, min_size=fewest, max_size=min(most or 3, 3))


@st.composite
def layers(draw: st.DrawFn, kind: str | None = None, inside: bool = False) -> Layer:
    """A layer of any kind (or of one) with generated parameters; inside a block, of any kind but a block."""
    kind = kind or draw(st.sampled_from(SIMPLE_KINDS if inside else sorted(PALETTE)))
    cls = PALETTE[kind]
    if issubclass(cls, Block):
        return cls.from_stacks([stack for field in cls.stack_fields for stack in draw(stack_lists(cls, field))])
    arguments = {}
    for name, info in cls.model_fields.items():
        if name == "kind" or (not info.examples and draw(st.booleans())):
            continue
        arguments[name] = draw(field_values(info.annotation, info.metadata))
    try:
        return cls(**arguments)
    except ValidationError:  # out of a bound that the strategy does not know
        return cls.default()


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """A stack of up to seven layers over any input."""
    return Architecture(input_shape=draw(shapes), layers=draw(st.lists(layers(), max_size=7)))


LONG_SHAPES = st.one_of(
    st.tuples(st.integers(1, 4), st.integers(1, 60)),
    st.tuples(st.integers(1, 3), st.integers(1, 24), st.integers(1, 24)),
    st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
)
"""Samples with room for several windows, often much longer along one axis than along another."""
MOST_NUMBERS = 5_000
"""Numbers in a sample that torch is to compute many times."""


def window_kinds(shape: Shape) -> list[str]:
    """The convolutions and pools, transposed and adaptive ones included, for samples with these axes."""
    return [kind for kind in SIMPLE_KINDS if family(kind) in ("conv", "pool") and kind[-2:] == f"{len(shape) - 1}d"]


def shape_after(layer: Layer, shape: Shape) -> Shape | None:
    """Shape behind a layer; None where it refuses, or makes more numbers than a test has time for."""
    try:
        after = layer.output_shape(shape)
    except ShapeError:
        return None
    return after if numel(after) <= MOST_NUMBERS else None


@st.composite
def buildable_nets(draw: st.DrawFn, windows_only: bool = False) -> Architecture:
    """A net that builds: mostly convolutions and pools, often with other numbers along each axis, then a head or none.

    A layer that refuses what comes before it is left out.
    """
    start = shape = draw(LONG_SHAPES)
    stack: list[Layer] = []
    others = st.sampled_from(sorted(PALETTE))
    for _ in range(draw(st.integers(1, 7))):
        near = st.sampled_from(window_kinds(shape) or ["Linear"])
        kind = draw(near if windows_only else st.one_of(near, near, others))
        layer = draw(layers(kind))
        after = shape_after(layer, shape)
        if after:
            stack, shape = [*stack, layer], after
    return Architecture(input_shape=start, layers=stack)
