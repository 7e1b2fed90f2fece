"""What the names in pasted code stand for: modules, layers not yet built, and tensors on their way through a net."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Self

from cnnviz.errors import DesignError
from cnnviz.layers import Block
from cnnviz.shapes import Shape


class MisfitError(DesignError):
    """Code that does not fit samples of the shape at hand, but may fit those of another.

    `channels` is what the layer at the very start of the net expects, where that is what does not fit; `shape` is what
    the code itself gives a sample there, as `x.view(-1, 1, 28, 28)` does.
    """

    def __init__(self, reason: str, channels: int | None = None, shape: Shape | None = None) -> None:
        super().__init__(reason)
        self.channels = channels
        self.shape = shape


MISSING = object()
"""What stands for an attribute that there is not."""


class Symbol(Enum):
    """Values that have no number here: the size of a batch, and whether the net is being trained.

    WEIGHT is a parameter of a layer, which changes no design whatever is done to it; DEVICE stands for devices and
    types of numbers, LOGGER for what writes a log.
    """

    BATCH = auto()
    TRAINING = auto()
    WEIGHT = auto()
    DEVICE = auto()
    LOGGER = auto()


WITHOUT_EFFECT = (Symbol.WEIGHT, Symbol.DEVICE, Symbol.LOGGER)
"""Values whose attributes and methods change no design; each of these gives such a value again."""


class Lazy(Iterator[object]):
    """An iterator, worked out step by step: what a generator, map, zip, enumerate or reversed gives."""

    def __init__(self, items: Iterable[object], line: int) -> None:
        self._items = iter(items)
        self._line = line
        self._is_running = False

    def __next__(self) -> object:
        """Returns the next item; raises DesignError where working it out needs it itself."""
        if self._is_running:
            raise DesignError(f"Line {self._line}: an iterator here goes through itself.")
        self._is_running = True
        try:
            return next(self._items)
        finally:
            self._is_running = False


class ModuleList(list[object]):
    """An `nn.ModuleList`: unlike those in a plain list, its modules belong to the net."""


class ModuleDict(dict[object, object]):
    """An `nn.ModuleDict`."""


class OrderedDict(dict[object, object]):
    """An `OrderedDict`, the only dict that nn.Sequential takes."""


class ModulesView(dict[object, object]):
    """What `_modules` of a net gives; to put something into it is not understood."""


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
    is_identity: bool = False
    named: dict[str, object] = field(default_factory=dict)
    """Modules that the code has given a name."""

    def module(self, name: str) -> object:
        """Returns the module of a name, "0" and "conv" alike; MISSING where there is none."""
        if any(self.named.get(name) is module for module in self.modules):
            return self.named[name]
        is_place = name.isdecimal() and len(name) < 5 and int(name) < len(self.modules)
        found = self.modules[int(name)] if is_place else MISSING
        return MISSING if any(found is module for module in self.named.values()) else found


@dataclass(eq=False, frozen=True)
class KerasLayer:
    """A layer of Keras as the code makes it; which layers of torch it is depends on the shape of its input."""

    name: str
    arguments: Mapping[str, object]
    line: int
    calls: list[LayerCall] = field(default_factory=list)
    """What it has become."""


@dataclass(eq=False)
class KerasSequential(Sequential):
    """A `keras.Sequential` of Keras' layers."""


@dataclass(eq=False, frozen=True)
class BlockCall:
    """A block as the code makes it, around modules."""

    block: type[Block]
    modules: tuple[object, ...]


@dataclass(eq=False)
class Function:
    """A function, method or lambda of the text, with what surrounded it when it was defined."""

    node: ast.FunctionDef | ast.Lambda
    around: tuple[dict[str, object], ...] = ()
    """Names of the functions around it, the innermost first."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Defaults of its parameters, worked out where it was defined."""
    decorators: tuple[str, ...] = ()
    cls: Class | None = None
    """The class that it is a method of."""
    is_generator: bool = False
    """Whether it yields."""

    @property
    def name(self) -> str:
        """Its name, for messages."""
        return self.node.name[:40] if isinstance(self.node, ast.FunctionDef) else "lambda"


class _StandIn:
    """Stands in for a class of the text where Python is asked for the order of its bases."""

    of: Class | None = None


@dataclass(eq=False)
class Class:
    """A class of the text."""

    node: ast.ClassDef
    bases: tuple[object, ...]
    """What it derives from: classes of the text, or the names of others."""
    attributes: dict[str, object] = field(default_factory=dict)
    """Methods, and what is set in its body."""
    decorators: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name, for messages."""
        return self.node.name[:40]

    @cached_property
    def lineage(self) -> tuple[Class, ...]:
        """The class and those of the text that it derives from, in the order in which attributes are found."""
        return tuple(
            stand_in.of for stand_in in self.stand_in.__mro__ if issubclass(stand_in, _StandIn) and stand_in.of
        )

    @cached_property
    def stand_in(self) -> type[_StandIn]:
        """An empty class of Python's with stand-ins of the same bases, so that Python itself orders them.

        Raises DesignError where it can find no order.
        """
        bases = tuple(base.stand_in for base in self.bases if isinstance(base, Class)) or (_StandIn,)
        try:
            return type(self.name, bases, {"of": self})
        except TypeError:
            raise DesignError(
                f"Line {self.node.lineno}: the bases of {self.name} contradict each other; Python refuses the class."
            ) from None

    def base_names(self) -> set[str]:
        """Returns the full names of the classes outside the text that it derives from; "" where one is unknown."""
        bases = [base for cls in self.lineage for base in cls.bases if not isinstance(base, Class)]
        return {base.full_name if isinstance(base, ImportedName) else "" for base in bases}

    def find(self, name: str, after: Class | None = None) -> object:
        """Returns an attribute, of the classes after `after` if that is given; MISSING where there is none."""
        line = self.lineage
        line = line[line.index(after) + 1 :] if after in line else line
        return next((cls.attributes[name] for cls in line if name in cls.attributes), MISSING)


@dataclass(eq=False)
class Object:
    """An object that is no module: settings, say."""

    cls: Class | None = None
    attributes: dict[str, object] = field(default_factory=dict)

    def method(self, name: str) -> Function | None:
        """Returns the method of that name, if there is one."""
        found = self.cls.find(name) if self.cls else None
        return found if isinstance(found, Function) else None


@dataclass(eq=False)
class Instance(Object):
    """An object of a class in the text that is a module."""

    cls: Class
    attributes: dict[str, object] = field(default_factory=dict)
    is_initialised: bool = False
    """Whether the __init__ of nn.Module was called, before which torch takes no layers."""
    module_names: set[str] = field(default_factory=set)
    """Attributes that are, or were, modules."""
    sequential: Sequential | None = None
    """What it runs through where it derives from nn.Sequential."""
    layer: LayerCall | None = None
    """The layer that it is where it derives from one of torch's."""


@dataclass(eq=False, frozen=True)
class DefaultFactory:
    """The default of a dataclass's field that is made anew for each object, and where it was written."""

    function: object
    node: ast.Call


class NamedTuple(tuple[object, ...]):
    """A named tuple: an object of a class of the text that derives from typing.NamedTuple."""

    cls: Class
    names: tuple[str, ...]

    def __new__(cls, values: Mapping[str, object], of: Class) -> Self:
        """Returns a tuple of these values, in their order."""
        result = super().__new__(cls, values.values())
        result.cls, result.names = of, tuple(values)
        return result


@dataclass(eq=False, frozen=True)
class Super:
    """What super() gives: an object as the classes behind one of its own see it."""

    owner: Object
    after: Class


@dataclass(eq=False)
class ArgumentParser:
    """An argparse.ArgumentParser, with the defaults of its arguments."""

    defaults: dict[str, object] = field(default_factory=dict)


@dataclass(eq=False, frozen=True)
class BoundMethod:
    """A method of an object or class of the text, not yet called."""

    owner: object
    function: Function


@dataclass(eq=False, frozen=True)
class Partial:
    """A function or class with some of its arguments given: functools.partial."""

    function: object
    positional: tuple[object, ...]
    named: Mapping[str, object]


@dataclass(frozen=True)
class ImportedName:
    """Something from outside the text, by its full name, such as torch.nn.functional.relu."""

    full_name: str


@dataclass(frozen=True)
class Unresolved:
    """The value of a line that is not understood; its error is raised only where the value is needed."""

    error: DesignError


Module = LayerCall | Sequential | BlockCall | Instance
"""What can be called with a tensor."""


def contained_ids(outer: object, *, registered: bool = False) -> set[int]:
    """Returns the `id` of everything inside a module, at any depth; if `registered`, without what torch overlooks."""
    ids: set[int] = set()
    todo = list(parts_of(outer, registered=registered))
    while todo:
        if id(part := todo.pop()) not in ids:
            ids.add(id(part))
            todo.extend(parts_of(part, registered=registered))
    return ids


def parts_of(outer: object, *, registered: bool = False) -> Iterable[object]:
    """Returns what a module, list or dict holds; if `registered`, without what torch overlooks."""
    if isinstance(outer, Sequential | BlockCall):
        return outer.modules
    if isinstance(outer, Instance):
        return (*outer.attributes.values(), *(part for part in (outer.sequential, outer.layer) if part))
    if isinstance(outer, KerasLayer | ModuleDict):
        return outer.calls if isinstance(outer, KerasLayer) else outer.values()
    if registered and not isinstance(outer, ModuleList):
        return ()
    if isinstance(outer, dict):
        return outer.values()
    return outer if isinstance(outer, list | tuple) else ()
