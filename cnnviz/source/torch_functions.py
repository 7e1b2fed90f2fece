"""The handlers of torch's functions in pasted code: those that are layers, and those that join or reshape tensors."""

from __future__ import annotations

import ast

from cnnviz.architecture import MAX_SIZE
from cnnviz.layers.join import CONCAT
from cnnviz.shapes import AXES
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.arithmetic import combine
from cnnviz.source.interpreter import UNDERSTOOD, Interpreter, Scope
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.random_masks import RandomMask, floor_mask, make_mask
from cnnviz.source.tensor_values import Stacked, Tensor, TensorNode
from cnnviz.source.tensors import apply_layer, join_tensors, reshape_tensor
from cnnviz.source.torch_names import FUNCTIONS, LAYER_FUNCTIONS
from cnnviz.source.values import Symbol

FUNCTION_DEFAULTS: dict[str, dict[str, object]] = {
    "flatten": {"start_dim": 0},
    "alpha_dropout": {"training": False},
    "feature_alpha_dropout": {"training": False},
}
"""Defaults of functions that are not those of their layers."""
STACKED = (
    "what torch.stack puts on an axis of its own can only be added up or averaged along that axis, as a sum of branches"
)


def layer_function(name: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Applies the layer that a function of torch is to its first argument, or the one named input."""
    positional, named = read_arguments(interpreter, node, scope)
    if "input" in named:
        positional = [named.pop("input"), *positional]
    if not positional:
        raise interpreter.not_understood(node)
    return apply_layer_function(interpreter, name, positional[0], Arguments(positional[1:], named), node)


def apply_layer_function(
    interpreter: Interpreter, name: str, tensor: object, arguments: Arguments, node: ast.Call
) -> Tensor:
    """Applies the layer that a function of torch is, such as F.max_pool2d, to a tensor."""
    function = LAYER_FUNCTIONS[name]
    kind, parameters = FUNCTIONS[function]
    call, line = interpreter.snippet(node.func), node.lineno
    if not isinstance(tensor, Tensor):
        raise interpreter.not_understood(node)
    values = FUNCTION_DEFAULTS.get(function, {}) | arguments.matched(parameters, call, line)
    training = values.pop("training", True)
    if training is False:
        return tensor
    if training not in (True, Symbol.TRAINING):
        raise interpreter.not_understood(node)
    if training is True and "dropout" in function:
        interpreter.remarks[
            f"Line {line}: {call} without training=self.training drops while a net is evaluated, too; in the design it"
            " is off then."
        ] = None
    return apply_layer(checked_layer_call(kind, values, call, line, inplace=name.endswith("_")), tensor, line)


def concatenate(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Puts tensors side by side: torch.cat."""
    positional, named = read_arguments(interpreter, node, scope)
    named = {"dim" if name == "axis" else name: value for name, value in named.items()}
    values = Arguments(positional, named).matched(("tensors", "dim"), "torch.cat", node.lineno)
    tensors, dim = values.get("tensors"), values.get("dim", 0)
    if not isinstance(tensors, list | tuple) or not tensors or not all(isinstance(t, Tensor) for t in tensors):
        raise interpreter.not_understood(node)
    if dim != 1 and dim != -len(tensors[0].node.shape):
        raise interpreter.not_understood(node, "a design can put branches side by side on the channels only, dim=1")
    return join_tensors(CONCAT, tensors, node.lineno, ordered=True) if len(tensors) > 1 else Tensor(tensors[0].node)


def operate(sign: ast.operator, interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Adds, subtracts, multiplies or divides two values: torch.add, torch.sub, torch.mul, torch.div."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    return combine(interpreter, value, sign, other_operand(interpreter, sign, arguments, node), node)


def other_operand(interpreter: Interpreter, sign: ast.operator, arguments: Arguments, node: ast.Call) -> object:
    """Returns the second operand of such a function; of a sum, times `alpha`."""
    names = ("other", "alpha") if isinstance(sign, ast.Add | ast.Sub) else ("other",)
    values = arguments.matched(names, interpreter.snippet(node.func), node.lineno)
    other, alpha = values.get("other"), values.get("alpha", 1)
    return other if alpha == 1 else combine(interpreter, other, ast.Mult(), alpha, node)


def reshape(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Gives a tensor another shape, as far as that is a Flatten: torch.reshape."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("input", "shape"), "torch.reshape", node.lineno)
    tensor, sizes = values.get("input"), values.get("shape")
    if not isinstance(tensor, Tensor) or not isinstance(sizes, tuple | list):
        raise interpreter.not_understood(node)
    return reshape_tensor(tensor, sizes, interpreter.snippet(node), node.lineno)


def make_batch(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor | RandomMask:
    """Makes a batch of numbers to measure sizes with: torch.zeros(1, 3, 16, 16); outside functions nobody needs it."""
    if scope.names is interpreter.globals:
        raise interpreter.not_understood(node)
    positional, named = read_arguments(interpreter, node, scope)
    sizes: object = named.get("size", positional)
    if isinstance(sizes, list) and len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = sizes[0]
    is_uniform = interpreter.full_name(node.func, scope) == "torch.rand"
    if isinstance(sizes, tuple | list) and (mask := make_mask(sizes, is_uniform=is_uniform)):
        return mask
    if not isinstance(sizes, tuple | list) or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise interpreter.not_understood(node)
    if len(sizes) - 1 not in AXES or max(sizes) > MAX_SIZE:
        raise interpreter.not_understood(node)
    return Tensor(TensorNode(tuple(sizes[1:]), batch=sizes[0]))


def first_argument(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the first argument: torch.autograd.Variable changes nothing."""
    positional, _ = read_arguments(interpreter, node, scope)
    if not positional:
        raise interpreter.not_understood(node)
    return positional[0]


def last_argument(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the second of two arguments: typing.cast."""
    positional, _ = read_arguments(interpreter, node, scope)
    if len(positional) != 2:
        raise interpreter.not_understood(node)
    return positional[1]


def stack(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Stacked:
    """Puts tensors side by side on an axis of their own: torch.stack."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("tensors", "dim"), "torch.stack", node.lineno)
    tensors, dim = values.get("tensors"), values.get("dim", 0)
    if not isinstance(tensors, list | tuple) or not tensors or not all(isinstance(t, Tensor) for t in tensors):
        raise interpreter.not_understood(node)
    shapes = {tensor.node.shape for tensor in tensors}
    axes = len(tensors[0].node.sizes) + 1
    if len(shapes) > 1 or not isinstance(dim, int) or not -axes <= dim < axes:
        raise interpreter.not_understood(node, "torch stacks tensors of one shape only")
    return Stacked(tuple(tensors), dim % axes)


def sum_axis(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Adds up what was stacked: torch.sum."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    return add_up(interpreter, value, arguments, node, divides=False)


def add_up(interpreter: Interpreter, value: object, arguments: Arguments, node: ast.Call, *, divides: bool) -> Tensor:
    """Returns the sum of tensors that were stacked, along the axis on which they were."""
    if not isinstance(value, Stacked):
        raise interpreter.not_understood(node, "no layer adds up an axis; a mean over it is a pool")
    named = {"dim" if key == "axis" else key: argument for key, argument in arguments.named.items()}
    dims = Arguments(arguments.positional, named).matched(("dim",), "sum", node.lineno).get("dim")
    dim = dims[0] if isinstance(dims, list | tuple) and len(dims) == 1 else dims
    axes = len(value.tensors[0].node.sizes) + 1
    if not isinstance(dim, int) or not -axes <= dim < axes or dim % axes != value.axis:
        raise interpreter.not_understood(node, STACKED)
    first, *others = value.tensors
    result: object = Tensor(first.node)
    for other in others:
        result = combine(interpreter, result, ast.Add(), other, node)
    if divides and others:
        result = combine(interpreter, result, ast.Div(), len(value.tensors), node)
    if not isinstance(result, Tensor):
        raise interpreter.not_understood(node)
    return result


def floor(interpreter: Interpreter, node: ast.Call, scope: Scope) -> RandomMask:
    """Rounds random numbers down: torch.floor."""
    value, _ = value_and_arguments(interpreter, node, scope)
    if not isinstance(value, RandomMask):
        raise interpreter.not_understood(node)
    return floor_mask(interpreter, value, node)


def tensor_and_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> tuple[Tensor, Arguments]:
    """Returns the tensor that a function gets first, or as input, and its other arguments."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    if not isinstance(value, Tensor):
        raise interpreter.not_understood(node, STACKED if isinstance(value, Stacked) else UNDERSTOOD)
    return value, arguments


def value_and_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> tuple[object, Arguments]:
    """Returns what a function gets first, or as input, and its other arguments."""
    positional, named = read_arguments(interpreter, node, scope)
    given = [named.pop("input"), *positional] if "input" in named else positional
    if not given:
        raise interpreter.not_understood(node)
    return given[0], Arguments(given[1:], named)
