"""Sequential models of Keras: made, and followed with a sample."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from cnnviz.architecture import MAX_SIZE
from cnnviz.errors import DesignError
from cnnviz.layers import Flatten
from cnnviz.shapes import AXES, Shape, format_shape, numel
from cnnviz.source.arguments import read_arguments
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.keras_arguments import refused
from cnnviz.source.keras_layers import LAYERS, OTHER_PARAMETERS, TRAINING_PARAMETERS, activation_calls, torch_calls
from cnnviz.source.keras_names import ONLY_SEQUENTIAL, keras_name
from cnnviz.source.keras_windows import with_padding
from cnnviz.source.tensor_values import Tensor, TensorNode
from cnnviz.source.tensors import apply_layer, iter_all
from cnnviz.source.values import ImportedName, KerasLayer, KerasSequential

_DATA_LAYERS = ("Rescaling", "Normalization", "Resizing", "CenterCrop", "Random")
_FORMAT_SETTERS = ("set_image_data_format", "set_image_dim_ordering")
_FORMAT_KEPT = {"channels_last", "tf"}
_OPAQUE = ("regularizers.", "initializers.", "constraints.")


def call_keras(interpreter: Interpreter, name: str, node: ast.Call, scope: Scope) -> object:
    """Returns what a function or class of Keras gives; raises DesignError with the line for what is not read."""
    known = keras_name(name) or name
    last = known.rpartition(".")[2]
    if known == "Sequential":
        return _make_sequential(interpreter, node, scope)
    if known in ("Input", f"layers.{last}"):
        return _make_layer(interpreter, last, node, scope)
    if known == "backend.image_data_format":
        return "channels_last"
    if known.startswith(_OPAQUE):
        return ImportedName(name)
    read_arguments(interpreter, node, scope)  # of a functional model, the line where it begins to be one
    raise interpreter.not_understood(node, ONLY_SEQUENTIAL)


def add_layer(interpreter: Interpreter, owner: KerasSequential, node: ast.Call, scope: Scope) -> None:
    """Adds a layer to a model: model.add(layer)."""
    values = read_arguments(interpreter, node, scope).matched(("layer", "rebatch"), "add", node.lineno)
    owner.modules.append(_checked(interpreter, values.get("layer"), node))
    interpreter.bounded_list(owner.modules, node)


def build(interpreter: Interpreter, owner: KerasSequential, node: ast.Call, scope: Scope) -> None:
    """Takes the shape of a batch: model.build((None, 28, 28, 1))."""
    values = read_arguments(interpreter, node, scope).matched(("input_shape",), "build", node.lineno)
    owner.modules.insert(0, KerasLayer("Input", {"batch_shape": values.get("input_shape")}, node.lineno))


def _make_sequential(interpreter: Interpreter, node: ast.Call, scope: Scope) -> KerasSequential:
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("layers", "trainable", "name"), "keras.Sequential", node.lineno)
    given = values.get("layers")
    items = [] if given is None else interpreter.items_of(given, node)
    return KerasSequential([_checked(interpreter, item, node) for item in items], node.lineno)


def _checked(interpreter: Interpreter, item: object, node: ast.expr) -> object:
    if not isinstance(item, KerasLayer | KerasSequential):
        raise interpreter.not_understood(node, f"a model of Keras takes layers of Keras; {ONLY_SEQUENTIAL}")
    return item


def _make_layer(interpreter: Interpreter, name: str, node: ast.Call, scope: Scope) -> KerasLayer:
    line, kind = node.lineno, name.replace("Convolution", "Conv")
    if kind not in LAYERS:
        reason = "is not a layer that can be stacked here"
        if name.startswith(_DATA_LAYERS):
            reason = "changes the data and is no layer here: leave it out, and change the data themselves"
        raise DesignError(f"Line {line}: Keras' {name[:40]} {reason}.")
    positional, named = arguments = read_arguments(interpreter, node, scope)
    if name != kind and len(positional) > 2:
        raise DesignError(f"Line {line}: {name} means another thing in each Keras with {len(positional)} numbers; name"
                          " kernel_size and strides.")  # fmt: skip
    parameters = LAYERS[kind][0]
    further = {key: named.pop(key) for key in list(named) if key in (*OTHER_PARAMETERS, *TRAINING_PARAMETERS)}
    values = arguments.matched(parameters, f"Keras' {name}", line) | further
    needed = [key for key in ("filters", "kernel_size", "units", "rate") if key in parameters and key not in values]
    if needed:
        raise DesignError(f"Line {line}: Keras' {name} also needs {' and '.join(needed)}.")
    return KerasLayer(kind, values, line)


def check_data_format(interpreter: Interpreter, model: KerasSequential, tree: ast.Module) -> None:
    """Raises DesignError with the line where the text puts the channels first for layers that do not say where."""
    layers = [layer for layer in flat_layers(model) if "data_format" in LAYERS[layer.name][0]]
    if all(layer.arguments.get("data_format") is not None for layer in layers):
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    kept = {id(call.func) for call in calls if _FORMAT_KEPT.intersection(map(_text_of, _given(call)))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in kept:
            written = node.attr if isinstance(node, ast.Attribute) else node.id
            name = interpreter.full_name(node, Scope()) or written
            if name.rpartition(".")[2] in _FORMAT_SETTERS:
                raise DesignError(
                    f"Line {node.lineno}: {written[:40]} puts the channels first; Keras code is read with the channels"
                    " last."
                )


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _text_of(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


# following


def flat_layers(model: KerasSequential) -> list[KerasLayer]:
    """Returns the layers of a model and those of models in it; raises DesignError where one stands in two places."""
    layers: list[KerasLayer] = []
    todo, seen = list(reversed(model.modules)), set[int]()
    while todo:
        item = todo.pop()
        if isinstance(item, KerasSequential):
            todo += reversed(item.modules)
        elif isinstance(item, KerasLayer):
            if id(item) in seen:
                raise refused(item, "is added twice, and would share its weights, which a design cannot express")
            layers.append(item)
        if id(item) in seen:
            raise DesignError(f"Line {model.line}: a model is added twice here, and would share its weights.")
        seen.add(id(item))
    return layers


def said_shape(model: KerasSequential) -> Shape | None:
    """Returns the shape of one sample, channels first, that a model says; None where it says none."""
    layers = flat_layers(model)
    for layer in layers:
        arguments = layer.arguments
        batch = arguments.get("batch_input_shape", arguments.get("batch_shape"))
        said = arguments.get("shape", arguments.get("input_shape", arguments.get("input_dim")))
        if batch is not None and isinstance(batch, list | tuple):
            said = tuple(batch[1:])
        if said is None:
            if layer.name in ("Input", "InputLayer"):
                continue
            return None
        sizes = tuple(said) if isinstance(said, list | tuple) else (said,)
        whole = tuple(size for size in sizes if isinstance(size, int) and 1 <= size <= MAX_SIZE)
        if len(whole) != len(sizes) or len(sizes) not in AXES:
            raise refused(layer, "is read with a shape of whole numbers only, such as (28, 28, 1)")
        first = next((layer for layer in layers if layer.name not in ("Input", "InputLayer")), None)
        is_flat = len(whole) == 2 and first is not None and first.name == "Flatten"  # the axes need no meaning
        return whole if is_flat else (whole[-1], *whole[:-1])
    return None


def apply_keras(interpreter: Interpreter, model: KerasSequential, tensor: Tensor) -> Tensor:
    """Returns what a model makes of a sample."""
    layers = flat_layers(model)
    while layers:
        layer, following = layers.pop(0), layers[:1]
        if layer.name.startswith("ZeroPadding") and following and (padded := with_padding(layer, following[0])):
            layer = padded
            layers.pop(0)
        del layer.calls[:]
        for calls in (torch_calls, activation_calls):
            for call in calls(layer, tensor.node.shape):
                interpreter.count_step(layer.line)
                layer.calls.append(call)
                tensor = apply_layer(call, tensor, layer.line)
    return tensor


def keras_remarks(model: KerasSequential, output: TensorNode) -> Iterator[str]:
    """Yields what is another thing in Keras."""
    nodes = list(iter_all(tuple(output.iter_back())))
    start = nodes[-1].shape
    layers = flat_layers(model)
    if len(start) > 1:
        last = (*start[1:], start[0])
        order = f"a sample of {format_shape(last)} there is {format_shape(start)} here"
        is_flat = isinstance(nodes[-2].layer, Flatten) and len(start) == 2 if len(nodes) > 1 else False
        yield "This is Keras code." if is_flat else f"This is Keras code, where the channels come last: {order}."
        nodes = nodes[:-2] if is_flat else nodes
    else:
        yield "This is Keras code."
    if any(isinstance(node.layer, Flatten) and node.before and _is_reordered(node.before.shape) for node in nodes):
        yield (
            "Flatten puts the numbers in another order here (channel by channel) than in Keras (position by position):"
            " the net is the same, but weights cannot be copied from one to the other as they are."
        )
    if norms := [layer for layer in layers if layer.name == "BatchNormalization"]:
        theirs: Any = norms[0].arguments.get("momentum", 0.99)
        ours = round(1 - theirs, 12)
        yield f"Line {norms[0].line}: Keras' momentum of {theirs} is torch's {ours}: they count from opposite ends."
    yield from _left_out(layers)


def _left_out(layers: list[KerasLayer]) -> Iterator[str]:
    """Yields remarks on arguments that no design holds."""
    for kind, remark in (
        ("regularizer", "is left out; the optimizer's weight_decay does the same for all weights"),
        ("constraint", "is left out: weights are not held in bounds here"),
        ("initializer", "is left out: weights begin as torch's do"),
    ):
        found = [
            (layer.line, name)
            for layer in layers
            for name, value in layer.arguments.items()
            if name.endswith(kind) and value is not None
        ]
        if found:
            yield f"Line {found[0][0]}: {found[0][1]} {remark}."
    frozen = [layer for layer in layers if layer.arguments.get("trainable") is False]
    if frozen:
        yield f"Line {frozen[0].line}: trainable=False is left out: in the design every layer learns."


def _is_reordered(shape: Shape) -> bool:
    return len(shape) > 1 and shape[0] > 1 and numel(shape[1:]) > 1
