"""One forward pass through a live module, which leaves the module as it was."""

from __future__ import annotations

import copy
import random
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from cnnviz.explanation.nodes import Call, Node
from cnnviz.explanation.recorder import Recorder
from cnnviz.shapes import Shape, numel

MAX_VALUES_TRIED = 2**22
"""Largest number of values of a sample that a failing module is given once more, for its message."""

CONTAINERS = (list, dict, set, OrderedDict)
"""Classes of attributes whose items are put back, those of a module's weights and submodules among them."""


@dataclass(frozen=True)
class ForwardPass:
    """What a forward pass has called; the last call may be one that raised."""

    module: nn.Module
    """The module that was run: a copy where its lazy layers would have taken the shapes for good."""
    calls: tuple[Call, ...]
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    on_meta: bool
    """Whether shapes were computed, and no numbers."""
    error: Exception | None


def run(
    module: nn.Module, shapes: Sequence[Shape], dtypes: Sequence[torch.dtype], batch_size: int, *, on_meta: bool
) -> ForwardPass:
    """Sends a batch through a module in evaluation mode, on the meta device or on the module's own."""
    is_copy = any(map(is_lazy, _own_tensors(module)))
    if is_copy:
        module, on_meta = copy.deepcopy(module), False
    recorder = Recorder(module, batch_size, on_meta=on_meta)
    device = torch.device("meta") if on_meta else next((tensor.device for tensor in _own_tensors(module)), None)
    error, output = None, None
    # a copy keeps what its lazy layers have learned of their input
    with (
        _unchanged(nn.Module() if is_copy else module, keeps_values=not on_meta),
        torch.no_grad(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        batch = [_batch((batch_size, *shape), dtype, device) for shape, dtype in zip(shapes, dtypes, strict=True)]
        inputs = tuple(map(recorder.add_input, batch))
        try:
            with recorder:
                output = functional_call(module, _on_meta(module), tuple(batch)) if on_meta else module(*batch)
        except Exception as raised:  # whatever a module of one's own raises is the row that fails
            error = raised
            recorder.record_failure(raised)
    if error and on_meta:
        _replace_error(recorder.calls[-1], batch_size)
    outputs = tuple(recorder.known_nodes([output]))
    return ForwardPass(module, tuple(recorder.calls), inputs, outputs, on_meta, error)


def _replace_error(call: Call, batch_size: int) -> None:
    """Gives the call of a leaf the error that people know: messages of the meta device are others."""
    module, shape = call.module, call.input_shape
    if module is None or shape is None or next(module.children(), None) or numel(shape) > MAX_VALUES_TRIED:
        return
    parameter = next(_own_tensors(module), torch.empty(0))
    with _unchanged(module, keeps_values=True), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module(_batch((batch_size, *shape), parameter.dtype, parameter.device))
        except Exception as error:  # as above
            call.error = error


def _own_tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _on_meta(module: nn.Module) -> dict[str, Tensor]:
    """Returns tensors of the same shapes without values, by the names of the module's own."""
    own = (*module.named_parameters(), *module.named_buffers())
    return {name: torch.empty_like(tensor, device="meta") for name, tensor in own}


def _batch(shape: Shape, dtype: torch.dtype, device: torch.device | None) -> Tensor:
    if not dtype.is_floating_point:
        return torch.zeros(shape, dtype=dtype, device=device)
    return torch.empty(shape, dtype=dtype, device=device).fill_(0.5)


@contextmanager
def _unchanged(module: nn.Module, *, keeps_values: bool, is_copy: bool = False) -> Iterator[None]:
    """Context in evaluation mode, behind which modes, attributes, weights, buffers and random numbers are as before it.

    `keeps_values` says whether a real pass could write into weights and buffers. What lies inside an attribute stays as
    forward leaves it, but for the items of lists, dicts and sets. A copy keeps what lazy layers have learned.
    """
    modes = [(part, part.training) for part in module.modules()]
    attributes = [(part, dict(vars(part))) for part in module.modules() if not is_copy]
    containers = [
        (value, copy.copy(value)) for _, own in attributes for value in own.values() if type(value) in CONTAINERS
    ]
    tensors = [tensor for tensor in _own_tensors(module) if keeps_values and not tensor.is_meta]
    values = [(tensor, tensor.data, tensor.detach().clone()) for tensor in tensors if not is_copy]
    devices = {tensor.device.index for tensor in tensors if tensor.is_cuda}
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=list(devices)):
        try:
            for part, _ in modes:
                part.training = False
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
            for container, items in containers:
                _refill(container, items)
            for part, own in attributes:
                _refill(vars(part), own)
            for part, mode in modes:
                part.training = mode
            with torch.no_grad():
                for tensor, data, before in values:
                    if tensor.data_ptr() != data.data_ptr():
                        tensor.data = data
                    if not torch.equal(tensor, before):
                        tensor.copy_(before)


def _refill(container: Any, items: Any) -> None:
    container.clear()
    if isinstance(container, list):
        container.extend(items)
    else:
        container.update(items)
