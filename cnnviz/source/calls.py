"""What calls in pasted code give: layers and stacks where they are made, tensors where they are used."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, Block
from cnnviz.source import torchnames
from cnnviz.source.expressions import Expressions
from cnnviz.source.flow import joined, reshaped, through
from cnnviz.source.following import Scope
from cnnviz.source.others import OTHERS
from cnnviz.source.placing import bound, checked, written
from cnnviz.source.values import Chain, Function, Instance, Join, Method, Module, Sign, Tensor, Written

MOVES = ("to", "cuda", "cpu", "float", "double", "train", "eval", "requires_grad_", "contiguous")
"""Methods of modules and tensors that leave the net as it is."""
GROWING: dict[str, tuple[type, ...]] = {
    "append": (Chain, list),
    "extend": (Chain, list),
    "add_module": (Chain, Instance),
    "register_module": (Chain, Instance),
}
"""Methods by which stacks, lists and nets get more layers."""
Arguments = tuple[list[object], dict[str, object]]


class Calls(Expressions):
    """Follows calls."""

    @abstractmethod
    def enter(self, body: ast.FunctionDef, arguments: Arguments, scope: Scope, line: int) -> object:
        """What a function of the text returns."""

    @abstractmethod
    def made(self, cls: ast.ClassDef, arguments: Arguments, scope: Scope, line: int) -> Module:
        """An object of a class of the text."""

    def call(self, node: ast.Call, scope: Scope) -> object:
        """What a call gives; raises DesignError with its line where that is not understood."""
        if isinstance(node.func, ast.Attribute) and self.full(node.func, scope) is None:
            owner, name = self.value(node.func.value, scope), node.func.attr
            if isinstance(owner, Tensor):
                return self._tensor_method(owner, name, node, scope)
            if isinstance(owner, Module) and name in MOVES:
                return owner
            if isinstance(owner, GROWING.get(name, ())):
                return self._grown(owner, name, node, scope)
        what = self.value(node.func, scope)
        return self._torch(what.name, node, scope) if isinstance(what, Function) else self._called(what, node, scope)

    def _called(self, what: object, node: ast.Call, scope: Scope) -> object:
        """A call of something in the text."""
        arguments = self._arguments(node, scope)
        if isinstance(what, ast.ClassDef):
            return self.made(what, arguments, scope, node.lineno)
        if isinstance(what, ast.FunctionDef):
            return self.enter(what, arguments, scope, node.lineno)
        if isinstance(what, Method):
            return self.enter(what.body, ([what.owner, *arguments[0]], arguments[1]), scope, node.lineno)
        if isinstance(what, Module):
            return self.applied(what, *self._one_tensor(node, arguments))
        raise self.unknown(node)

    def applied(self, module: object, tensor: Tensor, line: int) -> Tensor:
        """What comes out of a module that is called there."""
        if isinstance(module, Written):
            return through(module, tensor, line)
        if isinstance(module, Chain):
            for each in module.modules:
                self.step(line)
                tensor = self.applied(each, tensor, line)
            return tensor
        if isinstance(module, Join):
            base = tensor.node
            return joined(module.kind, [self.applied(way, tensor, line) for way in module.ways], line, base)
        if isinstance(module, Instance) and (forward := module.method("forward")):
            out = self.enter(forward, ([module, tensor], {}), Scope(fleeting=True), line)
            if isinstance(out, Tensor):
                return out
            raise DesignError(f"Line {forward.lineno}: forward of {module.cls.name[:40]} does not return one tensor.")
        raise DesignError(f"Line {line}: what is called here has no forward.")

    def joined_by(self, kind: str, arguments: Arguments, line: int) -> Join:
        """A block of the kind that this package writes."""
        positional, named = arguments
        if kind == "Residual":
            given = {"projection": Chain([])} | bound(("layers", "projection"), positional, named, kind, line)
            ways = [given.get("layers"), given["projection"]]
        else:
            ways = [*positional, *named.values()]
        if not all(isinstance(way, Module) for way in ways) or not ways:
            raise DesignError(f"Line {line}: {kind} takes layers, or nn.Sequential(…) of layers.")
        return Join(kind, tuple(ways))

    def _arguments(self, node: ast.Call, scope: Scope) -> Arguments:
        named = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.unknown(node, "write the arguments out instead of **")
            named[keyword.arg] = self.value(keyword.value, scope)
        return list(self._elements(node.args, scope)), named

    def _one_tensor(self, node: ast.Call, arguments: Arguments) -> tuple[Tensor, int]:
        positional, named = arguments
        if len(positional) != 1 or named or not isinstance(positional[0], Tensor):
            raise self.unknown(node, "a layer is called with one tensor")
        return positional[0], node.lineno

    def _torch(self, full: str, node: ast.Call, scope: Scope) -> object:
        """A call of something that is not in the text."""
        line, name = node.lineno, full.rpartition(".")[2]
        if full.startswith("torch.nn.") and full.count(".") == 2:
            return self._module(name, node, scope)
        if full in OTHERS:
            positional, named = self._arguments(node, scope)
            return OTHERS[full](self, node, positional, named)
        if torchnames.function(full):
            (tensor, *positional), named = self._with_input(node, scope)
            return self._function(full, tensor, (positional, named), node)
        if full in ("cnnviz.Residual", "cnnviz.Parallel"):
            return self.joined_by(name, self._arguments(node, scope), line)
        raise self.unknown(node)

    def _with_input(self, node: ast.Call, scope: Scope) -> Arguments:
        positional, named = self._arguments(node, scope)
        positional = [*([named.pop("input")] if "input" in named else []), *positional]
        if not positional:
            raise self.unknown(node)
        return positional, named

    def _module(self, name: str, node: ast.Call, scope: Scope) -> object:
        """A call of a class in torch.nn."""
        kind = name.removeprefix("Lazy")
        if name == "Identity":
            return Chain([])
        if name in ("Sequential", "ModuleList"):
            positional, named = self._arguments(node, scope)
            inside = positional[0] if len(positional) == 1 and isinstance(positional[0], dict | list) else positional
            modules = list(inside.values() if isinstance(inside, dict) else inside)
            if named or not all(isinstance(each, Module) for each in modules):
                raise self.unknown(node, "it takes layers")
            return Chain(modules, node.lineno) if name == "Sequential" else modules
        if kind not in PALETTE or issubclass(PALETTE[kind], Block):
            close = get_close_matches(name[:40], PALETTE, n=1)
            hint = f"; do you mean {close[0]}?" if close else "."
            raise DesignError(f"Line {node.lineno}: nn.{name[:40]} is not a layer that can be stacked here{hint}")
        positional, named = self._arguments(node, scope)
        return written(kind, positional, named, node.lineno, lazy=kind != name, fleeting=scope.fleeting)

    def _function(self, full: str, tensor: object, arguments: Arguments, node: ast.Call) -> Tensor:
        """A layer by its function, F.max_pool2d(x, 2)."""
        name = torchnames.function(full) or ""
        kind, parameters = torchnames.FUNCTIONS[name]
        call, line = self.snippet(node.func), node.lineno
        if not isinstance(tensor, Tensor):
            raise self.unknown(node)
        given = bound(parameters, *arguments, call, line)
        given.setdefault("start_dim", 0) if name == "flatten" else None
        training = given.pop("training", name != "alpha_dropout")
        if training is False:
            return tensor
        if training not in (True, Sign.TRAINING):
            raise self.unknown(node)
        return through(checked(kind, given, call, line, inplace=full.endswith("_")), tensor, line)

    def _tensor_method(self, tensor: Tensor, name: str, node: ast.Call, scope: Scope) -> object:
        if name in MOVES:
            return tensor
        if name == "clone":
            return Tensor(tensor.node)
        if torchnames.function(f"torch.Tensor.{name}"):
            return self._function(f"torch.Tensor.{name}", tensor, self._arguments(node, scope), node)
        positional, named = self._arguments(node, scope)
        if name == "size" and not named:
            sizes = (Sign.BATCH, *tensor.node.shape)
            if not positional:
                return sizes
            if isinstance(positional[0], int) and -len(sizes) <= positional[0] < len(sizes):
                return sizes[positional[0]]
        if name in ("view", "reshape") and not named:
            return reshaped(tensor, _sizes(positional), self.snippet(node), node.lineno)
        raise self.unknown(node)

    def _grown(self, owner: object, how: str, node: ast.Call, scope: Scope) -> object:
        """A stack or a list that gets more layers."""
        positional, _ = self._arguments(node, scope)
        more = positional[-1:] if how != "extend" else positional[0] if positional else None
        if not isinstance(more, list) or not more or not all(isinstance(each, Module) for each in more):
            raise self.unknown(node)
        if isinstance(owner, Instance):
            owner.attributes[str(positional[0])] = more[0]
        else:
            inside: Any = owner.modules if isinstance(owner, Chain) else owner
            inside[:] = self.bounded_list([*inside, *more], node)
        return owner


def _sizes(positional: Sequence[object]) -> Sequence[object]:
    first = positional[0] if positional else ()
    return first if isinstance(first, tuple | list) else positional
