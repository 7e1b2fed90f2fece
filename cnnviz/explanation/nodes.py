"""Node: a tensor on its way through a module at run time, what gave it, and from which tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from cnnviz.errors import ShapeError
from cnnviz.layers import Layer
from cnnviz.layers.base import ReceptiveFields, all_or_none
from cnnviz.layers.join import Join, StackOutput
from cnnviz.receptive_field import ReceptiveField, join_fields
from cnnviz.shapes import Shape


@dataclass(eq=False)
class Node:
    """A tensor: the layer or join that gave it, and the tensors that these read; an input of the net has none.

    Where no layer or join that a design can hold gave it, `obstacle` names what did.
    """

    shape: Shape | None
    """Shape of one sample; None where the first axis is not that of the batch."""
    name: str
    """What gave it, as the table calls it."""
    sources: tuple[Node, ...] = ()
    layer: Layer | None = None
    join: Join | None = None
    module: nn.Module | None = None
    """The module that gave it; None for a function."""
    obstacle: str = ""
    notes: tuple[str, ...] = ()
    """What is unusual about the call that gave it."""

    @cached_property
    def receptive_field(self) -> ReceptiveFields:
        """Receptive field of one position along each axis of the net's input; None where it is unknown."""
        if not self.shape:
            return None
        if not self.sources:
            return all_or_none(map(ReceptiveField.of_input, self.shape[1:])) if not self.obstacle else None
        befores = [source.receptive_field for source in self.sources]
        if self.layer and self.sources[0].shape:
            return self.layer.receptive_field(befores[0], self.sources[0].shape)
        if self.join and len({len(before) if before is not None else -1 for before in befores}) == 1:
            return all_or_none(map(join_fields, zip(*(before or () for before in befores), strict=True)))
        return None


@dataclass(eq=False)
class Call:
    """A call of a module or function that is a row of the table, in the order of the calls."""

    name: str
    kind: str
    inputs: tuple[Node, ...]
    """The tensors that it got, those of lists included."""
    module: nn.Module | None = None
    join: Join | None = None
    layer: Layer | None = None
    """The layer of the palette that it is, which may refuse its input."""
    left_out: tuple[str, ...] = ()
    """Arguments that a design cannot hold."""
    outputs: tuple[Tensor, ...] = ()
    output_nodes: tuple[Node, ...] = ()
    error: Exception | None = None
    is_registered: bool = True
    """Whether a module is part of the net, as far as torch knows."""

    @property
    def input_shape(self) -> Shape | None:
        """Shape of one sample of its first input."""
        return self.inputs[0].shape if self.inputs else None


@dataclass(eq=False)
class Frame:
    """A module that is being called."""

    module: nn.Module
    layer_kind: str | None
    """The kind of layer that it is; None where it is none of the palette's."""
    path: str
    """Its name in the net; empty for the net itself."""
    inputs: tuple[Node, ...]
    holds_rows: bool
    """Whether functions that it calls are rows, as it is more than one leaf."""
    follows_functions: bool
    """Whether what its functions do is followed: it is no class of torch's own."""
    calls_before: int
    is_registered: bool = True
    has_called_modules: bool = False

    @property
    def name(self) -> str:
        """Its name in the net, or that of its class."""
        return self.path or type(self.module).__name__


def joined_shape(join: Join, nodes: Sequence[Node]) -> Shape | None:
    """Returns the shape that a join of tensors has; None where a design cannot join them."""
    try:
        return join.output_shape([StackOutput(node.name, (), node.shape or ()) for node in nodes])
    except (ShapeError, KeyError):
        return None
