"""Recorder: watches one forward pass, by hooks and by torch's protocol for functions."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from cnnviz.explanation.functions import (
    CONCATENATIONS,
    MEANS,
    RESHAPING,
    SAME_VALUES,
    function_call,
    is_always_on,
    keeps_values,
    plain_name,
    positional,
    tensors_in,
    written_tensors,
)
from cnnviz.explanation.known_tensors import KnownTensors
from cnnviz.explanation.live_layers import layer_kind, layer_of_module
from cnnviz.explanation.meta_shortcuts import call_on_meta
from cnnviz.explanation.nodes import Call, Frame, Node
from cnnviz.layers import Flatten, Layer

logger = logging.getLogger(__name__)
ALWAYS_ON = (
    "It drops in evaluation, too, as training is True; a design's Dropout does not. Write training=self.training."
)


class Recorder(TorchFunctionMode):
    """Context in which the calls of a module are recorded: its leaf modules, and functions that are layers or joins.

    Hooks are those of all modules, so that one in a plain list is seen, too; they listen to this thread only, and
    leaving the context removes them.
    """

    def __init__(self, module: nn.Module, batch_size: int, *, on_meta: bool) -> None:
        super().__init__()
        self._call = call_on_meta if on_meta else _call
        self.module = module
        self.tensors = KnownTensors(batch_size)
        self.calls: list[Call] = []
        self._names = {id(part): name for name, part in module.named_modules()}
        self._frames: list[Frame] = []
        self._thread = threading.get_ident()
        self._hooks = ExitStack()

    def __enter__(self) -> Self:
        self._hooks.enter_context(register_module_forward_pre_hook(self._before_module))
        self._hooks.enter_context(register_module_forward_hook(self._after_module, with_kwargs=True))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, traceback)  # type: ignore[no-untyped-call]
        self._hooks.close()

    def add_input(self, tensor: Tensor) -> Node:
        """Makes a tensor known as an input of the net."""
        return self.tensors.remember(tensor, Node(self.tensors.sample_shape(tensor), "the input"))

    def record_failure(self, error: Exception) -> None:
        """Adds the row of what raised: a function that is a row of its own, or the innermost module."""
        if self.calls and self.calls[-1].error is error:
            return
        if not self._frames:
            self.calls.append(
                Call(type(self.module).__name__, type(self.module).__name__, (), self.module, error=error)
            )
            return
        frame = self._frames[-1]
        call = self._module_call(frame)
        call.error = error
        self.calls.append(call)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if not self._frames or not self._frames[-1].follows_functions:
            return self._run(func, args, kwargs)
        try:
            result = self._run(func, args, kwargs)
        except Exception as error:
            name = getattr(func, "__name__", "")
            inputs = tuple(self.tensors.nodes_of((*args, *kwargs.values())))
            if inputs and self._frames[-1].holds_rows:
                self.calls.append(self._failed_call(name, args, kwargs, inputs, error))
            raise
        if isinstance(result, Tensor | tuple | list):
            for tensor in tensors_in([result]):
                self._follow_safely(func.__name__, args, kwargs, tensor)
        self._follow_writes(func, args, kwargs, result)
        return result

    def _run(self, func: Callable[..., Any], args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """Calls a function; what a dropout returns is another tensor than what it got, as it is in training."""
        result, name = self._call(func, args, kwargs), getattr(func, "__name__", "")
        is_dropout = "dropout" in name and not name.endswith("_") and kwargs.get("inplace") is not True
        if is_dropout and any(tensor is result for tensor in tensors_in((*args, *kwargs.values()))):
            return result.view_as(result)
        return result

    def _follow_writes(
        self, func: Callable[..., Any], args: Sequence[object], kwargs: Mapping[str, object], result: object
    ) -> None:
        """Makes unknown what a call has changed beside what it returns."""
        name = getattr(func, "__name__", "")
        if name == "__set__" and getattr(func, "__self__", None) is Tensor.data:
            self.tensors.spoil(tensors_in(args[:1]), "setting .data", args)
            return
        args, kwargs = positional(args, kwargs)
        written = written_tensors(name, args, kwargs)
        if not written:
            return
        is_by_index = name == "__setitem__"
        what = "an assignment by index, […] = …" if is_by_index else f"{name}(), which writes into another tensor, too"
        returned = {id(tensor) for tensor in tensors_in([result])}
        changed = (tensor for tensor in (*written, *self.tensors.sharing_memory(written)) if id(tensor) not in returned)
        self.tensors.spoil(changed, what, (*args, *kwargs.values()))

    def _failed_call(
        self,
        name: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        inputs: tuple[Node, ...],
        error: Exception,
    ) -> Call:
        path = self._frames[-1].path
        try:
            return function_call(plain_name(name), *positional(args, kwargs), inputs, path=path, error=error)
        except Exception:  # ours: the row keeps what the module raised
            logger.exception("The call of %s could not be read.", name)
            return Call(f"{path}: {name}" if path else name, name, inputs, error=error)

    def _follow_safely(self, name: str, args: Sequence[object], kwargs: Mapping[str, object], result: Tensor) -> None:
        """Follows a function; where that fails, what it gave is unknown, and the module runs on."""
        try:
            self._follow(name, *positional(args, kwargs), result)
        except Exception:
            logger.exception("What %s does could not be followed.", name)
            sources = tuple(self.tensors.nodes_of((*args, *kwargs.values())))
            self.tensors.remember(
                result, Node(self.tensors.sample_shape(result), f"{name}()", sources, obstacle=f"{name}()")
            )

    def _follow(self, name: str, args: Sequence[object], kwargs: Mapping[str, object], result: Tensor) -> None:
        """Notes what a function has made of tensors that come from the input."""
        sources = tuple(self.tensors.nodes_of((*args, *kwargs.values())))
        if not sources or name == "__get__":
            return
        shape, plain = self.tensors.sample_shape(result), plain_name(name)
        keeps_shape = plain in RESHAPING | CONCATENATIONS and shape == sources[0].shape
        if len(sources) == 1 and (plain in SAME_VALUES or keeps_shape) and keeps_values(plain, args, result):
            self.tensors.remember(result, sources[0])
            return
        call = function_call(plain, args, kwargs, sources, path=self._frames[-1].path, shape=shape)
        node = Node(shape, call.name, call.inputs, call.layer, call.join)
        if call.layer and plain in MEANS and (pooled := call.layer.output_shape(sources[0].shape or ())) != shape:
            node.sources, node.layer = (Node(pooled, call.name, sources, call.layer),), Flatten()
        if is_always_on(plain, args, kwargs) and not self._frames[-1].module.training:
            node.notes = (ALWAYS_ON,)
        if not (call.layer or call.join):
            node.obstacle = call.name
        elif call.left_out:
            node.obstacle = f"{call.name} with {', '.join(call.left_out)}"
        self.tensors.remember(result, node)
        if (call.layer or call.join) and self._frames[-1].holds_rows:
            call.outputs, call.output_nodes = (result,), (node,)
            self.calls.append(call)

    def _before_module(self, module: nn.Module, args: tuple[object, ...]) -> None:
        if threading.get_ident() != self._thread:
            return
        is_torchs_own = type(module).__module__.startswith("torch.nn.")
        name, kind = self._names.get(id(module)), layer_kind(type(module))
        if self._frames:
            self._frames[-1].has_called_modules = True
        self._frames.append(
            Frame(
                module,
                kind,
                name or "",
                tuple(self.tensors.nodes_of(args)),
                holds_rows=not is_torchs_own and (not self._frames or next(module.children(), None) is not None),
                follows_functions=not is_torchs_own and kind is None,
                calls_before=len(self.calls),
                is_registered=name is not None,
            )
        )

    def _after_module(
        self, module: nn.Module, args: tuple[object, ...], kwargs: Mapping[str, object], output: object
    ) -> None:
        if threading.get_ident() != self._thread or not self._frames:
            return
        frame = self._frames.pop()
        if kwargs:
            frame.inputs = tuple(self.tensors.nodes_of((*args, *kwargs.values())))
        if frame.layer_kind:
            del self.calls[frame.calls_before :]  # of modules that compute its weights
        is_leaf = frame.layer_kind is not None or (
            len(self.calls) == frame.calls_before and not frame.has_called_modules
        )
        call = self._module_call(frame)
        call.outputs = tuple(tensors_in([output]))
        passes_on = isinstance(module, nn.Identity | nn.Sequential)
        for tensor in call.outputs if frame.inputs else ():
            if call.layer and tensor is call.outputs[0]:
                obstacle = f"{frame.name} with {', '.join(call.left_out)}" if call.left_out else ""
                shape = self.tensors.sample_shape(tensor)
                self.tensors.remember(tensor, Node(shape, frame.name, frame.inputs, call.layer, None, module, obstacle))
            elif not passes_on and (is_leaf or tensor not in self.tensors) and not frame.follows_functions:
                obstacle = f"{frame.name} ({type(module).__name__})"
                self.tensors.remember(
                    tensor,
                    Node(self.tensors.sample_shape(tensor), frame.name, frame.inputs, None, None, module, obstacle),
                )
        if getattr(module, "inplace", False) is True:
            others = (tensor for tensor in self.tensors.sharing_memory(call.outputs) if tensor is not output)
            self.tensors.spoil(others, f"{frame.name}, which writes into another tensor, too", ())
        call.output_nodes = tuple(self.tensors.nodes_of(call.outputs))
        if is_leaf and not (isinstance(module, nn.Sequential) and not len(module)):
            if call.layer is None:
                call.layer = _single_layer(call)
            self.calls.append(call)

    def _module_call(self, frame: Frame) -> Call:
        kind = type(frame.module).__name__
        call = Call(frame.name or kind, kind, frame.inputs, frame.module, is_registered=frame.is_registered)
        if frame.layer_kind and call.input_shape and len(frame.inputs) == 1:
            try:
                found = layer_of_module(frame.module, frame.layer_kind, call.input_shape)
            except Exception:  # ours: the row has no rule
                logger.exception("The module %s could not be read.", frame.name)
                found = None
            if found:
                call.layer, call.left_out = found
        return call


def _call(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    return func(*args, **kwargs)


def _single_layer(call: Call) -> Layer | None:
    """Returns the one layer that a module of one's own is, such as a Flatten that calls `view`."""
    if len(call.output_nodes) != 1 or len(call.inputs) != 1:
        return None
    node = call.output_nodes[0]
    return node.layer if node.sources == call.inputs else None
