"""ModuleState: what a module holds, at any depth of its attributes, kept to be put back after a forward pass."""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

MAX_OBJECTS = 100_000
"""Largest number of objects in the attributes of a module that are looked at."""
MAX_VALUES = 2**24
"""Largest number of values that are copied of tensors and arrays which are neither weights nor buffers."""
PLAIN = (type(None), bool, int, float, complex, str, bytes, torch.dtype, torch.device, torch.Size, range)
"""Types whose values nothing changes."""
NEVER_CHANGED = (type, FunctionType, BuiltinFunctionType, ModuleType)
"""Kinds of objects that a forward pass is not expected to change."""
OF_THREADS = frozenset({"threading", "_thread", "logging", "queue", "asyncio", "concurrent", "multiprocessing", "io"})
"""Packages whose objects other threads may change at any time, so that nothing is put back in them."""
MISSING = object()
Container = list[Any] | dict[Any, Any] | set[Any] | deque[Any]


class ModuleState:
    """The attributes of a module and its parts, and the lists, dicts, objects, tensors and arrays in them.

    Weights and buffers are kept by their values only if `keeps_values`. `not_kept` names what could not be kept.
    """

    def __init__(self, module: nn.Module, *, keeps_values: bool) -> None:
        self.not_kept: list[str] = []
        self._attributes: list[tuple[dict[str, object], dict[str, object]]] = []
        self._slots: list[tuple[object, str, object]] = []
        self._containers: list[tuple[Container, Container]] = []
        self._tensors: list[tuple[Tensor, Tensor, Tensor]] = []
        self._arrays: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
        self._generators: list[tuple[Any, Any]] = []
        self._values_left = MAX_VALUES
        own = [tensor for tensor in (*module.parameters(), *module.buffers()) if not tensor.is_meta]
        self._seen: dict[int, object] = {id(tensor): tensor for tensor in own}
        for tensor in own:
            self._attributes.append((vars(tensor), dict(vars(tensor))))
        if keeps_values:
            self._tensors += [(tensor, tensor.data, tensor.detach().clone()) for tensor in own]
        parts = list(module.named_modules())
        self._seen |= {id(part): part for _, part in parts}
        for _, part in parts:
            self._keep_attributes(part)
        self._keep_all(
            (f"{path}.{name}".lstrip("."), value) for path, part in parts for name, value in vars(part).items()
        )

    def put_back(self) -> None:
        """Gives everything that was kept the content that it had."""
        for container, items in self._containers:
            _refill(container, items)
        for attributes, values in self._attributes:
            _refill(attributes, values)
        for owner, name, value in self._slots:
            if _attribute(owner, name) is not value:
                object.__setattr__(owner, name, value)
        for array, numbers in self._arrays:
            np.copyto(array, numbers)
        for generator, state in self._generators:
            _set_state(generator, state)
        with torch.no_grad():
            for tensor, data, before in self._tensors:
                if tensor.data_ptr() != data.data_ptr() or tensor.shape != data.shape:
                    tensor.data = data
                if not torch.equal(tensor, before):
                    tensor.copy_(before)

    def _keep_all(self, values: Iterable[tuple[str, object]]) -> None:
        todo = deque(values)
        while todo:
            path, value = todo.popleft()
            if type(value) in PLAIN or id(value) in self._seen or isinstance(value, NEVER_CHANGED):
                continue
            self._seen[id(value)] = value
            if len(self._seen) > MAX_OBJECTS:
                self.not_kept += dict.fromkeys((path, *(path for path, _ in todo)))
                return
            todo += ((path, part) for part in self._keep(path, value))

    def _keep(self, path: str, value: object) -> Iterable[object]:
        """Keeps what an object holds; returns the objects in it."""
        match value:
            case Tensor():
                self._keep_tensor(path, value)
            case np.ndarray():
                self._keep_array(path, value)
            case torch.Generator() | random.Random() | np.random.Generator():
                self._generators.append((value, _state(value)))
            case dict():
                self._containers.append((value, dict(value)))
                return value.values()
            case list() | set() | deque():
                self._containers.append((value, set(value) if isinstance(value, set) else list(value)))
                return value
            case tuple() | frozenset():
                return value
            case MethodType():
                return [value.__self__]
            case Iterator():
                self.not_kept.append(path)
            case _ if type(value).__module__.partition(".")[0] not in OF_THREADS:
                return self._keep_attributes(value)
        return ()

    def _keep_attributes(self, owner: object) -> list[object]:
        attributes = _attribute(owner, "__dict__")
        values: list[object] = []
        if isinstance(attributes, dict):
            self._attributes.append((attributes, dict(attributes)))
            values += attributes.values()
        for cls in type(owner).__mro__:
            slots = vars(cls).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if name not in ("__dict__", "__weakref__") and (value := _attribute(owner, name)) is not MISSING:
                    self._slots.append((owner, name, value))
                    values.append(value)
        return values

    def _keep_tensor(self, path: str, tensor: Tensor) -> None:
        if not tensor.is_meta and self._may_copy(path, tensor.numel()):
            self._tensors.append((tensor, tensor.data, tensor.detach().clone()))

    def _keep_array(self, path: str, array: np.ndarray[Any, Any]) -> None:
        if array.flags.writeable and not array.dtype.hasobject and self._may_copy(path, array.size):
            self._arrays.append((array, array.copy()))

    def _may_copy(self, path: str, count: int) -> bool:
        if count > self._values_left:
            self.not_kept.append(path)
            return False
        self._values_left -= count
        return True


def _attribute(owner: object, name: str) -> object:
    """Returns an attribute without any code of the object's own; MISSING where there is none."""
    try:
        return object.__getattribute__(owner, name)
    except AttributeError:
        return MISSING


def _refill(container: Any, items: Any) -> None:
    """Gives a container the items that it had, in their order; one that still has them is left alone."""
    if _has_same(container, items):
        return
    kind: Any = next(kind for kind in (OrderedDict, dict, list, set, deque) if isinstance(container, kind))
    kind.clear(container)  # that of Python, whatever a class of one's own makes of it
    (kind.extend if kind in (list, deque) else kind.update)(container, items)


def _has_same(container: Any, items: Any) -> bool:
    if len(container) != len(items):
        return False
    if isinstance(items, dict):
        pairs = zip(container.items(), items.items(), strict=True)
        return all(key is old_key and value is old for (key, value), (old_key, old) in pairs)
    if isinstance(items, set):
        return {id(item) for item in container} == {id(item) for item in items}
    return all(item is old for item, old in zip(container, items, strict=True))


def _state(generator: Any) -> object:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.getstate() if isinstance(generator, random.Random) else generator.get_state()


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.set_state(state)
