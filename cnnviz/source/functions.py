"""Functions, classes and modules of pasted code, called."""

from __future__ import annotations

import ast

from cnnviz.errors import DesignError
from cnnviz.source.arguments import Arguments
from cnnviz.source.blocks import block_call, written_block
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.statements import assign
from cnnviz.source.tensors import apply_layer, join_stacks
from cnnviz.source.values import BlockCall, Instance, LayerCall, Module, Sequential, Tensor


def call_function(
    interpreter: Interpreter, function: ast.FunctionDef, arguments: Arguments, scope: Scope, line: int
) -> object:
    """Returns what a function of the text returns when it is called on that line."""
    if function.decorator_list:
        raise DesignError(f"Line {function.lineno}: functions with decorators are not understood; leave @ out.")
    inner = Scope(_parameter_values(interpreter, function, arguments, line), scope.in_forward)
    with interpreter.nested_call(line):
        returned = interpreter.execute(function.body, inner)
    return returned.value if returned else None


def instantiate(interpreter: Interpreter, cls: ast.ClassDef, arguments: Arguments, scope: Scope, line: int) -> Module:
    """Returns an object of a class of the text, or the block that the class is."""
    if block := written_block(cls):
        return block_call(block, arguments, line)
    if cls not in interpreter.module_classes:
        raise DesignError(f"Line {line}: {cls.name[:40]} is not a class that derives from nn.Module itself.")
    instance = Instance(cls)
    for statement in cls.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            assign(interpreter, statement, Scope(instance.attributes, scope.in_forward))
    if init := instance.method("__init__"):
        call_function(interpreter, init, arguments.after(instance), scope, line)
    return instance


def apply_module(interpreter: Interpreter, module: object, tensor: Tensor, line: int) -> Tensor:
    """Returns what a module makes of a tensor when it is called on that line."""
    match module:
        case LayerCall():
            return apply_layer(module, tensor, line)
        case Sequential():
            for inner in module.modules:
                interpreter.count_step(line)
                tensor = apply_module(interpreter, inner, tensor, line)
            return tensor
        case BlockCall():
            start = tensor.node
            ends = [apply_module(interpreter, inner, tensor, line).node for inner in module.modules]
            return join_stacks(module.block, ends, start, line)
        case Instance() if forward := module.method("forward"):
            scope = Scope(in_forward=True)
            output = call_function(interpreter, forward, Arguments([module, tensor], {}), scope, line)
            if isinstance(output, Tensor):
                return output
            raise DesignError(f"Line {forward.lineno}: forward of {module.cls.name[:40]} does not return one tensor.")
    raise DesignError(f"Line {line}: what is called here has no forward.")


def _parameter_values(
    interpreter: Interpreter, function: ast.FunctionDef, arguments: Arguments, line: int
) -> dict[str, object]:
    """The values of a function's parameters: the arguments, and the defaults of the others."""
    parameters, (positional, named) = function.args, arguments
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    keyword_only = [parameter.arg for parameter in parameters.kwonlyargs]
    taken = len(names) if parameters.vararg else len(positional)
    ordinary = {name: value for name, value in named.items() if name not in keyword_only}
    values = Arguments(positional[:taken], ordinary).matched(names, function.name[:40], line)
    values |= {name: named[name] for name in keyword_only if name in named}
    defaults = zip(reversed(names), reversed(parameters.defaults), strict=False)
    for name, default in (*defaults, *zip(keyword_only, parameters.kw_defaults, strict=True)):
        if name not in values and default is not None:
            values[name] = interpreter.value(default, Scope())
    missing = [name for name in (*names, *keyword_only) if name not in values]
    if missing:
        raise DesignError(
            f"Line {line}: {function.name[:40]} (line {function.lineno}) also needs {' and '.join(missing)[:80]}; a net"
            " is called with one tensor, and gets its numbers where it is made: model = Net(10)."
        )
    return values | ({parameters.vararg.arg: tuple(positional[taken:])} if parameters.vararg else {})
