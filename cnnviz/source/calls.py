"""The handlers of calls in pasted code."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial

from cnnviz.source import einops_functions
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.attributes import attribute_of
from cnnviz.source.axis_functions import largest, permute, pool, squeeze, transpose
from cnnviz.source.blocks import block_kinds
from cnnviz.source.classes import initialise, instantiate
from cnnviz.source.functional_layers import clamp, pad, rms_norm, unflatten
from cnnviz.source.functions import call_function, follow_arguments
from cnnviz.source.interpreter import UNDERSTOOD, CallHandler, Interpreter, Scope
from cnnviz.source.iteration import ITERATION
from cnnviz.source.keras import call_keras
from cnnviz.source.keras_names import ONLY_SEQUENTIAL, keras_name
from cnnviz.source.methods import METHODS
from cnnviz.source.module_calls import apply_module, call_forward
from cnnviz.source.object_functions import (
    copy_deeply,
    get_attribute,
    has_attribute,
    initialise_module,
    is_instance,
    kind_of,
    make_field,
    make_namespace,
    make_super,
    set_attribute,
    variables,
)
from cnnviz.source.python_functions import (
    PLAIN_FUNCTIONS,
    any_or_all,
    device,
    length,
    logger,
    make_dict,
    make_list,
    make_named_tuple_class,
    make_parser,
    make_partial,
    make_range,
    make_text,
    make_tuple,
    no,
    plain_function,
    sort_items,
    total,
)
from cnnviz.source.tensor_values import Stacked, Tensor
from cnnviz.source.torch_functions import (
    STACKED,
    concatenate,
    first_argument,
    floor,
    last_argument,
    layer_function,
    make_batch,
    operate,
    reshape,
    stack,
    sum_axis,
)
from cnnviz.source.torch_modules import (
    make_block,
    make_identity,
    make_layer,
    make_module_dict,
    make_module_list,
    make_sequential,
    make_stochastic_depth,
    unknown_module,
)
from cnnviz.source.torch_names import LAYER_CLASSES, LAYER_FUNCTIONS
from cnnviz.source.values import (
    MISSING,
    WITHOUT_EFFECT,
    BoundMethod,
    Class,
    Function,
    ImportedName,
    Instance,
    KerasLayer,
    KerasSequential,
    Module,
    Object,
    OrderedDict,
    Partial,
    Super,
)

WRAPPERS = (
    "torch.nn.DataParallel",
    "torch.nn.parallel.DataParallel",
    "torch.nn.parallel.DistributedDataParallel",
    "torch.compile",
    "torch.jit.script",
)
"""What computes the same as the module that it is given."""

CALLS: dict[str, CallHandler] = {
    "torch.nn.Sequential": make_sequential,
    "torch.nn.ModuleList": make_module_list,
    "torch.nn.ModuleDict": make_module_dict,
    "torch.nn.Module.__init__": initialise_module,
    **{name: partial(make_layer, name) for name in LAYER_CLASSES},
    "torch.nn.Identity": make_identity,
    **{
        f"torch.{place}quantization.{stub}": make_identity
        for place in ("", "ao.")
        for stub in ("QuantStub", "DeQuantStub")
    },
    "einops.rearrange": einops_functions.rearrange,
    "einops.reduce": einops_functions.reduce,
    "einops.layers.torch.Rearrange": einops_functions.make_rearrange,
    "torchvision.ops.StochasticDepth": make_stochastic_depth,
    "torchvision.ops.stochastic_depth.StochasticDepth": make_stochastic_depth,
    **{name: partial(layer_function, name) for name in LAYER_FUNCTIONS},
    **{f"cnnviz.{kind}": partial(make_block, kind) for kind in block_kinds()},
    "torch.cat": concatenate,
    "torch.concat": concatenate,
    "torch.concatenate": concatenate,
    "torch.add": partial(operate, ast.Add()),
    "torch.mul": partial(operate, ast.Mult()),
    "torch.multiply": partial(operate, ast.Mult()),
    "torch.div": partial(operate, ast.Div()),
    "torch.sub": partial(operate, ast.Sub()),
    "torch.nn.functional.pad": pad,
    "torch.unflatten": unflatten,
    "torch.nn.functional.rms_norm": rms_norm,
    "torch.rms_norm": rms_norm,
    "torch.reshape": reshape,
    "torch.mean": partial(pool, "Avg"),
    "torch.amax": partial(pool, "Max"),
    "torch.sum": sum_axis,
    "torch.stack": stack,
    "torch.permute": permute,
    "torch.transpose": transpose,
    "torch.swapaxes": transpose,
    **{f"torch.{name}": clamp for name in ("clamp", "clip", "clamp_", "clip_")},
    "torch.max": largest,
    "torch.floor": floor,
    "torch.squeeze": squeeze,
    **{f"torch.{name}": make_batch for name in ("zeros", "ones", "rand", "randn", "empty")},
    "torch.autograd.Variable": first_argument,
    **dict.fromkeys(WRAPPERS, first_argument),
    "torch.cuda.is_available": no,
    "torch.backends.mps.is_available": no,
    "torch.device": device,
    "logging.getLogger": logger,
    "collections.OrderedDict": partial(make_dict, OrderedDict),
    "builtins.dict": partial(make_dict, dict),
    "collections.namedtuple": make_named_tuple_class,
    "typing.NamedTuple": make_named_tuple_class,
    "builtins.len": length,
    "builtins.range": make_range,
    "builtins.str": make_text,
    "builtins.list": make_list,
    "builtins.sorted": sort_items,
    "builtins.tuple": make_tuple,
    "builtins.any": partial(any_or_all, True),
    "builtins.all": partial(any_or_all, False),
    **ITERATION,
    "builtins.isinstance": is_instance,
    "builtins.hasattr": has_attribute,
    "builtins.getattr": get_attribute,
    "builtins.setattr": set_attribute,
    "builtins.super": make_super,
    "builtins.vars": variables,
    "builtins.type": kind_of,
    **{name: partial(plain_function, name) for name in PLAIN_FUNCTIONS},
    "builtins.sum": total,
    "typing.cast": last_argument,
    "types.SimpleNamespace": make_namespace,
    "argparse.Namespace": make_namespace,
    "argparse.ArgumentParser": make_parser,
    "dataclasses.field": make_field,
    "copy.deepcopy": copy_deeply,
    "functools.partial": make_partial,
}
"""The handler of every class and function outside the text that is understood, by its full name."""


def call(  # noqa: PLR0911 (one for each kind of owner)
    interpreter: Interpreter, node: ast.Call, scope: Scope
) -> object:
    """Returns what a call gives; raises DesignError with its line where that is not understood."""
    function = node.func
    if not isinstance(function, ast.Attribute) or interpreter.full_name(function, scope):
        return _call_value(interpreter, interpreter.value(function, scope), node, scope)
    owner = interpreter.value(function.value, scope)
    if owner in WITHOUT_EFFECT:
        follow_arguments(interpreter, node, scope)
        return owner
    if isinstance(owner, Instance) and (owner.method(function.attr) or function.attr in owner.attributes):
        return _call_value(interpreter, attribute_of(interpreter, owner, function), node, scope)
    if isinstance(owner, Super) and function.attr in ("__init__", "forward"):
        return _call_super(interpreter, owner, function.attr, node, scope)
    if method := METHODS.get(type(owner), {}).get(function.attr):
        return method(interpreter, owner, node, scope)
    if isinstance(owner, Tensor | Stacked):
        raise interpreter.not_understood(node, STACKED if isinstance(owner, Stacked) else UNDERSTOOD)
    if isinstance(owner, Module) and function.attr == "forward" and not isinstance(owner, Instance):
        return _call_value(interpreter, owner, node, scope)
    return _call_value(interpreter, attribute_of(interpreter, owner, function), node, scope)


def _call_super(interpreter: Interpreter, owner: Super, name: str, node: ast.Call, scope: Scope) -> object:
    """Calls a method as the classes have it from which that of the method derives, at last nn.Module itself."""
    cls = owner.owner.cls
    found = cls.find(name, owner.after) if cls else MISSING
    arguments = read_arguments(interpreter, node, scope)
    if isinstance(found, Function):
        return call_function(interpreter, found, arguments.after(owner.owner), scope, node.lineno)
    if name == "__init__":
        initialise(interpreter, owner.owner, arguments, node.lineno)
        return None
    inherited = (owner.owner.sequential or owner.owner.layer) if isinstance(owner.owner, Instance) else None
    if inherited:
        return apply_module(interpreter, inherited, _only_tensor(interpreter, arguments, node), node.lineno)
    raise interpreter.not_understood(node)


def _call_value(  # noqa: PLR0911 (one for each kind of value)
    interpreter: Interpreter, callee: object, node: ast.Call, scope: Scope
) -> object:
    if isinstance(callee, ImportedName):
        return _call_imported(interpreter, callee.full_name, node, scope)
    if isinstance(callee, Partial):
        return _call_partial(interpreter, callee, node, scope)
    arguments = read_arguments(interpreter, node, scope)
    if isinstance(callee, KerasLayer | KerasSequential):
        raise interpreter.not_understood(node, ONLY_SEQUENTIAL)
    match callee:
        case Class():
            return instantiate(interpreter, callee, arguments, scope, node.lineno)
        case Function():
            return call_function(interpreter, callee, arguments, scope, node.lineno)
        case BoundMethod(owner, function):
            return call_function(interpreter, function, arguments.after(owner), scope, node.lineno)
        case Instance() if forward := callee.method("forward"):
            return call_forward(interpreter, callee, forward, arguments, node.lineno)
        case Object() if method := callee.method("__call__"):
            return call_function(interpreter, method, arguments.after(callee), scope, node.lineno)
    if isinstance(callee, Module):
        return apply_module(interpreter, callee, _only_tensor(interpreter, arguments, node), node.lineno)
    raise interpreter.not_understood(node)


def _call_partial(interpreter: Interpreter, callee: Partial, node: ast.Call, scope: Scope) -> object:
    """Calls a function with the arguments that were given before, which stand under names of a scope of their own."""
    given = {keyword.arg for keyword in node.keywords}
    kept = {name: value for name, value in callee.named.items() if name not in given}
    names = {f" {number}": value for number, value in enumerate((*callee.positional, *kept.values()))}
    values = [ast.copy_location(ast.Name(name, ast.Load()), node) for name in names]
    first, last = values[: len(callee.positional)], values[len(callee.positional) :]
    keywords = [ast.keyword(name, value) for name, value in zip(kept, last, strict=True)]
    whole = ast.Call(node.func, [*first, *node.args], [*node.keywords, *keywords])
    inner = replace(scope, around=(names, *scope.around))
    return _call_value(interpreter, callee.function, ast.copy_location(whole, node), inner)


def _call_imported(interpreter: Interpreter, name: str, node: ast.Call, scope: Scope) -> object:
    if handler := CALLS.get(name):
        return handler(interpreter, node, scope)
    if keras_name(name):
        return call_keras(interpreter, name, node, scope)
    namespace, _, last = name.rpartition(".")
    if namespace == "torch.nn":
        raise unknown_module(last, node.lineno)
    if name.startswith("builtins."):
        raise interpreter.not_understood(node, f"{last} has no value that could be worked out")
    if name.startswith("torch."):
        raise interpreter.not_understood(node, f"no layer of a design does what {name[:60]} does")
    raise interpreter.not_understood(node, f"{last[:40]} comes from {namespace[:40]}, whose code is not in this text")


def _only_tensor(interpreter: Interpreter, arguments: Arguments, node: ast.Call) -> Tensor:
    positional, named = arguments
    if len(positional) != 1 or named or not isinstance(positional[0], Tensor):
        raise interpreter.not_understood(node, "a layer is called with one tensor")
    return positional[0]
