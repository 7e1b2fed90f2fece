"""The handlers of torch's modules in pasted code: layers, and what holds them."""

from __future__ import annotations

import ast
from difflib import get_close_matches

from torch import nn

from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.blocks import block_call, block_kinds
from cnnviz.source.classes import modules_of
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.layer_calls import layer_call
from cnnviz.source.torch_names import LAYER_CLASSES
from cnnviz.source.values import BlockCall, LayerCall, Module, ModuleDict, ModuleList, OrderedDict, Sequential


def make_layer(name: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> LayerCall:
    """Makes a layer: nn.Conv2d(1, 8, 3)."""
    arguments = read_arguments(interpreter, node, scope)
    is_lazy = name.startswith("torch.nn.Lazy")
    return layer_call(LAYER_CLASSES[name], arguments, node.lineno, lazy=is_lazy, in_forward=scope.in_forward)


def make_stochastic_depth(interpreter: Interpreter, node: ast.Call, scope: Scope) -> LayerCall:
    """Makes a StochasticDepth as torchvision has it, of single samples: mode="row"."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("p", "mode"), "StochasticDepth", node.lineno)
    if values.pop("mode", None) != "row":
        raise interpreter.not_understood(node, 'a design leaves single samples out, so write mode="row"')
    return layer_call("StochasticDepth", Arguments([], values), node.lineno, lazy=False, in_forward=scope.in_forward)


def make_block(kind: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> BlockCall:
    """Makes a block, in code that was pasted without the class that `to_code` writes for it."""
    return block_call(block_kinds()[kind], read_arguments(interpreter, node, scope), node.lineno)


def make_sequential(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Sequential:
    """Makes an nn.Sequential of layers, or of an OrderedDict of them."""
    arguments = read_arguments(interpreter, node, scope)
    modules = modules_of(interpreter, arguments, node.lineno)
    given = arguments.positional[0] if arguments.positional else None
    named = {str(name): module for name, module in given.items()} if isinstance(given, OrderedDict) else {}
    return Sequential(modules, node.lineno, named=named)


def make_module_list(interpreter: Interpreter, node: ast.Call, scope: Scope) -> ModuleList:
    """Makes an nn.ModuleList."""
    positional, named = read_arguments(interpreter, node, scope)
    items = interpreter.items_of(positional[0], node) if positional else []
    if named or len(positional) > 1 or not all(isinstance(item, Module | ModuleList) for item in items):
        raise interpreter.not_understood(node, "it takes layers")
    return ModuleList(items)


def make_module_dict(interpreter: Interpreter, node: ast.Call, scope: Scope) -> ModuleDict:
    """Makes an nn.ModuleDict."""
    positional, named = read_arguments(interpreter, node, scope)
    items = positional[0] if positional else {}
    if isinstance(items, list):
        items = dict(items)
    if named or not isinstance(items, dict) or not all(isinstance(item, Module) for item in items.values()):
        raise interpreter.not_understood(node, "it takes layers")
    return ModuleDict(items)


def make_identity(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Sequential:
    """Makes an nn.Identity: an empty nn.Sequential, whatever its arguments, but a layer where `to_code` wrote it."""
    kept: list[object] = [LayerCall("Identity", {}, "nn.Identity", node.lineno)] if interpreter.is_written_code else []
    return Sequential(kept, is_identity=True)


def unknown_module(name: str, line: int) -> DesignError:
    """Returns the error for a class of torch.nn that is not understood, with the layer that it may stand for."""
    if name == "Parameter":
        return DesignError(f"Line {line}: nn.Parameter makes weights outside layers, which a design cannot hold.")
    close = [] if hasattr(nn, name) else get_close_matches(name[:40], PALETTE, n=1)
    hint = f"; did you mean {close[0]}?" if close else "."
    return DesignError(f"Line {line}: nn.{name[:40]} is not a layer that can be stacked here{hint}")
