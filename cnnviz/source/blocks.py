"""Classes that `to_code` writes as torch has none, and blocks in pasted code, by what each kind declares."""

from __future__ import annotations

import ast
from collections.abc import Collection

from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, Block
from cnnviz.layers.join import Join
from cnnviz.layers.written_modules import WRITTEN_MODULES, module_source
from cnnviz.source.arguments import Arguments
from cnnviz.source.values import BlockCall, Module, Sequential


def block_kinds() -> dict[str, type[Block]]:
    """Returns the kinds of blocks in PALETTE by their names."""
    return {kind: cls for kind, cls in PALETTE.items() if issubclass(cls, Block)}


def block_joined_by(join: Join) -> type[Block]:
    """Returns the first kind of block whose stacks are joined this way."""
    return next(block for block in block_kinds().values() if block.join is join)


def written_block(cls: ast.ClassDef) -> type[Block] | None:
    """Returns the kind of block that a class in the text is, if `to_code` writes it just so."""
    block = block_kinds().get(cls.name)
    return block if block and _body(ast.parse(block.class_source()).body[0]) == _body(cls) else None


def class_sources(kinds: Collection[str]) -> list[str]:
    """Returns the classes that code with layers of these kinds needs, as torch has none of these."""
    written = [module_source(kind) for kind in WRITTEN_MODULES if kind in kinds]
    return [*written, *(block.class_source() for kind, block in block_kinds().items() if kind in kinds)]


def written_layer(cls: ast.ClassDef) -> str | None:
    """Returns the kind of layer that a class in the text is, if `to_code` writes it just so."""
    is_known = cls.name in WRITTEN_MODULES
    return cls.name if is_known and _body(ast.parse(module_source(cls.name)).body[0]) == _body(cls) else None


def block_call(block: type[Block], arguments: Arguments, line: int) -> BlockCall:
    """Returns a block around the modules in its arguments.

    A field of one stack is a parameter of its name; all but the first may be left out. A repeated field takes the
    other arguments. Raises DesignError with the line where they are no modules.
    """
    positional, named = arguments
    names = [field.name for field in block.stack_fields if not field.repeated]
    repeats = len(names) < len(block.stack_fields)
    taken = len(names) if repeats else len(positional)
    own = {name: module for name, module in named.items() if name in names or not repeats}
    single = Arguments(positional[:taken], own).matched(names, block.__name__, line)
    others = [*positional[taken:], *(module for name, module in named.items() if name not in own)]
    modules: list[object] = []
    for field in block.stack_fields:
        modules += others if field.repeated else [single.get(field.name, Sequential([]) if modules else None)]
    if not modules or not all(isinstance(module, Module) for module in modules):
        raise DesignError(f"Line {line}: {block.__name__} takes layers, or nn.Sequential(…) of layers.")
    return BlockCall(block, tuple(Sequential([]) if is_identity(module) else module for module in modules))


def is_identity(module: object) -> bool:
    """Whether a module is an nn.Identity, which stands for an empty stack in a block."""
    return isinstance(module, Sequential) and module.is_identity


def _body(cls: ast.stmt) -> str:
    """The syntax of a class without its docstring."""
    return "\n".join(ast.dump(node) for node in getattr(cls, "body", ()) if not isinstance(node, ast.Expr))
