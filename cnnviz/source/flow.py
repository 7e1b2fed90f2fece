"""Tensors through layers: what forward computes, as a stack with blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from pydantic import ValidationError

from cnnviz.architecture import MAX_LAYERS
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import Block, Flatten, Layer, Parallel, Residual
from cnnviz.shapes import format_shape, numel
from cnnviz.source.placing import placed
from cnnviz.source.values import MisfitError, Node, Sign, Tensor, Written

BLOCKS: dict[str, Callable[[Sequence[tuple[Layer, ...]]], Block]] = {
    "Residual": lambda ways: Residual(layers=ways[0], projection=ways[1]),
    "Parallel": lambda ways: Parallel(branches=tuple(ways)),
}
"""What makes a block of each kind from its ways."""


def through(layer: Written, tensor: Tensor, line: int) -> Tensor:
    """What comes out of a layer that is called there."""
    before = tensor.node
    try:
        made = placed(layer, before.shape)
    except MisfitError as error:
        at_start = all(isinstance(node.layer, Flatten | None) for node in before.back())
        raise MisfitError(str(error), error.channels if at_start else None) from None
    if layer.fleeting and _learns(made, before):
        raise DesignError(
            f"Line {line}: {layer.call} is made anew in every forward, so that its weights never learn; make it in"
            " __init__."
        )
    node = Node(made.output_shape(before.shape), made, before, layer, line, count=_counted(before.count + 1, line))
    if layer.inplace:
        tensor.node = node
        return tensor
    return Tensor(node)


def joined(kind: str, ways: Sequence[Tensor], line: int, base: Node | None = None) -> Tensor:
    """A block around all that happened to its ways since `base`, or since they parted.

    Without `base` they are terms of a sum, whichever was written first: where one is x itself, the layers are on the
    other.
    """
    ends = [way.node for way in ways]
    summed = base is None
    base = base or _parting(ends)
    count = _counted(base.count + 1 + sum(end.count - base.count for end in ends), line)
    inside = tuple(_since(end, base) for end in ends)
    stacks = [tuple(node.layer for node in way if node.layer) for way in inside]
    if kind == "Residual" and summed and not stacks[0]:
        stacks.reverse()
    try:
        block = BLOCKS[kind](stacks)
    except ValidationError as error:
        raise DesignError(f"Line {line}: {error.errors()[0]['msg']}.") from None
    try:
        shape = block.joined_shape([end.shape for end in ends], base.shape)
    except ShapeError as error:
        raise MisfitError(f"Line {line}: {error}.") from None
    return Tensor(Node(shape, block, base, None, line, inside, count))


def reshaped(tensor: Tensor, sizes: Sequence[object], call: str, line: int) -> Tensor:
    """What `view` and `reshape` do, as far as that is a Flatten."""
    shape = tensor.node.shape
    batch, *rest = sizes or (0,)
    wanted = [size for size in rest if isinstance(size, int)]
    if (batch is not Sign.BATCH and batch != -1) or len(wanted) < len(rest) or not rest:
        raise DesignError(f"Line {line}: `{call}` must keep the batch as axis 0: write x.view(x.size(0), -1).")
    if wanted.count(-1) == 1 and batch is Sign.BATCH:
        known = numel(tuple(size for size in wanted if size != -1))
        wanted[wanted.index(-1)] = numel(shape) // known if known > 0 else 0
    if numel(tuple(wanted)) != numel(shape) or min(wanted) < 1:
        flat = tensor.node.before is None and len(wanted) == 1
        raise MisfitError(
            f"Line {line}: `{call}` does not fit: one sample holds {numel(shape)} numbers there"
            f" ({format_shape(shape)}), not"
            f" {format_shape(tuple(wanted))}.",
            wanted[0] if flat else None,
        )
    if tuple(wanted) == shape:
        return tensor
    for first, last in combinations(range(1, len(shape) + 1), 2):
        whole = (first, last) == (1, len(shape))
        flatten = Written("Flatten", {} if whole else {"start_dim": first, "end_dim": last}, call, line)
        if Flatten(start_dim=first, end_dim=last).output_shape(shape) == tuple(wanted):
            return through(flatten, tensor, line)
    raise DesignError(
        f"Line {line}: `{call}` turns {format_shape(shape)} into {format_shape(tuple(wanted))}; a design can only"
        " flatten axes."
    )


def stack(node: Node) -> tuple[Layer, ...]:
    """All layers on the way to a node; raises DesignError where one with weights would have to stand twice."""
    seen: dict[Written, Node] = {}
    nodes = tuple(reversed(list(node.back())))
    for each in _every(nodes):
        if each.written is None:
            continue
        first = seen.get(each.written)
        seen[each.written] = each
        if first is None or not (each.layer and each.before and _learns(each.layer, each.before)):
            continue
        if first is each:
            raise DesignError(
                f"Line {each.line}: what {each.written.call} gives goes several ways that do not start at one place and"
                " meet at another, which a design cannot say."
            )
        raise DesignError(
            f"Line {each.line}: {each.written.call} of line {each.written.line} is used a second time (before in"
            f" line {first.line}). Its weights would be shared, which a design cannot say; make a second layer."
        )
    return tuple(each.layer for each in nodes if each.layer)


def _counted(count: int, line: int) -> int:
    if count > MAX_LAYERS:
        raise DesignError(f"Line {line}: a net can have at most {MAX_LAYERS} layers, those in blocks included.")
    return count


def _learns(layer: Layer, before: Node) -> bool:
    """Whether it keeps anything between batches: weights, or running statistics."""
    return layer.parameters(before.shape) > 0 or getattr(layer, "track_running_stats", False)


def _parting(ends: Sequence[Node]) -> Node:
    """The last node that is on the way to all of these."""
    others = [set(end.back()) for end in ends[1:]]
    return next(node for node in ends[0].back() if all(node in other for other in others))


def _since(end: Node, base: Node) -> tuple[Node, ...]:
    found = []
    for node in end.back():
        if node is base:
            break
        found.append(node)
    return tuple(reversed(found))


def _every(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for way in node.ways:
            yield from _every(way)
