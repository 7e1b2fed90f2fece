"""Functions, classes and modules of pasted code, called."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from cnnviz.errors import DesignError
from cnnviz.layers import LogSoftmax, Softmax
from cnnviz.source.arguments import Arguments
from cnnviz.source.blocks import block_call, written_block, written_layer
from cnnviz.source.enumerations import is_enumeration, make_members, member_of_value
from cnnviz.source.interpreter import Interpreter, ModeError, Returned, Scope, resolved
from cnnviz.source.iteration import call_with, generator, yields
from cnnviz.source.keras_names import ONLY_SEQUENTIAL, keras_name
from cnnviz.source.layer_calls import layer_call
from cnnviz.source.random_masks import is_stochastic_depth
from cnnviz.source.tensors import apply_layer, join_stacks
from cnnviz.source.torch_names import LAYER_CLASSES
from cnnviz.source.values import (
    MISSING,
    BlockCall,
    Class,
    DefaultFactory,
    Function,
    Instance,
    KerasSequential,
    LayerCall,
    Module,
    NamedTuple,
    Object,
    OrderedDict,
    Sequential,
    Tensor,
    Unresolved,
)

LIGHTNING_MODULES = {
    "pytorch_lightning.LightningModule",
    "lightning.LightningModule",
    "lightning.pytorch.LightningModule",
}
MODULE_BASES = {
    "torch.nn.Module",
    "torch.nn.Sequential",
    "torch.nn.modules.Module",
    "torch.nn.modules.module.Module",
    *LIGHTNING_MODULES,
    *LAYER_CLASSES,
}
"""Classes from which a net derives; a LightningModule is an nn.Module that also trains itself."""
PLAIN_BASES = {"builtins.object", "abc.ABC", "typing.NamedTuple", "typing.Protocol"}
"""Classes that add nothing to what derives from them."""
DATACLASS_DECORATORS = {"dataclasses.dataclass"}
HARMLESS_DECORATORS = {
    "builtins.staticmethod",
    "builtins.classmethod",
    "builtins.property",
    "torch.jit.export",
    "torch.jit.ignore",
    "typing.override",
    "abc.abstractmethod",
    "functools.wraps",
    "functools.lru_cache",
    "functools.cache",
    "typing.no_type_check",
    "torch.jit.unused",
    "torch.jit.script_method",
}
"""Decorators that change nothing in what a function computes here; the first three, how it is bound."""


WITHOUT_GRADIENT = {"torch.no_grad", "torch.inference_mode"}
"""Decorators that only keep layers from learning, which matters in forward."""


def define_function(interpreter: Interpreter, node: ast.FunctionDef | ast.Lambda, scope: Scope) -> Function:
    """Returns a function as it is where it is defined: with the names around it, and the defaults of that moment."""
    around = () if scope.names is interpreter.globals else (scope.names, *scope.around)
    parameters = node.args
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    pairs = [
        *zip(reversed(names), reversed(parameters.defaults), strict=False),
        *zip((parameter.arg for parameter in parameters.kwonlyargs), parameters.kw_defaults, strict=True),
    ]
    defaults = {name: late_value(interpreter, default, scope) for name, default in pairs if default is not None}
    decorators = tuple(
        _decorator_name(interpreter, decorator, scope) for decorator in getattr(node, "decorator_list", ())
    )
    is_generator = isinstance(node, ast.FunctionDef) and yields(node.body)
    return Function(node, around, defaults, decorators, is_generator=is_generator)


def define_class(interpreter: Interpreter, node: ast.ClassDef, scope: Scope) -> Class:
    """Returns a class of the text with its bases, methods and what is set in its body."""
    cls = Class(node, tuple(late_value(interpreter, base, scope) for base in node.bases))
    cls.decorators = tuple(_decorator_name(interpreter, decorator, scope) for decorator in node.decorator_list)
    around = () if scope.names is interpreter.globals else (scope.names, *scope.around)
    body = Scope(cls.attributes, around=around)
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            function = define_function(interpreter, statement, body)
            function.around, function.cls = around, cls  # a method does not see the names of its class
            cls.attributes[statement.name] = function
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.ClassDef):
            interpreter.execute_statement(statement, body)
    if is_enumeration(cls):
        make_members(cls)
    return cls


def late_value(interpreter: Interpreter, node: ast.expr, scope: Scope) -> object:
    """Returns the value of an expression; the error of one that is not understood waits until it is needed."""
    try:
        return interpreter.value(node, scope)
    except DesignError as error:
        return Unresolved(error)


def follow_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> None:
    """Follows what the arguments of a call do that itself has no effect: print(layers.pop())."""
    for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
        late_value(interpreter, argument.value if isinstance(argument, ast.Starred) else argument, scope)


def is_module_class(cls: Class) -> bool:
    """Returns whether a class of the text derives from nn.Module."""
    return bool(cls.base_names() & MODULE_BASES)


def foreign_bases(cls: Class) -> list[str]:
    """Returns the full names of the classes from elsewhere that it derives from and that are not known here."""
    return sorted(cls.base_names() - MODULE_BASES - PLAIN_BASES)


def call_function(
    interpreter: Interpreter, function: Function, arguments: Arguments, scope: Scope, line: int
) -> object:
    """Returns what a function of the text returns when it is called on that line."""
    harmless = HARMLESS_DECORATORS | (set() if scope.in_forward else WITHOUT_GRADIENT)
    unknown = [name for name in function.decorators if name not in harmless]
    is_of_module = function.cls is not None and is_module_class(function.cls)
    if unknown and not scope.in_forward and not is_of_module and not any(map(_may_change_function, unknown)):
        place = getattr(function.node, "decorator_list", [function.node])[function.decorators.index(unknown[0])]
        decorated = f"Line {place.lineno}: @{unknown[0][:60]}"
        interpreter.remarks[f"{decorated} is not in this text; it is taken to leave {function.name} as it is."] = None
    elif unknown:
        raise DesignError(f"Line {function.node.lineno}: functions with decorators are not understood; leave @ out.")
    names = _parameter_values(function, arguments, line)
    given = dict(names)
    inner = Scope(names, scope.in_forward, function.around, function)
    if function.is_generator and isinstance(function.node, ast.FunctionDef):
        return generator(interpreter, function.node, inner, line)
    with interpreter.nested_call(line):
        if isinstance(function.node, ast.Lambda):
            return interpreter.value(function.node.body, inner)
        try:
            returned = interpreter.execute(function.node.body, inner)
        except ModeError as error:
            return _in_both_modes(interpreter, function.node.body, replace(inner, names=given), error)
    return returned.value if isinstance(returned, Returned) else None


def _may_change_function(decorator: str) -> bool:
    """Whether a decorator is one of the text, or of torch; those of other libraries cache, register or check."""
    return decorator == "unknown" or decorator.startswith(("torch.", "builtins."))


def _in_both_modes(interpreter: Interpreter, body: Sequence[ast.stmt], scope: Scope, error: ModeError) -> object:
    """Returns what a function returns that asks whether the net is trained: a StochasticDepth of what it is otherwise.

    Raises the error where it is anything else.
    """
    results: list[object] = []
    for is_training in (False, True):
        interpreter.assumed_training = is_training
        try:
            returned = interpreter.execute(body, replace(scope, names=dict(scope.names)))
        except DesignError:
            raise error from None
        finally:
            interpreter.assumed_training = None
        results.append(returned.value if isinstance(returned, Returned) else None)
    evaluated, trained = results
    if not is_stochastic_depth(trained, evaluated):
        raise error
    return trained


def instantiate(interpreter: Interpreter, cls: Class, arguments: Arguments, scope: Scope, line: int) -> object:
    """Returns an object of a class of the text, or the block that the class is."""
    if block := written_block(cls.node):
        return block_call(block, arguments, line)
    if kind := written_layer(cls.node):
        return layer_call(kind, arguments, line, lazy=False, in_forward=scope.in_forward)
    if is_enumeration(cls):
        return member_of_value(cls, arguments, line)
    if foreign := foreign_bases(cls):
        if any(map(keras_name, foreign)):
            raise DesignError(
                f"Line {line}: {cls.name} (line {cls.node.lineno}) derives from a class of Keras; {ONLY_SEQUENTIAL}."
            )
        base = foreign[0].rpartition(".")[2][:40] or interpreter.snippet(cls.node.bases[0])
        raise DesignError(
            f"Line {line}: {cls.name} derives from {base} (line {cls.node.lineno}), whose code is not in this text."
        )
    _check_special(interpreter, cls, line)
    if not is_module_class(cls):
        return _plain_object(interpreter, cls, arguments, scope, line)
    instance = Instance(cls)
    init = instance.method("__init__")
    if init:
        call_function(interpreter, init, arguments.after(instance), scope, line)
    else:
        initialise(interpreter, instance, arguments, line)
    return instance


SPECIAL_METHODS = ("__new__", "__setattr__", "__getattr__", "__getattribute__", "__delattr__", "__init_subclass__")
"""Methods by which a class changes how Python treats it."""


def _check_special(interpreter: Interpreter, cls: Class, line: int) -> None:
    """Raises DesignError for a class that changes what making, calling or changing an object means."""
    names = (*SPECIAL_METHODS, "__call__", "_conv_forward") if is_module_class(cls) else SPECIAL_METHODS
    for each in cls.lineage:
        for base in each.bases:
            resolved(base)
        own = next((name for name in names if name in each.attributes), None)
        if own:
            raise DesignError(
                f"Line {line}: {each.name} (line {each.node.lineno}) has its own {own}, which is not followed."
            )
        for keyword in each.node.keywords:
            if interpreter.full_name(keyword.value, Scope()) != "abc.ABCMeta":
                raise DesignError(
                    f"Line {line}: {each.name} (line {each.node.lineno}) is made in a special way"
                    f" ({(keyword.arg or '**')[:40]}=…), which is not followed."
                )


def initialise(interpreter: Interpreter, owner: Object, arguments: Arguments, line: int) -> None:
    """Does what the __init__ of nn.Module, or of nn.Sequential, does with an object of the text."""
    if not isinstance(owner, Instance):
        return
    owner.is_initialised = True
    if kinds := sorted(LAYER_CLASSES.keys() & owner.cls.base_names()):
        is_lazy = kinds[0].startswith("torch.nn.Lazy")
        owner.layer = layer_call(LAYER_CLASSES[kinds[0]], arguments, line, lazy=is_lazy, in_forward=False)
    elif "torch.nn.Sequential" in owner.cls.base_names():
        owner.sequential = Sequential(modules_of(interpreter, arguments, line), line)
    elif arguments.positional or (arguments.named and "torch.nn.Module" in owner.cls.base_names()):
        raise DesignError(f"Line {line}: the __init__ of nn.Module takes no arguments.")


def modules_of(interpreter: Interpreter, arguments: Arguments, line: int) -> list[object]:
    """Returns the layers in the arguments of nn.Sequential; raises DesignError with the line for anything else."""
    positional, named = arguments
    given: object = positional
    if len(positional) == 1 and isinstance(positional[0], OrderedDict):
        given = list(positional[0].values())
    elif len(positional) == 1 and isinstance(positional[0], list | tuple | dict):
        raise DesignError(
            f"Line {line}: nn.Sequential takes layers one by one, or an OrderedDict of them: nn.Sequential(*layers)."
        )
    if named or not isinstance(given, list) or not all(isinstance(module, Module) for module in given):
        raise DesignError(f"Line {line}: nn.Sequential takes layers; one of its arguments is none.")
    return interpreter.bounded_list(list(given), ast.Pass(lineno=line))


def _plain_object(
    interpreter: Interpreter, cls: Class, arguments: Arguments, scope: Scope, line: int
) -> Object | NamedTuple:
    """Returns an object that is no module: settings as a class, a dataclass or a named tuple."""
    result = Object(cls)
    init = result.method("__init__")
    if init:
        call_function(interpreter, init, arguments.after(result), scope, line)
        return result
    fields = [
        statement.target.id
        for each in reversed(cls.lineage)
        for statement in each.node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]
    has_fields = bool({*cls.decorators} & DATACLASS_DECORATORS or cls.base_names() & {"typing.NamedTuple"})
    given = arguments.matched(fields if has_fields else [], cls.name, line)
    missing = [name for name in fields if has_fields and name not in given and cls.find(name) is MISSING]
    if missing:
        raise DesignError(f"Line {line}: {cls.name} also needs {' and '.join(missing)[:80]}.")
    if "typing.NamedTuple" in cls.base_names():
        return NamedTuple({name: given[name] if name in given else cls.find(name) for name in fields}, cls)
    result.attributes |= given
    for name in fields if has_fields else ():
        if name not in given and isinstance(factory := cls.find(name), DefaultFactory):
            result.attributes[name] = call_with(interpreter, factory.function, (), factory.node, Scope())
    if has_fields and (afterwards := result.method("__post_init__")):
        call_function(interpreter, afterwards, Arguments([result], {}), scope, line)
    return result


def _decorator_name(interpreter: Interpreter, node: ast.expr, scope: Scope) -> str:
    return interpreter.full_name(node.func if isinstance(node, ast.Call) else node, scope) or "unknown"


def apply_module(interpreter: Interpreter, module: object, tensor: Tensor, line: int) -> object:
    """Returns what a module makes of a tensor when it is called on that line: a tensor, or several."""
    match module:
        case LayerCall():
            return apply_layer(module, tensor, line)
        case KerasSequential():
            raise DesignError(f"Line {line}: a model of Keras is called in a net of torch, which neither can do.")
        case Sequential():
            output: object = tensor
            for inner in module.modules:
                interpreter.count_step(line)
                if not isinstance(output, Tensor):
                    raise DesignError(f"Line {line}: a layer here gets several tensors from the one before it.")
                output = apply_module(interpreter, inner, output, line)
            return output
        case BlockCall():
            start = tensor.node
            ends = [only_tensor(apply_module(interpreter, inner, tensor, line), line).node for inner in module.modules]
            return join_stacks(module.block, ends, start, line)
        case Instance() if forward := module.method("forward"):
            return call_forward(interpreter, module, forward, Arguments([tensor], {}), line)
        case Instance() if inherited := module.sequential or module.layer:
            return apply_module(interpreter, inherited, tensor, line)
        case Instance():
            raise DesignError(f"Line {line}: {module.cls.name} (line {module.cls.node.lineno}) has no forward.")
    raise DesignError(f"Line {line}: what is called here has no forward.")


def call_forward(
    interpreter: Interpreter, module: Instance, forward: Function, arguments: Arguments, line: int
) -> object:
    """Returns what the forward of a module returns."""
    output = call_function(interpreter, forward, arguments.after(module), Scope(in_forward=True), line)
    if output is None:
        raise DesignError(f"Line {forward.node.lineno}: forward of {module.cls.name} does not return one tensor.")
    return output


def only_tensor(output: object, line: int) -> Tensor:
    """Returns the one tensor that a module gives, or of several the one that all others lie on the way to."""
    if isinstance(output, Tensor):
        return output
    values = list(output.values()) if isinstance(output, dict) else output
    tensors = [value for value in values if isinstance(value, Tensor)] if isinstance(values, list | tuple) else []
    for tensor in tensors:
        on_the_way = set(tensor.held.iter_back())
        if all(other.held in on_the_way for other in tensors):
            earlier = tensors[: tensors.index(tensor)]
            return next((other for other in earlier if _is_probability_of(tensor, other)), tensor)
    if len(tensors) > 1:
        raise DesignError(
            f"Line {line}: {len(tensors)} tensors are returned here, none of which is made of all others; a design has"
            " one output."
        )
    raise DesignError(f"Line {line}: what is called here does not return one tensor.")


def _is_probability_of(tensor: Tensor, logits: Tensor) -> bool:
    """Whether a tensor is the softmax of another one, which a net that returns both is trained by."""
    return isinstance(tensor.held.layer, Softmax | LogSoftmax) and tensor.held.before is logits.held


def _parameter_values(function: Function, arguments: Arguments, line: int) -> dict[str, object]:
    """The values of a function's parameters: the arguments, and the defaults of the others."""
    parameters, (positional, named) = function.node.args, arguments
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    keyword_only = [parameter.arg for parameter in parameters.kwonlyargs]
    taken = len(names) if parameters.vararg else len(positional)
    further = {name: value for name, value in named.items() if name not in (*names, *keyword_only)}
    ordinary = {name: value for name, value in named.items() if name not in keyword_only}
    if parameters.kwarg:
        ordinary = {name: value for name, value in ordinary.items() if name not in further}
    values = Arguments(positional[:taken], ordinary).matched(names, function.name, line)
    values |= {name: named[name] for name in keyword_only if name in named}
    values |= {name: default for name, default in function.defaults.items() if name not in values}
    missing = [name for name in (*names, *keyword_only) if name not in values]
    if missing:
        raise DesignError(
            f"Line {line}: {function.name} (line {function.node.lineno}) also needs {' and '.join(missing)[:80]};"
            + (" a design has one input." if function.name == "forward" else " nothing says what it is.")
        )
    values |= {parameters.vararg.arg: tuple(positional[taken:])} if parameters.vararg else {}
    return values | ({parameters.kwarg.arg: further} if parameters.kwarg else {})
