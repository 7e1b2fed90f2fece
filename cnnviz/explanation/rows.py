"""The rows of a live module's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnnviz.errors import ShapeError
from cnnviz.explanation.failure import Failure, find_failure
from cnnviz.explanation.nodes import Call, Node
from cnnviz.layers.base import ReceptiveFields
from cnnviz.shapes import Shape, format_shape
from cnnviz.words import count_label


@dataclass(frozen=True)
class ExplainedRow:
    """Row of one call of a leaf module, or of a function that is a layer or a join; numbers are for one sample."""

    number: int
    name: str
    """Name of the module in the net, as in the keys of its weights."""
    kind: str
    """Class of the module, layer that a function is, or function."""
    arguments: str
    """Arguments that are not at torch's default."""
    input_shape: Shape | None
    """Shape of one sample of its first input; None where the first axis is not that of the batch."""
    output_shapes: tuple[Shape, ...]
    """Shapes of one sample of all tensors that it returns; empty where it fails."""
    formula: str
    """How the output shape is computed, a line per axis; empty where the shape rule has none."""
    error: str | None
    """Why it fails; None where it does not."""
    mends: tuple[str, ...]
    """What would mend it, the smallest change first."""
    notes: tuple[str, ...]
    """What is unusual about it, such as an answer of torch that the shape rule does not give."""
    parameters: int
    """Parameters that no row before has counted."""
    multiply_adds: int | None
    """Multiplications of an input by a weight; None where they are unknown."""
    activation_bytes: int
    """Bytes of all tensors that it returns."""
    receptive_field: ReceptiveFields
    """Receptive field along each axis of the net's input; None where it is unknown."""

    @property
    def output_shape(self) -> Shape | None:
        """Shape of one sample of the first tensor that it returns; None where it fails."""
        return self.output_shapes[0] if self.output_shapes else None


def make_rows(calls: Sequence[Call], inputs: Sequence[Node], batch_size: int) -> Iterator[ExplainedRow]:
    """Yields a row for each call; the weights that calls share are counted in the first of them."""
    counted: dict[int, int] = {}
    for number, call in enumerate(calls, 1):
        failure = find_failure(call, inputs) if call.error else None
        rule_shape, refusal = _rule_shape(call)
        parameters = tuple(call.module.parameters()) if call.module else ()
        fresh, shared_with = _count_parameters(call, parameters, counted, number)
        node = call.output_nodes[0] if call.output_nodes else None
        yield ExplainedRow(
            number=number,
            name=call.name,
            kind=call.kind,
            arguments=_arguments(call),
            input_shape=call.input_shape,
            output_shapes=tuple(_shape_of(tensor, batch_size) for tensor in call.outputs),
            formula="" if failure else _formula(call, rule_shape, batch_size),
            error=failure.reason if failure else None,
            mends=failure.mends if failure else (),
            notes=(
                *_notes(call, failure, rule_shape, refusal, batch_size),
                *_weight_notes(call, parameters, shared_with),
            ),
            parameters=fresh,
            multiply_adds=_multiply_adds(call, rule_shape, has_weights=bool(parameters)),
            activation_bytes=sum(tensor.numel() * tensor.element_size() for tensor in call.outputs) // batch_size,
            receptive_field=node.receptive_field if node else None,
        )


def _shape_of(tensor: Tensor, batch_size: int) -> Shape:
    """Returns the shape of one sample, or of the whole tensor where its first axis is not that of the batch."""
    shape = tuple(tensor.shape)
    return shape[1:] if shape[:1] == (batch_size,) else shape


def agrees_with_rule(call: Call) -> bool:
    """Returns whether the shape that a call gave is that of the shape rule, where there is one for it."""
    rule_shape, refusal = _rule_shape(call)
    given = call.output_nodes[0].shape if call.output_nodes else None
    return not refusal and (rule_shape is None or call.module is None or rule_shape == given)


def _rule_shape(call: Call) -> tuple[Shape | None, str]:
    """Returns the shape that the rule gives, or the reason why it refuses the input."""
    if call.layer is None or not call.input_shape:
        return None, ""
    try:
        return call.layer.output_shape(call.input_shape), ""
    except ShapeError as error:
        return None, str(error)


def _count_parameters(
    call: Call, parameters: Sequence[nn.Parameter], counted: dict[int, int], number: int
) -> tuple[int, int | None]:
    """Returns the number of parameters that were not counted before, and the row that counted others."""
    if call.module and call.error and call.layer is None and any(True for _ in call.module.children()):
        return 0, None
    fresh, shared_with = 0, None
    for parameter in parameters:
        if id(parameter) in counted:
            shared_with = counted[id(parameter)]
        else:
            counted[id(parameter)] = number
            fresh += parameter_numel(parameter)
    return fresh, shared_with


def parameter_numel(parameter: nn.Parameter) -> int:
    """Returns the number of values in a parameter; 0 for one of a lazy module that has not seen its input."""
    return 0 if is_lazy(parameter) else parameter.numel()


def _arguments(call: Call) -> str:
    if call.layer and call.input_shape and not call.error:
        given = call.layer.non_default_arguments(call.input_shape)
        return ", ".join(f"{name}={value!r}" for name, value in given.items())
    if call.module is None or type(call.module).extra_repr is nn.Module.extra_repr:
        return ""
    return " ".join(call.module.extra_repr().split())


def _formula(call: Call, rule_shape: Shape | None, batch_size: int) -> str:
    if call.layer and rule_shape and call.input_shape:
        return call.layer.formula(call.input_shape)
    if call.join:
        return call.join.formula([node.shape or () for node in call.inputs])
    is_same = len(call.outputs) == 1 and call.input_shape == _shape_of(call.outputs[0], batch_size)
    return "shape unchanged" if is_same else ""


def _multiply_adds(call: Call, rule_shape: Shape | None, *, has_weights: bool) -> int | None:
    if call.error:
        return 0
    if call.layer and rule_shape and call.input_shape:
        return call.layer.multiply_adds(call.input_shape)
    return None if has_weights else 0


def _notes(
    call: Call,
    failure: Failure | None,
    rule_shape: Shape | None,
    refusal: str,
    batch_size: int,
) -> Iterator[str]:
    shape = call.input_shape
    if failure and failure.is_explained:
        yield f"torch says: {failure.torch_message}"
    if call.inputs and call.inputs[0].obstacle and call.inputs[0].module is None and shape is not None:
        yield f"Gets {format_shape(shape)} from {call.inputs[0].name}."
    if call.inputs and shape is None:
        yield f"The first axis of what it gets from {call.inputs[0].name} is no longer that of the samples."
    if call.output_nodes and call.layer and call.output_nodes[0].layer is call.layer:
        yield from call.output_nodes[0].notes
    if not failure:
        yield from _differences(call, rule_shape, refusal, batch_size)


def _weight_notes(call: Call, parameters: Sequence[nn.Parameter], shared_with: int | None) -> Iterator[str]:
    if shared_with:
        yield f"Its weights are those of row {shared_with}, and counted there."
    if not call.is_registered:
        yield "It is no submodule of the net (in a plain list, or made in forward): its weights would not learn."
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        yield "Its weights are frozen."


def _differences(call: Call, rule_shape: Shape | None, refusal: str, batch_size: int) -> Iterator[str]:
    shapes = [_shape_of(tensor, batch_size) for tensor in call.outputs]
    if refusal:
        yield f"torch takes this, but our rule refuses it: {refusal}."
    elif rule_shape and call.module and shapes and rule_shape != shapes[0]:
        yield f"Our rule gives {format_shape(rule_shape)}; torch gave {format_shape(shapes[0])}."
    if len(shapes) > 1:
        yield f"Returns {count_label(len(shapes), 'tensor')}: {', '.join(map(format_shape, shapes))}."
    batches = {tuple(tensor.shape[:1]) for tensor in call.outputs[:1]} - {(batch_size,)}
    if batches and call.input_shape is not None:
        yield (
            f"A batch of {batch_size} came in; what comes out begins with an axis of"
            f" {call.outputs[0].shape[0] if call.outputs[0].dim() else 1}, so that is the whole tensor's shape."
        )
