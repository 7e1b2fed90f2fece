"""Tensors of pasted code with something in brackets behind them: samples cut off, axes of length 1 left out."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from cnnviz.source.axis_functions import unsqueeze_tensor
from cnnviz.source.interpreter import Interpreter
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.tensor_values import Sample, Tensor
from cnnviz.source.tensors import apply_layer, reshape_tensor

WHOLE = slice(None)


def index_tensor(
    interpreter: Interpreter, tensor: Tensor, indices: Sequence[object], node: ast.Subscript
) -> Tensor | Sample:
    """Returns the part of a tensor that `x[…]` takes, as far as layers can: x[:, :, 0, 0], x[:, :, :-2], x[:, None].

    An axis with a number is cut to one place, if it has more than that and stands behind the channels, and left out.
    """
    count = len(tensor.sizes)
    named = sum(index is not None and index is not ... for index in indices)
    if named > count or indices.count(...) > 1:
        raise interpreter.not_understood(node, f"the tensor has {count} axes here, that of the batch among them")
    place = indices.index(...) if ... in indices else len(indices)
    filled = [*indices[:place], *[WHOLE] * (count - named), *indices[place + 1 :]]
    if type(filled[0]) is int and filled[0] in (0, -1) and all(map(_is_whole, filled[1:])):
        return Sample(tensor.node.shape)
    if not _is_whole(filled[0]):
        raise interpreter.not_understood(node, "a design keeps all samples of a batch, so write x[:, …]")
    if None in filled:
        if not all(index is None or _is_whole(index) for index in filled) or filled.count(None) > 1:
            raise interpreter.not_understood(node)
        return unsqueeze_tensor(interpreter, tensor, filled.index(None), node)
    ranges = [_range(interpreter, index, axis, tensor, node) for axis, index in enumerate(filled[1:], 1)]
    cut = _cut(interpreter, tensor, ranges, node)
    left_out = {axis for axis, index in enumerate(filled) if isinstance(index, int)}
    if not left_out:
        return cut
    wanted = [size for axis, size in enumerate(cut.sizes) if axis not in left_out]
    return reshape_tensor(cut, wanted, interpreter.snippet(node), node.lineno)


def _is_whole(index: object) -> bool:
    return isinstance(index, slice) and index in (WHOLE, slice(0, None), slice(None, None, 1), slice(0, None, 1))


def _range(interpreter: Interpreter, index: object, axis: int, tensor: Tensor, node: ast.Subscript) -> range:
    """The places of an axis that an index takes."""
    size = tensor.sizes[axis]
    if isinstance(size, int) and isinstance(index, int) and not isinstance(index, bool) and -size <= index < size:
        return range(index % size, index % size + 1)
    if isinstance(size, int) and isinstance(index, slice):
        try:
            taken = range(*index.indices(size))
        except (TypeError, ValueError):
            taken = range(0)
        if taken and taken.step > 0:
            return taken
    raise interpreter.not_understood(node, f"only places from 0 to {size} of an axis can be taken here")


def _cut(interpreter: Interpreter, tensor: Tensor, ranges: list[range], node: ast.Subscript) -> Tensor:
    """The tensor without what lies outside the ranges, one for each axis behind the batch's."""
    sizes = tensor.sizes[1:]
    if all(len(taken) == size for taken, size in zip(ranges, sizes, strict=True)):
        return tensor
    channels, *inner = ranges
    if len(channels) != sizes[0] or tensor.seen is not None:
        raise interpreter.not_understood(node, "no layer takes a part of the channels")
    pads: list[int] = []
    for taken, size in zip(inner, tensor.node.shape[1:], strict=True):
        pads = [-taken.start, taken.stop - size, *pads]
    call, line, axes = interpreter.snippet(node), node.lineno, len(inner)
    result = tensor
    if any(pads):
        result = apply_layer(checked_layer_call(f"ZeroPad{axes}d", {"padding": tuple(pads)}, call, line), result, line)
    steps = tuple(taken.step for taken in inner)
    if any(step > 1 for step in steps):
        pool = {"kernel_size": 1, "stride": steps if axes > 1 else steps[0]}
        result = apply_layer(checked_layer_call(f"MaxPool{axes}d", pool, call, line), result, line)
    return Tensor(result.node, tensor)
