"""One forward pass through a live module, which leaves the module as it was."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from cnnviz.explanation.module_state import ModuleState
from cnnviz.explanation.nodes import Call, Node
from cnnviz.explanation.recorder import Recorder
from cnnviz.shapes import Shape, numel

MAX_VALUES_TRIED = 2**22
"""Largest number of values of a sample that a failing module is given once more, for its message."""


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
    not_put_back: tuple[str, ...] = ()
    """Attributes of the module in which forward may have left something behind."""


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
        _unchanged(nn.Module() if is_copy else module, keeps_values=not on_meta) as state,
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
    outputs = tuple(recorder.tensors.nodes_of([output]))
    not_put_back = tuple(dict.fromkeys(state.not_kept))
    return ForwardPass(module, tuple(recorder.calls), inputs, outputs, on_meta, error, not_put_back)


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
def _unchanged(module: nn.Module, *, keeps_values: bool) -> Iterator[ModuleState]:
    """Context in evaluation mode, behind which modes, attributes, weights, buffers and random numbers are as before it.

    `keeps_values` says whether a real pass could write into weights and buffers.
    """
    state = ModuleState(module, keeps_values=keeps_values)
    devices = {tensor.device.index for tensor in _own_tensors(module) if tensor.is_cuda}
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=list(devices)):
        try:
            for part in module.modules():
                part.training = False
            yield state
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
            state.put_back()
