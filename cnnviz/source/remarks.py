"""Remarks on a net that was read: what stands in the code, and works in another way in a design."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.source.tensor_values import TensorNode
from cnnviz.source.tensors import iter_all, stateful_calls
from cnnviz.source.values import (
    BlockCall,
    Instance,
    LayerCall,
    Module,
    ModuleDict,
    ModuleList,
    Sequential,
    contained_ids,
)

MAX_LISTED = 6


def unused_remarks(net: Module, output: TensorNode) -> Iterator[str]:
    """Yields a remark that lists the layers of a net that its output does not come from."""
    used = {id(node.layer_call) for node in iter_all(tuple(output.iter_back())) if node.layer_call}
    known = contained_ids(net, registered=True)
    unused = {
        id(call): f"{name} ({call.call}, line {call.line})"
        for name, call in _named_layers(net, "self")
        if id(call) in known and id(call) not in used
    }
    if unused:
        yield f"What the net returns does not come from {_listed(list(unused.values()))}: left out of the design."


def gradient_remarks(output: TensorNode) -> Iterator[str]:
    """Yields a remark for each place that cuts the gradient off from layers with weights."""
    reached = set(_with_gradient(output))
    learning = {id(call) for node in reached for call in stateful_calls(node, alone=True)}
    told = set[int]()
    for node in iter_all(tuple(output.iter_back())):
        if not node.cut:
            continue
        calls = {id(call): call for call in stateful_calls(node) if id(call) not in learning | told}
        told |= set(calls)
        if calls:
            names = [f"{call.call} (line {call.line})" for call in reversed(calls.values())]
            yield (
                f"Line {node.line}: no gradient goes back through `{node.cut}`, so in this code {_listed(names)} would"
                " not learn. In the design every layer does."
            )


def _with_gradient(output: TensorNode) -> Iterator[TensorNode]:
    """Yields the nodes from which a gradient comes back, the output first."""
    todo, seen = [output], set[TensorNode]()
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        if node.cut:
            continue
        for stack in node.stacks:
            todo += stack[-1:] or ([node.before] if node.before else [])
        if not node.stacks and node.before:
            todo.append(node.before)


def _named_layers(value: object, name: str) -> Iterator[tuple[str, LayerCall]]:
    """Yields the layers in a module, with the code that gives each of them."""
    todo, seen = [(name, value)], set[int]()
    while todo:
        name, value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, LayerCall):
            yield name, value
        parts: list[tuple[str, object]] = []
        if isinstance(value, Instance):
            parts = [(f"{name}.{attribute}", part) for attribute, part in value.attributes.items()]
            parts += [(name, part) for part in (value.sequential, value.layer) if part]
        elif isinstance(value, Sequential | BlockCall):
            parts = [(f"{name}[{number}]", part) for number, part in enumerate(value.modules)]
        elif isinstance(value, ModuleList):
            parts = [(f"{name}[{number}]", part) for number, part in enumerate(value)]
        elif isinstance(value, ModuleDict):
            parts = [(f"{name}[{key!r}]", part) for key, part in value.items()]
        todo += reversed(parts)


def _listed(names: list[str]) -> str:
    *first, last = names if len(names) <= MAX_LISTED else [*names[:MAX_LISTED], f"{len(names) - MAX_LISTED} more"]
    return f"{', '.join(first)} and {last}" if first else last
