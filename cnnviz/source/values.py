"""What the names in pasted code stand for: numbers, layers not yet placed, and tensors on their way through a net."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from cnnviz.errors import DesignError
from cnnviz.layers import Layer
from cnnviz.shapes import Shape


class MisfitError(DesignError):
    """Code that samples of the shape at hand do not fit; of another shape, they may.

    `channels` is what the layer at the very start of the net says it gets, where that is the trouble.
    """

    def __init__(self, reason: str, channels: int | None = None) -> None:
        super().__init__(reason)
        self.channels = channels


class Sign(Enum):
    """Values that have no number: the size of a batch, and whether the net is being trained."""

    BATCH = auto()
    TRAINING = auto()


@dataclass(eq=False, frozen=True)
class Written:
    """A layer as the code makes it: its arguments by torch's names, and how and where it is called."""

    kind: str
    arguments: Mapping[str, object]
    call: str
    line: int
    inplace: bool = False
    fleeting: bool = False
    """Made in forward, anew for every batch."""


@dataclass(eq=False)
class Chain:
    """An `nn.Sequential` (or Identity, which is an empty one)."""

    modules: list[object]
    line: int = 1


@dataclass(eq=False, frozen=True)
class Join:
    """A block whose ways are modules."""

    kind: str
    ways: tuple[object, ...]


@dataclass(eq=False)
class Instance:
    """An object of a class in the text."""

    cls: ast.ClassDef
    attributes: dict[str, object] = field(default_factory=dict)

    def method(self, name: str) -> ast.FunctionDef | None:
        """The method of that name, if there is one."""
        return next((m for m in self.cls.body if isinstance(m, ast.FunctionDef) and m.name == name), None)


@dataclass(eq=False, frozen=True)
class Method:
    """A method of such an object, not yet called."""

    owner: Instance
    body: ast.FunctionDef


@dataclass(frozen=True)
class Function:
    """A function of torch by its full name."""

    name: str


@dataclass(frozen=True)
class Unclear:
    """What came of a line that is not understood; told only where it is needed."""

    error: DesignError


@dataclass(eq=False, frozen=True)
class Node:
    """A tensor on its way: the layer it comes out of, and what went in; the input of the net has neither."""

    shape: Shape
    layer: Layer | None = None
    before: Node | None = None
    written: Written | None = None
    line: int = 0
    ways: tuple[tuple[Node, ...], ...] = ()
    count: int = 0
    """Layers from the input to here, those in blocks included."""

    def back(self) -> Iterator[Node]:
        """This node and all before it, the input last."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.before


@dataclass(eq=False)
class Tensor:
    """What a name in forward is bound to; an operation in place gives it another node."""

    node: Node


Module = Written | Chain | Join | Instance
"""What can be called with a tensor."""


def inside(outer: object) -> set[int]:
    """The `id` of everything that a module has in it, whatever is between."""
    found: set[int] = set()
    todo = list(_parts(outer))
    while todo:
        if id(each := todo.pop()) not in found:
            found.add(id(each))
            todo.extend(_parts(each))
    return found


def _parts(outer: object) -> Iterable[object]:
    if isinstance(outer, Chain):
        return outer.modules
    if isinstance(outer, Join):
        return outer.ways
    if isinstance(outer, Instance):
        return outer.attributes.values()
    return outer if isinstance(outer, list | tuple) else ()
