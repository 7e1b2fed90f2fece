"""Tensors in pasted code on their way through a net: the graph of layers, and what names in forward are bound to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnnviz.errors import DesignError
from cnnviz.layers import Layer
from cnnviz.shapes import Shape, numel
from cnnviz.source.values import LayerCall, Symbol


@dataclass(eq=False, frozen=True)
class TensorNode:
    """A tensor in the graph of a net: the layer that gives it, and the tensor before; the input has neither."""

    shape: Shape
    layer: Layer | None = None
    before: TensorNode | None = None
    layer_call: LayerCall | None = None
    line: int = 0
    stacks: tuple[tuple[TensorNode, ...], ...] = ()
    """The tensors inside a block, stack by stack."""
    layer_count: int = 0
    """Layers from the input to here, those in blocks included."""
    parts: tuple[TensorNode, ...] = ()
    """The tensors that are put side by side in it, in their order."""
    batch: int | None = None
    """Size of the batch where the code says it, as that of one made of zeros."""
    cut: str = ""
    """The code by which no gradient goes further back than here, such as `x.detach()`; no layer stands here."""

    @property
    def sizes(self) -> tuple[int | Symbol, ...]:
        """Sizes of all axes, that of the batch first."""
        return (Symbol.BATCH if self.batch is None else self.batch, *self.shape)

    def cut_off(self, code: str, line: int) -> TensorNode:
        """Returns the same place without the gradient of what made it; where nothing did, itself."""
        if self.is_made_by_no_layer:
            return self
        return replace(self, layer=None, before=self, layer_call=None, line=line, stacks=(), cut=code)

    @property
    def is_made_by_no_layer(self) -> bool:
        """Whether it is the input, or made of numbers: no gradient goes further than that."""
        return self.before is None

    def iter_back(self) -> Iterator[TensorNode]:
        """Yields this node and all before it, the input last."""
        node: TensorNode | None = self
        while node is not None:
            yield node
            node = node.before


@dataclass(frozen=True)
class Begun:
    """A layer that code computes in several steps, as far as it has come."""

    step: str
    groups: int = 0


SHIFTED, RELU6_OF_SHIFTED, SHIFTED_PRODUCT = Begun("x + 3"), Begun("relu6(x + 3)"), Begun("x * relu6(x + 3)")
"""Steps of torch's Hardsigmoid and Hardswish: https://pytorch.org/docs/stable/generated/torch.nn.Hardswish.html"""


SWAPPED = "groups of channels swapped"
"""The step of a ChannelShuffle before its groups are put side by side again."""


class Tensor:
    """What a name in forward is bound to; an operation in place gives it another node."""

    def __init__(
        self,
        node: TensorNode,
        shares_with: Tensor | None = None,
        *,
        seen: Shape | None = None,
        seen_by: str = "",
        begun: Begun | None = None,
    ) -> None:
        self._node = node
        self.begun = begun
        """What the code has begun here that is a layer only with what comes next."""
        self.seen = seen
        """Shape of a sample as the code sees it, where the design holds the same numbers without some axes of 1."""
        self.seen_by = seen_by
        self._changed_by = ""
        self._views: list[Tensor] = shares_with._views if shares_with else []
        self._views.append(self)

    @property
    def node(self) -> TensorNode:
        """Where it stands in the graph.

        Raises DesignError when a tensor with the same numbers was changed in place, or the code sees another shape.
        """
        if self.seen is not None or self.begun:
            raise DesignError(self.seen_by)
        return self.held

    @property
    def held(self) -> TensorNode:
        """Where it stands in the graph, whatever the code sees; raises DesignError as `node` when it was changed."""
        if self._changed_by:
            raise DesignError(
                f"{self._changed_by} changes, in place, a tensor that shares its numbers with another one; a design"
                " cannot tell what that one holds then. Leave out the in-place form."
            )
        return self._node

    @property
    def sizes(self) -> tuple[int | Symbol, ...]:
        """Sizes of all axes as the code sees them, that of the batch first."""
        return self.held.sizes if self.seen is None else (self.held.sizes[0], *self.seen)

    def as_held(self) -> Tensor:
        """Returns the same numbers without axes of length 1 around them; raises DesignError where there are fewer."""
        is_row = self.seen is not None and numel(self.seen) == numel(self.held.shape) and not self.begun
        return Tensor(self.held if is_row else self.node, self)

    def seen_as(self, seen: Shape, before: Tensor | None = None) -> Tensor:
        """Returns the same numbers as the code sees them: in another shape, for the reason that `before` has."""
        reason = (before or self).seen_by
        return Tensor(self.held, self, seen=None if seen == self.held.shape else seen, seen_by=reason)

    @property
    def is_known(self) -> bool:
        """Whether it is known what it holds."""
        return not self._changed_by

    def change(self, node: TensorNode, line: int) -> None:
        """Gives it another node, as an operation in place does; others that share its numbers can no longer be used."""
        self._node = node
        for other in self._views:
            if other is not self:
                other._changed_by = f"Line {line}: an operation"
        self._views = [self]

    def cut_off(self, code: str, line: int) -> None:
        """Lets no gradient go further back than here."""
        self._node = self._node.cut_off(code, line)


@dataclass(eq=False, frozen=True)
class Sample:
    """One sample of a batch, of which only the shape is known: x[0]."""

    shape: Shape


@dataclass(eq=False, frozen=True)
class Stacked:
    """What torch.stack gives: tensors side by side on an axis of their own, which can only be added up."""

    tensors: tuple[Tensor, ...]
    axis: int
