"""The handlers of torch's modules in pasted code: layers, and what holds them."""

from __future__ import annotations

import ast
from difflib import get_close_matches

from torch import nn

from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, Block
from cnnviz.source.arguments import read_arguments
from cnnviz.source.blocks import block_call, block_kinds
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.layer_calls import layer_call
from cnnviz.source.values import BlockCall, LayerCall, Module, Sequential

LAYER_CLASSES: dict[str, str] = {
    f"torch.nn.{prefix}{kind}": kind
    for kind, cls in PALETTE.items()
    for prefix in ("", "Lazy")
    if not issubclass(cls, Block) and hasattr(nn, f"{prefix}{kind}")
}
"""The kind of layer that each class of torch is, by its full name."""


def make_layer(name: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> LayerCall:
    """Makes a layer: nn.Conv2d(1, 8, 3)."""
    arguments = read_arguments(interpreter, node, scope)
    is_lazy = name.startswith("torch.nn.Lazy")
    return layer_call(LAYER_CLASSES[name], arguments, node.lineno, lazy=is_lazy, in_forward=scope.in_forward)


def make_block(kind: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> BlockCall:
    """Makes a block, in code that was pasted without the class that `to_code` writes for it."""
    return block_call(block_kinds()[kind], read_arguments(interpreter, node, scope), node.lineno)


def make_sequential(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Sequential:
    """Makes an nn.Sequential of layers, or of an OrderedDict or a list of them."""
    return Sequential(_modules(interpreter, node, scope), node.lineno)


def make_module_list(interpreter: Interpreter, node: ast.Call, scope: Scope) -> list[object]:
    """Makes an nn.ModuleList, which is a list here."""
    return _modules(interpreter, node, scope)


def make_identity(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Sequential:
    """Makes an nn.Identity, which is an empty nn.Sequential here, whatever its arguments."""
    return Sequential([])


def unknown_module(name: str, line: int) -> DesignError:
    """Returns the error for a class of torch.nn that is not understood, with the layer that it may stand for."""
    close = get_close_matches(name[:40], PALETTE, n=1)
    hint = f"; do you mean {close[0]}?" if close else "."
    return DesignError(f"Line {line}: nn.{name[:40]} is not a layer that can be stacked here{hint}")


def _modules(interpreter: Interpreter, node: ast.Call, scope: Scope) -> list[object]:
    positional, named = read_arguments(interpreter, node, scope)
    given = positional[0] if len(positional) == 1 and isinstance(positional[0], dict | list) else positional
    modules = list(given.values() if isinstance(given, dict) else given)
    if named or not all(isinstance(module, Module) for module in modules):
        raise interpreter.not_understood(node, "it takes layers")
    return modules
