"""Functions of torch that are layers, but take other arguments than these: F.pad, torch.unflatten, F.rms_norm."""

from __future__ import annotations

import ast

from cnnviz.source.arguments import Arguments
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.tensors import apply_layer
from cnnviz.source.torch_functions import tensor_and_arguments

_PADS = {
    "constant": "ConstantPad",
    "reflect": "ReflectionPad",
    "replicate": "ReplicationPad",
    "circular": "CircularPad",
}
"""The layer that each mode of F.pad is."""


def pad(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Adds samples around a tensor: F.pad, whose numbers go from the last axis to the first.

    Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    call, line = interpreter.snippet(node.func), node.lineno
    values = arguments.matched(("pad", "mode", "value"), call, line)
    added, mode, value = values.get("pad"), values.get("mode", "constant"), values.get("value")
    axes = len(tensor.node.shape) - 1
    if not isinstance(added, tuple | list) or not added or len(added) % 2:
        raise interpreter.not_understood(node)
    if not all(isinstance(number, int) for number in added):
        raise interpreter.not_understood(node)
    if not isinstance(mode, str) or mode not in _PADS:
        raise interpreter.not_understood(node)
    if len(added) > 2 * axes:
        raise interpreter.not_understood(node, "a design adds samples behind the channels only")
    if mode == "constant":
        added = (*added, *[0] * (2 * axes - len(added)))
    elif len(added) < 2 * axes or value not in (None, 0):  # as torch itself
        raise interpreter.not_understood(node, f"mode='{mode}' takes {2 * axes} numbers here, and no value")
    is_zero = mode == "constant" and value in (None, 0)
    given: dict[str, object] = {"padding": tuple(added) if len(set(added)) > 1 else added[0]}
    if mode == "constant" and not is_zero:
        given["value"] = value
    kind = f"{'ZeroPad' if is_zero else _PADS[mode]}{axes}d"
    return apply_layer(checked_layer_call(kind, given, call, line), tensor, line)


def clamp(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Keeps values between bounds: torch.clamp."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    is_in_place = interpreter.snippet(node.func).endswith("_")
    return clamp_tensor(interpreter, tensor, arguments, node, inplace=is_in_place)


def clamp_tensor(
    interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call, *, inplace: bool
) -> Tensor:
    """Returns a tensor whose values are kept between bounds: by a ReLU, ReLU6, Hardtanh or Threshold.

    Source: https://pytorch.org/docs/stable/generated/torch.clamp.html
    """
    call, line = interpreter.snippet(node.func), node.lineno
    values = arguments.matched(("min", "max"), call, line)
    low, high = values.get("min"), values.get("max")
    if not isinstance(low, int | float | None) or not isinstance(high, int | float | None):
        raise interpreter.not_understood(node, "its bounds must be numbers")
    if low is None:
        raise interpreter.not_understood(node, "no layer cuts values off above alone; give it a min, too")
    kind = "Hardtanh"
    given: dict[str, int | float | None] = {"min_val": low, "max_val": high}
    if high is None:
        kind, given = ("Threshold", {"threshold": low, "value": low}) if low else ("ReLU", {})
    elif (low, high) == (0, 6):
        kind, given = "ReLU6", {}
    elif not low < high:
        raise interpreter.not_understood(node, "its min must be below its max")
    numbers = {name: float(number) for name, number in given.items() if number is not None}
    return apply_layer(checked_layer_call(kind, numbers, call, line, inplace=inplace), tensor, line)


def unflatten(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Splits an axis of a tensor: torch.unflatten."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return unflatten_tensor(interpreter, tensor, arguments, node)


def unflatten_tensor(interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> Tensor:
    """Returns a tensor with one axis split into several."""
    call, line = interpreter.snippet(node.func), node.lineno
    values = arguments.matched(("dim", "sizes"), call, line)
    given = {{"sizes": "unflattened_size"}.get(name, name): value for name, value in values.items()}
    return apply_layer(checked_layer_call("Unflatten", given, call, line), tensor, line)


def rms_norm(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Scales the last axes of a tensor, without weights: F.rms_norm."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    call, line = interpreter.snippet(node.func), node.lineno
    values = arguments.matched(("normalized_shape", "weight", "eps"), call, line)
    if values.pop("weight", None) is not None:
        raise interpreter.not_understood(node, "the weights of a layer stand in it; use nn.RMSNorm")
    if "normalized_shape" not in values:
        raise interpreter.not_understood(node)
    given = {**values, "elementwise_affine": False}
    return apply_layer(checked_layer_call("RMSNorm", given, call, line), tensor, line)
