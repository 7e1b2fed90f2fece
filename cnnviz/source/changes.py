"""Code outside a net that may change it: what was not understood must not be passed over there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

CHANGING_CALLS = ("setattr", "delattr")
RUNNING_CALLS = ("exec", "eval", "globals", "locals", "vars")
PICKING_CALLS = ("list", "tuple", "next", "iter", "reversed", "getattr", "dict", "vars")
"""Functions that hand out parts of what they are given: list(net)[0]."""
HOOKS = ("register_forward_hook", "register_forward_pre_hook")
WITHOUT_SHAPE = ("requires_grad", "grad", "data", "training", "names", "name")
"""Attributes of layers and weights that no design holds."""
MODULE_ITERATORS = ("modules", "named_modules", "children", "named_children")
SPECIAL = ("forward", "__call__", "_modules", "__dict__", "__class__")
"""Attributes of a module that decide what it computes, whether or not its forward reads them."""

Owner = Callable[[str], bool]
"""Whether what a name stands for is a module or holds one."""


class NetChanges:
    """What of a text may change nets, by its syntax alone."""

    def __init__(self, tree: ast.Module, changing_methods: tuple[str, ...]) -> None:
        self._functions: dict[str, list[ast.FunctionDef]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self._functions.setdefault(node.name, []).append(node)
        self._methods = changing_methods
        self._read_in_forward = self._names_read_from("forward")

    def find(self, node: ast.AST, holds_module: Owner, is_layer: Owner | None = None, depth: int = 0) -> ast.AST | None:
        """Returns the first place that may change what a module computes; None where there is none."""
        bound = set(_module_loops(node))

        def looped(name: str) -> bool:
            return name in bound or bool(is_layer and is_layer(name))

        def is_module(name: str) -> bool:
            return looped(name) or holds_module(name)

        for part in ast.walk(node):
            if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
                if self._changes(part, looped, is_module):
                    return part
            elif isinstance(part, ast.Call) and (
                self._call_changes(part, looped, is_module) or self._function_changes(part, is_module, depth)
            ):
                return part
        return None

    def changes_argument(self, function: ast.AST) -> bool:
        """Returns whether a function or lambda may change the layer that it is called with: model.apply(function)."""
        parameters = {argument.arg for argument in getattr(getattr(function, "args", None), "args", [])}
        looped = {*parameters, *_module_loops(function)}.__contains__
        return any(
            (
                isinstance(part, ast.Attribute | ast.Subscript)
                and not isinstance(part.ctx, ast.Load)
                and self._changes(part, looped, looped)
            )
            or (isinstance(part, ast.Call) and self._call_changes(part, looped, looped))
            for part in ast.walk(function)
        )

    def _names_read_from(self, start: str) -> set[str]:
        """Attributes that methods of that name read, and those that they call."""
        read, todo, seen = set[str](), [start], set[str]()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for function in self._functions.get(name, ()):
                names = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
                names |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                read |= names
                todo += names & self._functions.keys()
        return read

    def _changes(self, target: ast.expr, looped: Owner, is_module: Owner) -> bool:
        """Whether a place that is bound or deleted is part of a module that forward uses."""
        root, attributes = _chain(target)
        if not root or not is_module(root) or attributes[-1:] in [[name] for name in WITHOUT_SHAPE]:
            return False
        is_plain = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
        if not is_plain or looped(root):
            return not any(name in ("grad", "param_groups") for name in attributes)
        return attributes[0] in self._read_in_forward or attributes[0] in SPECIAL

    def _call_changes(self, call: ast.Call, looped: Owner, is_module: Owner) -> bool:
        function = call.func
        if isinstance(function, ast.Name):
            root = _chain(call.args[0])[0] if call.args else None
            if function.id in CHANGING_CALLS:
                return root is None or is_module(root)
            return function.id in ("exec",)
        if not isinstance(function, ast.Attribute):
            return False
        root, attributes = _chain(function.value)
        if not root or not is_module(root):
            return False
        if function.attr in HOOKS:
            return self._hook_returns(call)
        return function.attr in self._methods and (
            not attributes or looped(root) or any(name in self._read_in_forward for name in attributes)
        )

    def _function_changes(self, call: ast.Call, is_module: Owner, depth: int) -> bool:
        """Whether a function or method of the text that gets a module changes it."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if depth > 2 or name in ("forward", "__init__"):
            return False
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if isinstance(call.func, ast.Attribute):
            given.append(call.func.value)
        gets_module = any(is_module(root) for value in given if (root := _chain(value)[0]))
        if name == "apply" and gets_module and any(self._applied_changes(value) for value in call.args):
            return True
        for function in self._functions.get(name, ()):
            rebinds = {global_ for node in ast.walk(function) if isinstance(node, ast.Global) for global_ in node.names}
            if any(map(is_module, rebinds)):
                return True
            parameters = {argument.arg for argument in (*function.args.posonlyargs, *function.args.args)}
            if gets_module and self.find(function, parameters.__contains__, depth=depth + 1):
                return True
        return False

    def _applied_changes(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Lambda):
            return self.changes_argument(value)
        name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
        return any(map(self.changes_argument, self._functions.get(name, ())))

    def _hook_returns(self, call: ast.Call) -> bool:
        """Whether a hook may return another output than it got."""
        hook = call.args[0] if call.args else None
        if isinstance(hook, ast.Lambda):
            body = hook.body
            return not (isinstance(body, ast.Call) and getattr(body.func, "attr", "") in ("append", "update", "extend"))
        name = getattr(hook.func if isinstance(hook, ast.Call) else hook, "id", "")
        hooks = [
            node
            for function in self._functions.get(name, ())
            for node in ast.walk(function)
            if isinstance(node, ast.FunctionDef) and len(node.args.args) >= 2
        ]
        returns = (node for hook in hooks for node in ast.walk(hook) if isinstance(node, ast.Return))
        return not hooks or any(node.value is not None for node in returns)


def changed_globals(node: ast.AST) -> bool:
    """Returns whether a statement writes to globals()."""
    return any(
        isinstance(part, ast.Subscript)
        and not isinstance(part.ctx, ast.Load)
        and isinstance(part.value, ast.Call)
        and getattr(part.value.func, "id", "") in RUNNING_CALLS
        for part in ast.walk(node)
    )


def _chain(node: ast.expr) -> tuple[str | None, list[str]]:
    """The name at the start of an expression, and the attributes behind it: ("model", ["a", "stride"])."""
    attributes: list[str] = []
    current: ast.AST = node
    while not isinstance(current, ast.Name):
        if isinstance(current, ast.Attribute):
            attributes.append(current.attr)
            current = current.value
        elif isinstance(current, ast.Subscript):
            current = current.value
        elif isinstance(current, ast.Call):
            picks = isinstance(current.func, ast.Name) and current.func.id in PICKING_CALLS and current.args
            current = current.args[0] if picks else current.func
        else:
            return None, attributes[::-1]
    return current.id, attributes[::-1]


def _module_loops(node: ast.AST) -> Iterator[str]:
    """Names that loops over the modules of a net bind."""
    for loop in ast.walk(node):
        if isinstance(loop, ast.For) and any(
            isinstance(part, ast.Attribute) and part.attr in (*MODULE_ITERATORS, "_modules")
            for part in ast.walk(loop.iter)
        ):
            yield from (part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name))
