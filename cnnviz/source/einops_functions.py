"""The handlers of einops in pasted code: patterns that put axes together, leave them out, or pool them.

Source: https://einops.rocks/api/rearrange
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.axis_functions import permute_tensor, pool_axes
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.tensors import reshape_tensor
from cnnviz.source.torch_modules import make_layer
from cnnviz.source.values import LayerCall

Axes = list[list[str]]
"""One side of a pattern: names of axes, those in parentheses together."""
_PARTS = re.compile(r"\(([^()]*)\)|(\S+)")
_KEEPS_ORDER = "a design can put neighbouring axes together, leave out those of length 1, and pool those at the end"
_POOLS = {"mean": "Avg", "max": "Max"}


def rearrange(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Gives a tensor other axes, by a pattern such as "b c h w -> b (c h w)"."""
    values = read_arguments(interpreter, node, scope).matched(("tensor", "pattern"), "rearrange", node.lineno)
    tensor, pattern = values.get("tensor"), values.get("pattern")
    if not isinstance(tensor, Tensor):
        raise interpreter.not_understood(node)
    left, right = _sides(interpreter, pattern, node)
    axes, order = ["".join(group) for group in left], [axis for group in right for axis in group]
    named = [axis for axis in axes if axis != "1"]
    is_one = [size == 1 for axis, size in zip(axes, tensor.sizes, strict=False) if axis == "1"]
    if len(axes) != len(tensor.sizes) or not all(is_one) or sorted(order) != sorted(named):
        raise interpreter.not_understood(node, _KEEPS_ORDER)
    sizes = dict(zip(axes, tensor.sizes, strict=True))
    if order != named:
        if is_one:
            raise interpreter.not_understood(node, _KEEPS_ORDER)
        tensor = permute_tensor(interpreter, tensor, [axes.index(axis) for axis in order], node)
    wanted = [sizes[group[0]] if len(group) == 1 else _product(sizes, group) for group in right]
    return reshape_tensor(tensor, wanted, interpreter.snippet(node), node.lineno)


def reduce(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Pools axes behind the channels, by a pattern such as "b c h w -> b c"."""
    names = ("tensor", "pattern", "reduction")
    values = read_arguments(interpreter, node, scope).matched(names, "reduce", node.lineno)
    tensor, pattern, kind = (values.get(name) for name in names)
    if not isinstance(tensor, Tensor) or kind not in _POOLS:
        raise interpreter.not_understood(node, _KEEPS_ORDER)
    left, right = _sides(interpreter, pattern, node)
    axes, kept = ["".join(group) for group in left], ["".join(group) for group in right]
    if len(axes) != len(tensor.sizes) or kept != [axis for axis in axes if axis in kept]:
        raise interpreter.not_understood(node, _KEEPS_ORDER)
    pooled = tuple(place for place, axis in enumerate(axes) if axis not in kept)
    return pool_axes(_POOLS[str(kind)], interpreter, tensor, Arguments([pooled], {}), node)


def make_rearrange(interpreter: Interpreter, node: ast.Call, scope: Scope) -> LayerCall:
    """Makes a Flatten: Rearrange("b c h w -> b (c h w)")."""
    values = read_arguments(interpreter, node, scope).matched(("pattern",), "Rearrange", node.lineno)
    left, right = _sides(interpreter, values.get("pattern"), node)
    together = [place for place, group in enumerate(right) if len(group) > 1]
    order = [axis for group in right for axis in group]
    if order != ["".join(group) for group in left] or "1" in order or len(together) != 1:
        raise interpreter.not_understood(node, _KEEPS_ORDER)
    start = together[0]
    bounds = {"start_dim": start, "end_dim": start + len(right[start]) - 1}
    keywords = [ast.keyword(name, ast.copy_location(ast.Constant(place), node)) for name, place in bounds.items()]
    flatten = ast.copy_location(ast.Call(node.func, [], [] if len(right) == 2 else keywords), node)
    return make_layer("torch.nn.Flatten", interpreter, flatten, scope)


def _sides(interpreter: Interpreter, pattern: object, node: ast.Call) -> tuple[Axes, Axes]:
    """Returns both sides of a pattern; raises DesignError where they do not begin with one axis, the batch."""
    parts = str(pattern).partition("->")
    left, right = ([(m[2] or m[1]).split() for m in _PARTS.finditer(part)] for part in (parts[0], parts[2]))
    if not isinstance(pattern, str) or "..." in pattern or not all((*left, *right, left, right)):
        raise interpreter.not_understood(node, _KEEPS_ORDER)
    if left[0] != right[0] or len(left[0]) > 1:
        raise interpreter.not_understood(node, "a design keeps all samples of a batch, as axis 0")
    if any(len(group) > 1 for group in left) or len({axis for group in left for axis in group}) < len(
        [group for group in left if group != ["1"]]
    ):
        raise interpreter.not_understood(node, _KEEPS_ORDER)
    return left, right


def _product(sizes: Mapping[str, object], group: list[str]) -> int:
    result = 1
    for axis in group:
        size = sizes[axis]
        result *= size if isinstance(size, int) else 1
    return result
