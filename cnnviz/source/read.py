"""PyTorch source as an architecture: parsed from the syntax tree only, never executed."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from itertools import islice

from pydantic import ValidationError

from cnnviz.architecture import MAX_SIZE, Architecture
from cnnviz.errors import DesignError
from cnnviz.shapes import AXES, Shape, format_shape
from cnnviz.source.flow import stack
from cnnviz.source.following import Scope
from cnnviz.source.program import Program
from cnnviz.source.values import Chain, Instance, MisfitError, Module, Node, Tensor, Written

MAX_CODE = 100_000
MAX_HINTS = 4
SAMPLES = ("torch.randn", "torch.rand", "torch.zeros", "torch.ones", "torch.empty")
"""Functions of torch that make a batch to try a net with."""


def from_code(text: str, input_shape: Shape | None = None) -> Architecture:
    """The design that a pasted class or `nn.Sequential(…)` describes.

    The shape of a sample is what the text says (`# x: (N, 1, 99, 26)`, or a batch such as torch.randn(2, 1, 99, 26)),
    else `input_shape`. Raises DesignError with the line of the first thing that is not understood or does not fit,
    such as an in_features other than what comes in.

    >>> from_code("nn.Sequential(nn.Flatten(), nn.Linear(12, 2))", (3, 4)).layers[1].out_features
    2
    """
    if len(text) > MAX_CODE:
        raise DesignError(f"This code is {len(text):,} characters long; at most {MAX_CODE:,} are read.")
    text = _plain(text)
    tree = _parsed(text)
    try:
        program = Program(tree, text)
        said = dict.fromkeys(
            (*islice(_hinted(program, tree, text), MAX_HINTS), *([input_shape] if input_shape else []))
        )
        net = program.net()
        return _first_fitting(program, net, list(said)) if said else _derived(program, net)
    except (RecursionError, MemoryError):
        raise DesignError("This code is nested too deeply to be read; write it in smaller parts.") from None


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        place = f"Line {error.lineno}: " if error.lineno else ""
        raise DesignError(f"{place}Python cannot read this: {error.msg[:100]}.") from None
    except (ValueError, RecursionError, MemoryError):
        raise DesignError(
            "Python cannot read this code: it is nested too deeply, or holds characters that no code has."
        ) from None


def _plain(text: str) -> str:
    """With plain line ends, without the indentation of all lines, and without a notebook's commands."""
    return re.sub(r"(?m)^[%!].*$", "pass", textwrap.dedent(re.sub(r"\r\n?|\f", "\n", text)))


def _first_fitting(program: Program, net: Module, shapes: list[Shape]) -> Architecture:
    """For the first of the shapes that the net fits, else with as many channels as the code says."""
    misfits: list[MisfitError] = []
    for shape in shapes:
        try:
            return _through(program, net, shape)
        except MisfitError as error:
            misfits.append(error)
    for shape, misfit in zip(shapes, misfits, strict=True):
        if misfit.channels and len(shape) > 1:
            try:
                return _through(program, net, (misfit.channels, *shape[1:]))
            except MisfitError:
                continue
    raise DesignError(f"{misfits[0]} (With samples of {format_shape(shapes[0])}.)") from None


def _derived(program: Program, net: Module) -> Architecture:
    """For a flat sample of the size that a Linear at the start of the net says."""
    try:
        _through(program, net, (1,))
    except MisfitError as error:
        if error.channels:
            return _through(program, net, (error.channels,))
    raise DesignError(
        "The code does not say what a sample looks like. Add its shape as a comment, such as `# x: (N, 1, 99, 26)`."
    )


def _through(program: Program, net: Module, shape: Shape) -> Architecture:
    """What happens to samples of that shape in the net."""
    program.steps = 0
    line = net.cls.lineno if isinstance(net, Instance) else net.line if isinstance(net, Chain | Written) else 1
    out = program.applied(net, Tensor(Node(shape)), line)
    try:
        return Architecture(input_shape=shape, layers=stack(out.node))
    except ValidationError as error:
        raise DesignError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _hinted(program: Program, tree: ast.Module, text: str) -> Iterator[Shape]:
    """Shapes of one sample that the text names."""
    for match in re.finditer(r"#\s*x: \(N((?:, \d{1,7}){1,4})\)", text):
        yield from _sample(tuple(int(size) for size in match[1].split(", ")[1:]))
    for node in _outside(tree):
        if isinstance(node, ast.Call) and program.full(node.func, Scope()) in SAMPLES:
            try:
                sizes = [program.value(each, Scope()) for each in node.args]
            except DesignError:
                continue
            if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
                sizes = list(sizes[0])
            shape = tuple(size for size in sizes[1:] if isinstance(size, int))
            if len(shape) == len(sizes) - 1:
                yield from _sample(shape)


def _sample(shape: Shape) -> Iterator[Shape]:
    if len(shape) in AXES and all(1 <= size <= MAX_SIZE for size in shape):
        yield shape


def _outside(tree: ast.Module) -> Iterator[ast.AST]:
    """Everything outside of functions and classes."""
    for statement in tree.body:
        if not isinstance(statement, ast.ClassDef | ast.FunctionDef):
            yield from ast.walk(statement)
