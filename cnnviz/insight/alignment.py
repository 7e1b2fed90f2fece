"""Alignment of two nets: which layer of the one corresponds to which layer of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from cnnviz.architecture import Architecture, LayerPath, layer_number
from cnnviz.layers import Block, Layer, family
from cnnviz.layers.base import Stack
from cnnviz.layers.pool.window_pool import Pool
from cnnviz.layers.window import collapse_equal

ONE_SIDED_COST, OTHER_KIND_COST, OTHER_FIELDS_COST = 1.0, 1.2, 0.6
"""Costs of a layer that only one net has, of a layer replaced by one of its family, and of other arguments.

Another kind or other arguments cost less than a layer removed and one added, so that layers correspond where they can.
"""


@dataclass(frozen=True)
class Slot:
    """Place in the alignment of two nets: a layer of the earlier net, the one of the later net, or both."""

    place: LayerPath
    """Where it stands in the alignment; no other slot stands there."""
    before: Layer | None
    after: Layer | None
    number: str
    """Number of the layer in the earlier net; of an added one, that of the layer before it, or "" at the beginning."""
    stacks: tuple[tuple[Slot, ...], ...] = ()
    """Slots inside a block that both nets have."""


def align_nets(before: Architecture, after: Architecture) -> tuple[Slot, ...]:
    """Returns the slots of two nets, so that as few layers as possible are added, removed, replaced or changed."""
    return _align_stacks(before.layers, after.layers, (), ())


def corresponding_layers(before: Architecture, after: Architecture) -> list[tuple[int | None, int | None]]:
    """Returns which layers of two nets correspond to each other, in order; None where only one of them has it.

    Layers are counted from 0 as a table lists them: those inside a block follow the block.

    >>> from cnnviz.layers import Flatten, ReLU
    >>> net = Architecture(input_shape=(1, 2), layers=(Flatten(),))
    >>> corresponding_layers(net, net.insert_layer(0, ReLU()))
    [(None, 0), (0, 1)]
    """
    return list(_numbered_pairs(align_nets(before, after), count(), count()))


def changed_fields(before: Layer, after: Layer) -> list[str]:
    """Returns the names of the arguments in which two layers of one kind differ.

    >>> from cnnviz.layers import Conv2d
    >>> changed_fields(Conv2d(out_channels=4, kernel_size=3), Conv2d(out_channels=8, kernel_size=(3, 3)))
    ['out_channels']
    """
    names = (name for name in before.parameter_names() if getattr(before, name) != getattr(after, name))
    return [name for name in names if _plain_value(before, name) != _plain_value(after, name)]


def have_stacks_in_common(before: Layer, after: Layer) -> bool:
    """Returns whether these are blocks of one kind with as many stacks, which can be aligned one by one."""
    return (
        isinstance(before, Block)
        and isinstance(after, Block)
        and before.kind == after.kind
        and len(before.stacks) == len(after.stacks)
    )


def _numbered_pairs(
    slots: Sequence[Slot], before: Iterator[int], after: Iterator[int]
) -> Iterator[tuple[int | None, int | None]]:
    """Yields the next number of each net for the layers that a slot has, then those inside of them."""
    for slot in slots:
        yield None if slot.before is None else next(before), None if slot.after is None else next(after)
        if slot.stacks:
            for stack in slot.stacks:
                yield from _numbered_pairs(stack, before, after)
            continue
        yield from ((next(before), None) for _ in range(_layers_inside(slot.before)))
        yield from ((None, next(after)) for _ in range(_layers_inside(slot.after)))


def _layers_inside(layer: Layer | None) -> int:
    """Returns the number of layers inside a block, in whatever depth."""
    if not isinstance(layer, Block):
        return 0
    return sum(1 + _layers_inside(inner) for stack in layer.stacks for inner in stack)


def _plain_value(layer: Layer, name: str) -> object:
    """Returns the value of an argument in the one form that all equal values have."""
    value = getattr(layer, name)
    if name == "stride" and value is None and isinstance(layer, Pool):
        value = layer.kernel_size
    if name == "padding" and value == "valid":
        value = 0
    return collapse_equal(value) if isinstance(value, tuple) and value and not isinstance(value[0], Layer) else value


def _align_stacks(before: Stack, after: Stack, place: LayerPath, path: LayerPath) -> tuple[Slot, ...]:
    """Returns the slots of two stacks; `place` and `path` are those of the block around them."""
    slots: list[Slot] = []
    number = ""
    for left, right in _pairs(before, after):
        slot_place = (*place, len(slots))
        if left is not None:
            number = layer_number((*path, left))
        old, new = None if left is None else before[left], None if right is None else after[right]
        inside: tuple[tuple[Slot, ...], ...] = ()
        if isinstance(old, Block) and isinstance(new, Block) and left is not None and have_stacks_in_common(old, new):
            inside = tuple(
                _align_stacks(old_stack, new_stack, (*slot_place, branch), (*path, left, branch))
                for branch, (old_stack, new_stack) in enumerate(zip(old.stacks, new.stacks, strict=True))
            )
        slots.append(Slot(slot_place, old, new, number, inside))
    return tuple(slots)


def _pairs(before: Stack, after: Stack) -> list[tuple[int | None, int | None]]:
    """Returns the indices of the layers that correspond to each other, in order; None where there is none.

    The equal layers at both ends correspond to each other; between them, it is the cheapest alignment.
    """
    limit = min(len(before), len(after))
    head = _count_while(lambda i: before[i] == after[i], limit)
    tail = _count_while(lambda i: before[-1 - i] == after[-1 - i], limit - head)
    left, right = before[head : len(before) - tail], after[head : len(after) - tail]
    middle = _cheapest_pairs(left, right)
    return [
        *((i, i) for i in range(head)),
        *((None if i is None else head + i, None if j is None else head + j) for i, j in middle),
        *((len(before) - i, len(after) - i) for i in range(tail, 0, -1)),
    ]


def _count_while(holds: Callable[[int], bool], limit: int) -> int:
    return next((i for i in range(limit) if not holds(i)), limit)


def _cheapest_pairs(before: Sequence[Layer], after: Sequence[Layer]) -> list[tuple[int | None, int | None]]:
    """Returns the pairs of the cheapest alignment (Needleman & Wunsch, 1970)."""
    costs = [[ONE_SIDED_COST * (i + j) for j in range(len(after) + 1)] for i in range(len(before) + 1)]
    pair_costs = [[_pair_cost(old, new) for new in after] for old in before]
    for i in range(1, len(before) + 1):
        for j in range(1, len(after) + 1):
            one_sided = min(costs[i - 1][j], costs[i][j - 1]) + ONE_SIDED_COST
            costs[i][j] = min(costs[i - 1][j - 1] + pair_costs[i - 1][j - 1], one_sided)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(before), len(after)
    while i or j:
        if i and j and costs[i][j] == costs[i - 1][j - 1] + pair_costs[i - 1][j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif j and costs[i][j] == costs[i][j - 1] + ONE_SIDED_COST:
            j -= 1
            pairs.append((None, j))
        else:
            i -= 1
            pairs.append((i, None))
    return pairs[::-1]


def _pair_cost(before: Layer, after: Layer) -> float:
    if before == after:
        return 0.0
    if before.kind == after.kind and (not isinstance(before, Block) or have_stacks_in_common(before, after)):
        return OTHER_FIELDS_COST
    return OTHER_KIND_COST if family(before.kind) == family(after.kind) else 2 * ONE_SIDED_COST + 1
