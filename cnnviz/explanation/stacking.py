"""A live module as a stack of layers, where it is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from cnnviz.architecture import MAX_LAYERS, Architecture
from cnnviz.errors import DesignError
from cnnviz.explanation.nodes import Node
from cnnviz.layers import Layer
from cnnviz.layers.join import CONCAT
from cnnviz.shapes import AXES
from cnnviz.source.tensor_values import Tensor, TensorNode
from cnnviz.source.tensors import join_tensors, layers_up_to
from cnnviz.source.values import LayerCall
from cnnviz.validation import describe_error
from cnnviz.words import count_label


def to_architecture(inputs: Sequence[Node], outputs: Sequence[Node], *more: Layer) -> Architecture:
    """Returns the design that leads from the input to the output, with `more` layers behind it.

    Raises DesignError with what a design cannot express.
    """
    if len(inputs) != 1 or len(outputs) != 1:
        taken, returned = count_label(len(inputs), "tensor"), count_label(len(outputs), "tensor")
        raise DesignError(f"It takes {taken} and returns {returned}; a design takes and returns one.")
    start, end = inputs[0], outputs[0]
    nodes = list(_sources_first(end))
    _check(start, nodes)
    calls: dict[int, LayerCall] = {}
    made = {start: TensorNode(start.shape or ())}
    try:
        for node in nodes:
            if node is start:
                continue
            before = [made[source] for source in node.sources]
            if node.join:
                ordered = node.join is CONCAT
                made[node] = join_tensors(node.join, [Tensor(source) for source in before], 0, ordered=ordered).node
            else:
                key = id(node.module) if node.module else id(node)
                call = calls.setdefault(key, LayerCall(node.layer.kind if node.layer else "", {}, node.name, 0))
                count = before[0].layer_count + 1
                made[node] = TensorNode(node.shape or (), node.layer, before[0], call, layer_count=count)
        return Architecture(input_shape=start.shape or (), layers=(*layers_up_to(made[end]), *more))
    except ValidationError as error:
        raise DesignError(describe_error(error)) from None
    except DesignError as error:
        raise DesignError(str(error).removeprefix("Line 0: ")) from None


def _sources_first(end: Node) -> Iterator[Node]:
    """Yields a node and all before it, each once and behind its sources; at most as many as a design may hold."""
    yielded: set[Node] = set()
    todo = [end]
    while todo:
        node = todo[-1]
        missing = [source for source in node.sources if source not in yielded]
        if missing and node not in yielded:
            todo.extend(missing)
            continue
        todo.pop()
        if node not in yielded:
            yielded.add(node)
            yield node


def _check(start: Node, nodes: Sequence[Node]) -> None:
    if start not in nodes:
        raise DesignError("What it returns does not come from its input.")
    for node in nodes:
        if node.obstacle or (node is not start and not (node.layer or node.join)):
            raise DesignError(f"A design cannot hold {node.obstacle or node.name}.")
        if node.shape is None or len(node.shape) not in AXES:
            raise DesignError(f"A design holds samples of one to four axes; {node.name} gives something else.")
    if sum(node.layer is not None for node in nodes) > MAX_LAYERS:
        raise DesignError(f"A design holds at most {MAX_LAYERS} layers.")
    uses = Counter(node.module for node in nodes if node.module and any(True for _ in node.module.parameters()))
    for module, count in uses.items():
        if count > 1:
            name = next(node.name for node in nodes if node.module is module)
            raise DesignError(f"{name} is called {count} times: a design has no layers that share their weights.")
    shared = Counter(id(weight) for module in uses for weight in module.parameters())
    if any(count > 1 for count in shared.values()):
        raise DesignError("Some of its layers share their weights, which a design cannot express.")
