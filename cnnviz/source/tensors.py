"""Tensors on their way through a net: what forward computes, as a stack of layers with blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product, takewhile

from pydantic import ValidationError

from cnnviz.architecture import MAX_LAYERS, MAX_SIZE
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import (
    GLU,
    PALETTE,
    Block,
    Dropout,
    Flatten,
    Identity,
    Layer,
    Linear,
    LogSoftmax,
    PReLU,
    Softmax,
    Softmin,
    Unflatten,
)
from cnnviz.layers.activation.elementwise import Elementwise
from cnnviz.layers.join import Join
from cnnviz.shapes import AXES, format_shape, numel
from cnnviz.source.blocks import block_joined_by
from cnnviz.source.layer_calls import build_layer
from cnnviz.source.tensor_values import RELU6_OF_SHIFTED, SHIFTED, SWAPPED, Tensor, TensorNode
from cnnviz.source.values import LayerCall, MisfitError, Symbol


def apply_layer(call: LayerCall, tensor: Tensor, line: int) -> Tensor:
    """Returns what a layer that is called on that line makes of a tensor."""
    if tensor.begun == SHIFTED and _is_relu6(call):
        return Tensor(tensor.held, seen_by=tensor.seen_by, begun=RELU6_OF_SHIFTED)
    if tensor.seen is not None:
        return _apply_to_row(call, tensor, line)
    before = tensor.node
    try:
        layer = build_layer(call, before.shape)
    except MisfitError as error:
        is_at_start = all(isinstance(node.layer, Flatten | None) for node in before.iter_back())
        raise MisfitError(str(error), error.channels if is_at_start else None) from None
    if call.in_forward and _is_stateful(layer, before):
        raise DesignError(
            f"Line {line}: {call.call} is created anew in every forward, so its weights never learn; create it in"
            " __init__."
        )
    layer_count = _bounded_count(before.layer_count + 1, line)
    shape = layer.output_shape(before.shape)
    node = TensorNode(shape, layer, before, call, line, layer_count=layer_count, batch=before.batch)
    if call.inplace:
        tensor.change(node, line)
        return tensor
    may_be_the_same = isinstance(layer, Flatten | Unflatten | Identity) or "Dropout" in layer.kind
    return Tensor(node, tensor if may_be_the_same else None)


def _is_relu6(call: LayerCall) -> bool:
    bounds = [call.arguments.get(name) for name in ("min_val", "max_val")]
    return call.kind == "ReLU6" or (call.kind == "Hardtanh" and bounds == [0, 6])


def _apply_to_row(call: LayerCall, tensor: Tensor, line: int) -> Tensor:
    """Returns what a layer makes of a row of numbers around which the code sees axes of length 1.

    Raises DesignError, as `tensor.node` does, where these axes would matter to it.
    """
    seen, shape = tensor.seen or (), tensor.held.shape
    if len(shape) != 1 or numel(seen) != shape[0] or tensor.begun:
        return apply_layer(call, Tensor(tensor.node), line)
    row = Tensor(tensor.held, tensor)
    cls, dim = PALETTE[call.kind], call.arguments.get("dim")
    works_along_row = isinstance(dim, int) and -len(seen) <= dim <= len(seen) and seen[dim - (dim > 0)] == shape[0]
    if cls is Flatten and dict(call.arguments).get("start_dim", 1) == 1 and call.arguments.get("end_dim", -1) == -1:
        return row
    if issubclass(cls, Softmax | LogSoftmax | Softmin) and dim and works_along_row:
        call = replace(call, arguments={**call.arguments, "dim": 1})
    elif not (
        (cls is Linear and seen[-1:] == shape)
        or cls is Dropout
        or (issubclass(cls, Elementwise) and not issubclass(cls, PReLU | GLU | Softmax | LogSoftmax | Softmin))
    ):
        row = Tensor(tensor.node)
    result = apply_layer(call, row, line)
    if call.inplace:
        tensor.change(result.held, line)
        return tensor
    return result.seen_as((*seen[:-1], *result.held.shape) if cls is Linear else seen, tensor)


def join_tensors(join: Join, tensors: Sequence[Tensor], line: int, *, ordered: bool) -> Tensor:
    """Returns the output of a block around all that has happened to the tensors since they parted.

    Where they are not `ordered`, as the terms of a sum, a tensor without layers of its own becomes the last stack.
    """
    ends = [tensor.node for tensor in tensors]
    if ordered:
        ends = _grouped(ends)
    start = _last_common_node(ends)
    if start is None:
        raise DesignError(f"Line {line}: what is joined here does not come from the same tensor.")
    ends = _with_shared_beginnings(join, ends, start, line) if ordered else sorted(ends, key=lambda end: end is start)
    joined = join_stacks(block_joined_by(join), ends, start, line)
    if ordered:
        return Tensor(replace(joined.node, parts=tuple(tensor.node for tensor in tensors)))
    return joined


def _grouped(ends: list[TensorNode]) -> list[TensorNode]:
    """Returns tensors to put side by side, the first of them as one where a later one was computed from just these.

    So a dense block, in which each layer reads all outputs before it, is one block in the next.
    """
    for count in range(len(ends) - 1, 1, -1):
        first = tuple(ends[:count])
        whole = next((node for node in ends[count].iter_back() if node.parts == first), None)
        if whole is not None:
            return [whole, *ends[count:]]
    return ends


def _with_shared_beginnings(join: Join, ends: list[TensorNode], start: TensorNode, line: int) -> list[TensorNode]:
    """Returns tensors to put side by side, neighbours that share layers with weights behind `start` as one block.

    So a convolution that three of four branches begin with stands once, before a block of these three.
    """
    for count in range(len(ends) - 1, 1, -1):
        for first in range(len(ends) - count + 1):
            group = ends[first : first + count]
            common = _last_common_node(group)
            between = _nodes_between(start, common) if common and common is not start else ()
            if common and any(node.before and _is_stateful(node.layer, node.before) for node in between if node.layer):
                inner = _with_shared_beginnings(join, group, common, line)
                whole = join_stacks(block_joined_by(join), inner, common, line).node
                return _with_shared_beginnings(join, [*ends[:first], whole, *ends[first + count :]], start, line)
    return ends


def join_stacks(block: type[Block], ends: Sequence[TensorNode], start: TensorNode, line: int) -> Tensor:
    """Returns the output of a block whose stacks lead from one node to these; raises DesignError if none can."""
    inner_count = sum(end.layer_count - start.layer_count for end in ends)
    layer_count = _bounded_count(start.layer_count + 1 + inner_count, line)
    stacks = tuple(_nodes_between(start, end) for end in ends)
    try:
        layer = block.from_stacks([tuple(node.layer for node in stack if node.layer) for stack in stacks])
    except ValidationError as error:
        raise DesignError(f"Line {line}: {error.errors()[0]['msg']}.") from None
    try:
        shape = layer.joined_shape([end.shape for end in ends], start.shape)
    except ShapeError as error:
        raise MisfitError(f"Line {line}: {error}.") from None
    node = TensorNode(shape, layer, start, None, line, stacks, layer_count, batch=start.batch)
    return Tensor(node)


def reshape_tensor(tensor: Tensor, sizes: Sequence[object], call: str, line: int) -> Tensor:
    """Returns what `view` and `reshape` make of a tensor, as far as that is a Flatten."""
    if tensor.begun and tensor.begun.step == SWAPPED and list(sizes)[1:] in _whole(tensor):
        shuffle = LayerCall("ChannelShuffle", {"groups": tensor.begun.groups}, call, line)
        return apply_layer(shuffle, Tensor(tensor.held), line)
    if tensor.seen is not None or tensor.begun:
        return _reshape_row(tensor, sizes)
    if list(sizes) == [-1] and numel(tensor.node.shape) == 1:
        return Tensor(tensor.node, tensor, seen=(), seen_by=f"Line {line}: `{call}` leaves nothing but the batch.")
    return _reshape_numbers(tensor, sizes) or _reshape(tensor, sizes, call, line)


def _whole(tensor: Tensor) -> list[list[int]]:
    """The ways to write the sizes of a tensor whose channels were split before, with one -1 or none."""
    shape = list(tensor.held.shape)
    return [shape, *([-1 if place == axis else size for place, size in enumerate(shape)] for axis in range(len(shape)))]


def _reshape_numbers(tensor: Tensor, sizes: Sequence[object]) -> Tensor | None:
    """Returns a batch made of numbers, to try a net on, with other sizes; None for any other tensor."""
    batch, *rest = sizes or (0,)
    shape = tuple(size for size in rest if isinstance(size, int) and size > 0)
    given = tensor.node.batch
    if given is None or tensor.node.before is not None or len(shape) < len(rest) or len(shape) not in AXES:
        return None
    count, remainder = divmod(given * numel(tensor.node.shape), numel(shape))
    fits = remainder == 0 and batch in (-1, count)
    return Tensor(TensorNode(shape, batch=count), tensor) if fits else None


def _reshape(tensor: Tensor, sizes: Sequence[object], call: str, line: int) -> Tensor:
    shape = tensor.node.shape
    batch, *rest = sizes or (0,)
    wanted = [size for size in rest if isinstance(size, int)]
    is_batch = batch is Symbol.BATCH or (batch == tensor.node.batch and batch is not None)
    if not (is_batch or batch == -1) or len(wanted) < len(rest) or not rest:
        raise DesignError(f"Line {line}: `{call}` must keep the batch as axis 0: write x.view(x.size(0), -1).")
    if wanted.count(-1) == 1 and is_batch:
        known = numel(tuple(size for size in wanted if size != -1))
        wanted[wanted.index(-1)] = numel(shape) // known if known > 0 else 0
    is_input, is_whole = tensor.node.before is None, len(wanted) in AXES and min(wanted) >= 1 and len(wanted) > 1
    if is_input and is_whole and len(shape) == 1 and numel(tuple(wanted)) == numel(shape):
        return Tensor(
            TensorNode(tuple(wanted), batch=tensor.node.batch), tensor
        )  # samples of the design have this shape
    if numel(tuple(wanted)) != numel(shape) or min(wanted) < 1:
        is_flat_input = tensor.node.before is None and len(wanted) == 1
        raise MisfitError(
            f"Line {line}: `{call}` does not fit: one sample holds {numel(shape)} numbers there"
            f" ({format_shape(shape)}), not {format_shape(tuple(wanted))}.",
            wanted[0] if is_flat_input else None,
            tuple(wanted) if is_input and is_whole and max(wanted) <= MAX_SIZE else None,
        )
    if tuple(wanted) == shape:
        return tensor
    for first, last in combinations(range(1, len(shape) + 1), 2):
        if Flatten(start_dim=first, end_dim=last).output_shape(shape) == tuple(wanted):
            is_whole = (first, last) == (1, len(shape))
            arguments = {} if is_whole else {"start_dim": first, "end_dim": last}
            return apply_layer(LayerCall("Flatten", arguments, call, line), tensor, line)
    for axis, after in product(range(len(shape)), range(2, len(wanted) + 1)):
        sizes = wanted[axis : axis + after]
        if (*shape[:axis], *sizes, *shape[axis + 1 :]) == tuple(wanted):
            return apply_layer(
                LayerCall("Unflatten", {"dim": axis + 1, "unflattened_size": tuple(sizes)}, call, line), tensor, line
            )
    raise DesignError(
        f"Line {line}: `{call}` turns {format_shape(shape)} into {format_shape(tuple(wanted))}; a design can only"
        " flatten axes, or split one."
    )


def _reshape_row(tensor: Tensor, sizes: Sequence[object]) -> Tensor:
    """Returns a row of numbers with other axes of length 1 around it; raises DesignError as `tensor.node` does."""
    batch, *wanted = sizes or (0,)
    count = numel(tensor.held.shape)
    given = [size for size in wanted if isinstance(size, int)]
    if given.count(-1) == 1:
        others = numel(tuple(size for size in given if size != -1))
        given[given.index(-1)] = count // others if others else 0
    is_same = len(given) == len(wanted) and sorted(given) == sorted((*(1,) * (len(given) - 1), count))
    keeps_batch = batch is Symbol.BATCH or (batch == -1 and -1 not in wanted)
    if numel(tensor.seen or ()) != count or not (is_same and keeps_batch) or tensor.begun:
        return Tensor(tensor.node)
    return tensor.seen_as(tuple(given))


def layers_up_to(node: TensorNode) -> tuple[Layer, ...]:
    """Returns all layers from the input to a node.

    Raises DesignError where a layer with weights would have to stand in two places.
    """
    nodes = tuple(reversed(list(node.iter_back())))
    uses: dict[LayerCall, TensorNode] = {}
    for use in iter_all(nodes):
        call = use.layer_call
        if call is None:
            continue
        before = uses.get(call)
        uses[call] = use
        if before is None or not (use.layer and use.before and _is_stateful(use.layer, use.before)):
            continue
        if before is use:
            raise DesignError(
                f"Line {use.line}: the output of {call.call} takes several paths that do not start at one place and"
                " meet at another, which a design cannot express."
            )
        raise DesignError(
            f"Line {use.line}: {call.call} of line {call.line} is used a second time (before in line {before.line})."
            " Its weights would be shared, which a design cannot express; make a second layer."
        )
    return tuple(node.layer for node in nodes if node.layer)


def stateful_calls(node: TensorNode, *, alone: bool = False) -> Iterator[LayerCall]:
    """Yields the layers with weights on the way from the input to a node; if `alone`, only the one there."""
    for use in [node] if alone else iter_all(tuple(node.iter_back())):
        if use.layer and use.before and use.layer_call and _is_stateful(use.layer, use.before):
            yield use.layer_call


def _bounded_count(count: int, line: int) -> int:
    if count > MAX_LAYERS:
        raise DesignError(f"Line {line}: a net can have at most {MAX_LAYERS} layers, those in blocks included.")
    return count


def _is_stateful(layer: Layer, before: TensorNode) -> bool:
    """Whether it keeps anything from batch to batch: weights, or running statistics."""
    return layer.parameters(before.shape) > 0 or getattr(layer, "track_running_stats", False)


def _last_common_node(ends: Sequence[TensorNode]) -> TensorNode | None:
    """The last node that lies on the way to all of these; None if they begin apart."""
    others = [set(end.iter_back()) for end in ends[1:]]
    return next((node for node in ends[0].iter_back() if all(node in other for other in others)), None)


def _nodes_between(start: TensorNode, end: TensorNode) -> tuple[TensorNode, ...]:
    """The nodes behind `start` up to `end`, which is among them."""
    nodes = list(takewhile(lambda node: node is not start, end.iter_back()))
    return tuple(reversed(nodes))


def iter_all(nodes: Sequence[TensorNode]) -> Iterator[TensorNode]:
    """Yields the nodes and those inside their blocks."""
    for node in nodes:
        yield node
        for stack in node.stacks:
            yield from iter_all(stack)
