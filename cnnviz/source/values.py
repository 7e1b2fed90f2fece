"""What the names in pasted code stand for: modules, layers not yet built, and tensors on their way through a net."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from cnnviz.errors import DesignError
from cnnviz.layers import Block, Layer
from cnnviz.shapes import Shape


class MisfitError(DesignError):
    """Code that does not fit samples of the shape at hand, but may fit those of another.

    `channels` is what the layer at the very start of the net expects, where that is what does not fit.
    """

    def __init__(self, reason: str, channels: int | None = None) -> None:
        super().__init__(reason)
        self.channels = channels


class Symbol(Enum):
    """Values that have no number here: the size of a batch, and whether the net is being trained."""

    BATCH = auto()
    TRAINING = auto()


@dataclass(eq=False, frozen=True)
class LayerCall:
    """A layer as the code makes it: its arguments by torch's names, and how and where it is called."""

    kind: str
    arguments: Mapping[str, object]
    call: str
    line: int
    inplace: bool = False
    in_forward: bool = False
    """Whether it is made in forward, anew for every batch."""


@dataclass(eq=False)
class Sequential:
    """An `nn.Sequential`, or an `nn.Identity`, which is an empty one."""

    modules: list[object]
    line: int = 1


@dataclass(eq=False, frozen=True)
class BlockCall:
    """A block as the code makes it, around modules."""

    block: type[Block]
    modules: tuple[object, ...]


@dataclass(eq=False)
class Instance:
    """An object of a class in the text."""

    cls: ast.ClassDef
    attributes: dict[str, object] = field(default_factory=dict)

    def method(self, name: str) -> ast.FunctionDef | None:
        """Returns the method of that name, if there is one."""
        return next((m for m in self.cls.body if isinstance(m, ast.FunctionDef) and m.name == name), None)


@dataclass(eq=False, frozen=True)
class BoundMethod:
    """A method of an object of the text, not yet called."""

    owner: Instance
    function: ast.FunctionDef


@dataclass(frozen=True)
class ImportedName:
    """Something from outside the text, by its full name, such as torch.nn.functional.relu."""

    full_name: str


@dataclass(frozen=True)
class Unresolved:
    """The value of a line that is not understood; its error is raised only where the value is needed."""

    error: DesignError


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

    def iter_back(self) -> Iterator[TensorNode]:
        """Yields this node and all before it, the input last."""
        node: TensorNode | None = self
        while node is not None:
            yield node
            node = node.before


@dataclass(eq=False)
class Tensor:
    """What a name in forward is bound to; an operation in place gives it another node."""

    node: TensorNode


Module = LayerCall | Sequential | BlockCall | Instance
"""What can be called with a tensor."""


def contained_ids(outer: object) -> set[int]:
    """Returns the `id` of everything inside a module, at any depth."""
    ids: set[int] = set()
    todo = list(_parts(outer))
    while todo:
        if id(part := todo.pop()) not in ids:
            ids.add(id(part))
            todo.extend(_parts(part))
    return ids


def _parts(outer: object) -> Iterable[object]:
    if isinstance(outer, Sequential | BlockCall):
        return outer.modules
    if isinstance(outer, Instance):
        return outer.attributes.values()
    return outer if isinstance(outer, list | tuple) else ()
