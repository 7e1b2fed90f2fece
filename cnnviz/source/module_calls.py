"""Modules of pasted code, called with a tensor."""

from __future__ import annotations

from cnnviz.errors import DesignError
from cnnviz.layers import LogSoftmax, Softmax
from cnnviz.source.arguments import Arguments
from cnnviz.source.functions import call_function
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.tensors import apply_layer, join_stacks
from cnnviz.source.values import (
    BlockCall,
    Function,
    Instance,
    KerasSequential,
    LayerCall,
    Sequential,
)


def apply_module(interpreter: Interpreter, module: object, tensor: Tensor, line: int) -> object:
    """Returns what a module makes of a tensor when it is called on that line: a tensor, or several."""
    match module:
        case LayerCall():
            return apply_layer(module, tensor, line)
        case KerasSequential():
            raise DesignError(f"Line {line}: a model of Keras is called in a net of torch, which neither can do.")
        case Sequential():
            output: object = tensor
            for inner in module.modules:
                interpreter.count_step(line)
                if not isinstance(output, Tensor):
                    raise DesignError(f"Line {line}: a layer here gets several tensors from the one before it.")
                output = apply_module(interpreter, inner, output, line)
            return output
        case BlockCall():
            start = tensor.node
            ends = [only_tensor(apply_module(interpreter, inner, tensor, line), line).node for inner in module.modules]
            return join_stacks(module.block, ends, start, line)
        case Instance() if forward := module.method("forward"):
            return call_forward(interpreter, module, forward, Arguments([tensor], {}), line)
        case Instance() if inherited := module.sequential or module.layer:
            return apply_module(interpreter, inherited, tensor, line)
        case Instance():
            raise DesignError(f"Line {line}: {module.cls.name} (line {module.cls.node.lineno}) has no forward.")
    raise DesignError(f"Line {line}: what is called here has no forward.")


def call_forward(
    interpreter: Interpreter, module: Instance, forward: Function, arguments: Arguments, line: int
) -> object:
    """Returns what the forward of a module returns."""
    output = call_function(interpreter, forward, arguments.after(module), Scope(in_forward=True), line)
    if output is None:
        raise DesignError(f"Line {forward.node.lineno}: forward of {module.cls.name} does not return one tensor.")
    return output


def only_tensor(output: object, line: int) -> Tensor:
    """Returns the one tensor that a module gives, or of several the one that all others lie on the way to."""
    if isinstance(output, Tensor):
        return output
    values = list(output.values()) if isinstance(output, dict) else output
    tensors = [value for value in values if isinstance(value, Tensor)] if isinstance(values, list | tuple) else []
    for tensor in tensors:
        on_the_way = set(tensor.held.iter_back())
        if all(other.held in on_the_way for other in tensors):
            earlier = tensors[: tensors.index(tensor)]
            return next((other for other in earlier if _is_probability_of(tensor, other)), tensor)
    if len(tensors) > 1:
        raise DesignError(
            f"Line {line}: {len(tensors)} tensors are returned here, none of which is made of all others; a design has"
            " one output."
        )
    raise DesignError(f"Line {line}: what is called here does not return one tensor.")


def _is_probability_of(tensor: Tensor, logits: Tensor) -> bool:
    """Whether a tensor is the softmax of another one, which a net that returns both is trained by."""
    return isinstance(tensor.held.layer, Softmax | LogSoftmax) and tensor.held.before is logits.held
