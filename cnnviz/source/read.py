"""PyTorch source as an architecture: parsed from the syntax tree only, never executed."""

from __future__ import annotations

import ast
import re
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from pydantic import ValidationError

from cnnviz.architecture import MAX_SIZE, Architecture
from cnnviz.errors import DesignError
from cnnviz.shapes import AXES, Shape, format_shape
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.keras import apply_keras, check_data_format, keras_remarks, said_shape
from cnnviz.source.module_calls import apply_module, only_tensor
from cnnviz.source.program import Program
from cnnviz.source.remarks import gradient_remarks, unused_remarks
from cnnviz.source.tensor_values import Tensor, TensorNode
from cnnviz.source.tensors import layers_up_to, stateful_calls
from cnnviz.source.values import Instance, KerasSequential, LayerCall, MisfitError, Module, Sequential, contained_ids

_PARSER_LOCK = threading.Lock()
"""Python's parser counts how deep a text is nested, and several threads at once confuse it (SystemError)."""
MAX_CODE = 100_000
MAX_HINTED_SHAPES = 4
SAMPLE_FUNCTIONS = ("torch.randn", "torch.rand", "torch.zeros", "torch.ones", "torch.empty")
"""Functions of torch that make a batch to try a net on."""


@dataclass(frozen=True)
class Reading:
    """The design that pasted code describes, and what to know of it: each remark is a sentence or two."""

    architecture: Architecture
    remarks: tuple[str, ...] = ()


def from_code(text: str, input_shape: Shape | None = None) -> Architecture:
    """Returns the design that a pasted class or `nn.Sequential(…)` describes.

    The shape of a sample is what the text says (`# x: (N, 1, 99, 26)`, or a batch such as torch.randn(2, 1, 99, 26)),
    else `input_shape`. Raises DesignError with the line of the first thing that is not understood or does not fit,
    such as an in_features other than what comes in.

    >>> from_code("nn.Sequential(nn.Flatten(), nn.Linear(12, 2))", (3, 4)).layers[1].out_features
    2
    """
    return read_code(text, input_shape).architecture


def read_code(text: str, input_shape: Shape | None = None) -> Reading:
    """Returns the design of `from_code`, with remarks on what the code does and a design does not.

    A layer that forward never uses is no part of the design, and every layer of a design learns.
    """
    if len(text) > MAX_CODE:
        raise DesignError(f"This code is {len(text):,} characters long; at most {MAX_CODE:,} are read.")
    text = _normalize(text)
    tree = _parse(text)
    try:
        program = Program(tree, text)
        hinted = islice(_hinted_shapes(program.interpreter, tree, text), MAX_HINTED_SHAPES)
        shapes = list(dict.fromkeys((*hinted, *([input_shape] if input_shape else []))))
        net, *others = program.find_nets()
        if isinstance(net, KerasSequential):
            check_data_format(program.interpreter, net, tree)
            shapes = [said] if (said := said_shape(net)) else shapes
        if others:
            net = _only_fitting(program, [net, *others], shapes)
        if shapes:
            return _design_for_shapes(program.interpreter, net, shapes)
        return _design_for_flat_samples(program.interpreter, net)
    except (RecursionError, MemoryError):
        raise DesignError("This code is nested too deeply to be read; write it in smaller parts.") from None


def _only_fitting(program: Program, nets: Sequence[Module], shapes: list[Shape]) -> Module:
    """Returns the one net that takes samples of such a shape; raises DesignError where there is none, or several."""
    fitting: list[Module] = []
    for net in nets:
        with suppress(DesignError):
            _design_for_shapes(program.interpreter, net, shapes)
            fitting.append(net)
    if len(fitting) != 1:
        raise program.several_nets()
    program.interpreter.remarks.clear()
    program.remark_choice(fitting[0])
    return fitting[0]


def _parse(text: str) -> ast.Module:
    try:
        with _PARSER_LOCK:
            return ast.parse(text)
    except SyntaxError as error:
        place = f"Line {error.lineno}: " if error.lineno else ""
        raise DesignError(f"{place}Python cannot read this: {error.msg[:100]}.") from None
    except (ValueError, RecursionError, MemoryError, SystemError):
        raise DesignError(
            "Python cannot read this code: it is nested too deeply, or contains characters that code cannot have."
        ) from None


def _normalize(text: str) -> str:
    """The text with plain line ends, without common indentation, and without the commands of a notebook."""
    return re.sub(r"(?m)^[%!].*$", "pass", textwrap.dedent(re.sub(r"\r\n?|\f", "\n", text)))


def _design_for_shapes(interpreter: Interpreter, net: Module, shapes: list[Shape]) -> Reading:
    """The design for the first shape that fits the net, or else for one with the channels that the code expects."""
    misfits: list[MisfitError] = []
    for shape in shapes:
        try:
            return _design(interpreter, net, shape)
        except MisfitError as error:
            misfits.append(error)
    for shape, misfit in zip(shapes, misfits, strict=True):
        if misfit.shape or (misfit.channels and len(shape) > 1):
            try:
                return _design(interpreter, net, misfit.shape or (misfit.channels or 1, *shape[1:]))
            except MisfitError:
                continue
    raise DesignError(f"{misfits[0]} (With samples of {format_shape(shapes[0])}.)") from None


def _design_for_flat_samples(interpreter: Interpreter, net: Module) -> Reading:
    """The design for flat samples of the size that a Linear at the start of the net expects."""
    try:
        _design(interpreter, net, (1,))
    except MisfitError as error:
        if error.shape or error.channels:
            return _design(interpreter, net, error.shape or (error.channels or 1,))
    raise DesignError(
        "The code does not say what a sample looks like. Add its shape as a comment, such as `# x: (N, 1, 99, 26)`."
    )


def _design(interpreter: Interpreter, net: Module, shape: Shape) -> Reading:
    """The layers that samples of that shape go through in the net, in the first batch and in all others."""
    reading = _follow(interpreter, net, shape)
    if interpreter.state_changed_at and _follow(interpreter, net, shape).architecture != reading.architecture:
        raise DesignError(
            f"Line {interpreter.state_changed_at}: what is set here makes the net another one in the next batch, which"
            " a design cannot express."
        )
    return reading


def _follow(interpreter: Interpreter, net: Module, shape: Shape) -> Reading:
    interpreter.steps = 0
    line = (
        net.cls.node.lineno if isinstance(net, Instance) else net.line if isinstance(net, Sequential | LayerCall) else 1
    )
    start = Tensor(TensorNode(shape))
    if isinstance(net, KerasSequential):
        output = apply_keras(interpreter, net, start)
    else:
        returned = apply_module(interpreter, net, start, line)
        output = only_tensor(returned, _line_of_output(net) or line)
        if not isinstance(returned, Tensor):
            _remark_number(interpreter, returned, output)
        output = output.as_held()
    *_, first = output.node.iter_back()
    if first.batch is not None:
        raise DesignError(f"Line {line}: what this net returns does not come from its input.")
    _check_registered(net, output)
    try:
        architecture = Architecture(input_shape=first.shape, layers=layers_up_to(output.node))
    except ValidationError as error:
        raise DesignError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    of_keras = keras_remarks(net, output.node) if isinstance(net, KerasSequential) else ()
    remarks = (*interpreter.remarks, *of_keras, *unused_remarks(net, output.node), *gradient_remarks(output.node))
    return Reading(architecture, remarks)


def _line_of_output(net: Module) -> int:
    """The line of the last return of a net's forward; 0 where it has none of its own."""
    forward = net.method("forward") if isinstance(net, Instance) else None
    returns = [node.lineno for node in ast.walk(forward.node) if isinstance(node, ast.Return)] if forward else []
    return max(returns, default=0)


def _remark_number(interpreter: Interpreter, returned: object, output: Tensor) -> None:
    """Tells which of several tensors that a net returns is that of the design."""
    values = list(
        returned.values() if isinstance(returned, dict) else returned if isinstance(returned, tuple | list) else ()
    )
    if len(values) > 1:
        place = next(number for number, value in enumerate(values, 1) if value is output)
        interpreter.remarks[f"The net returns {len(values)} values; a design has one output, here number {place}."] = (
            None
        )


def _check_registered(net: Module, output: Tensor) -> None:
    """Raises DesignError where a layer would not learn, as torch does not find it in the net."""
    registered = contained_ids(net, registered=True) | {id(net)}
    for call in stateful_calls(output.node):
        if id(call) not in registered and not call.in_forward:
            raise DesignError(
                f"Line {call.line}: the weights of {call.call} are in a plain list or dict, so they would never learn;"
                " use nn.ModuleList or nn.ModuleDict."
                if id(call) in contained_ids(net)
                else f"Line {call.line}: {call.call} is not part of the net that uses it, so its weights would never"
                " learn; make it in __init__."
            )


def _hinted_shapes(interpreter: Interpreter, tree: ast.Module, text: str) -> Iterator[Shape]:
    """Shapes of one sample that the text names."""
    for match in re.finditer(r"#\s*x: \(N((?:, \d{1,7}){1,4})\)", text):
        yield from _possible_shape(tuple(int(size) for size in match[1].split(", ")[1:]))
    for node in _top_level_nodes(tree):
        if isinstance(node, ast.Call) and interpreter.full_name(node.func, Scope()) in SAMPLE_FUNCTIONS:
            try:
                sizes = [interpreter.value(argument, Scope()) for argument in node.args]
            except DesignError:
                continue
            if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
                sizes = list(sizes[0])
            shape = tuple(size for size in sizes[1:] if isinstance(size, int))
            if len(shape) == len(sizes) - 1:
                yield from _possible_shape(shape)


def _possible_shape(shape: Shape) -> Iterator[Shape]:
    if len(shape) in AXES and all(1 <= size <= MAX_SIZE for size in shape):
        yield shape


def _top_level_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """All syntax outside functions and classes."""
    for statement in tree.body:
        if not isinstance(statement, ast.ClassDef | ast.FunctionDef):
            yield from ast.walk(statement)
