"""KnownTensors: the tensors of one forward pass that come from the input of the net, and the node of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import Tensor

from cnnviz.explanation.functions import tensors_in
from cnnviz.explanation.nodes import Node
from cnnviz.shapes import Shape


class KnownTensors:
    """What is known of the tensors of one forward pass with `batch_size` samples; keeps them alive."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self._nodes: dict[int, tuple[Tensor, Node]] = {}  # with the tensors, whose ids would be used again
        self._by_memory: dict[int | None, dict[int, Tensor]] = {}  # the same tensors

    def __contains__(self, tensor: Tensor) -> bool:
        return id(tensor) in self._nodes

    def remember(self, tensor: Tensor, node: Node) -> Node:
        """Makes a tensor known, or known as something else; returns its node."""
        self._nodes[id(tensor)] = (tensor, node)
        self._by_memory.setdefault(_memory(tensor), {})[id(tensor)] = tensor
        return node

    def nodes_of(self, values: Iterable[object]) -> Iterator[Node]:
        """Yields what is known of those of the values that are tensors made from the input, at any depth."""
        for tensor in tensors_in(values):
            known = self._nodes.get(id(tensor))
            if known:
                yield known[1]

    def sample_shape(self, tensor: Tensor) -> Shape | None:
        """Returns the shape of one sample; None where the first axis is not that of the batch."""
        batch, *shape = tensor.shape or (0,)
        return tuple(shape) if batch == self.batch_size else None

    def spoil(self, tensors: Iterable[Tensor], what: str, values: Iterable[object]) -> None:
        """Makes unknown what tensors hold, which `what` has changed, reading `values`."""
        sources = tuple(self.nodes_of(values))
        for tensor in tensors:
            before = tuple(self.nodes_of([tensor])) or sources
            if before:
                self.remember(tensor, Node(self.sample_shape(tensor), what, before, obstacle=what))

    def sharing_memory(self, tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
        """Returns the known tensors that share memory with one of these."""
        memories = {_memory(tensor) for tensor in tensors} - {None}
        return tuple(tensor for memory in memories for tensor in self._by_memory.get(memory, {}).values())


def _memory(tensor: Tensor) -> int | None:
    """Returns a number for the memory of a tensor, the same for all views of it; None where it has none of its own."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):  # a sparse tensor, or a class that wraps others
        return None
