"""An architecture as PyTorch source: a class in the style of the lab's notebook, or one `nn.Sequential`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cnnviz.architecture import Architecture, Step, iter_steps, layer_names, output_shape, trace
from cnnviz.layers import Block
from cnnviz.layers.written_modules import constructor
from cnnviz.shapes import Shape, format_shape
from cnnviz.source.blocks import class_sources
from cnnviz.source.formatting import Argument, Call, format_call, literal

Style = Literal["class", "sequential"]

HEAD = '''\
"""A net designed with cnnviz. Needs nothing but torch: run this file to see the shapes."""

import torch
from torch import nn
'''


@dataclass(frozen=True)
class Writer:
    """How a net is written in one style: its title, the lines of the net, and the `__main__` behind them."""

    title: str
    model: Callable[[Sequence[tuple[str, Step]], Shape, Shape], Iterator[str]]
    main: str


def to_code(architecture: Architecture, style: Style = "class") -> str:
    r"""Returns a complete Python file: the net, and a `__main__` that prints the shape behind every layer.

    In both styles the weights come in the order of `build`, in the class under its names, too. The file is what
    `ruff format` would make of it. Raises ShapeError with the reason when a layer refuses its input.

    >>> from cnnviz.layers import Linear
    >>> code = to_code(Architecture(input_shape=(3,), layers=[Linear(out_features=2)]), "sequential")
    >>> print(*code.splitlines()[5:9], sep="\n")
    # 3 → 2: 8 trainable parameters
    model = nn.Sequential(
        # x: (N, 3), N samples in a batch
        nn.Linear(in_features=3, out_features=2),  # (N, 2)
    """
    shape, out = architecture.input_shape, output_shape(architecture)
    rows = list(zip(layer_names(architecture), trace(architecture), strict=True))
    used = {step.layer.kind for step in iter_steps([step for _, step in rows])}
    classes = "".join(f"\n\n{source}" for source in class_sources(used))
    writer = STYLES[style]
    between = "\n\n" if classes or style == "class" else "\n"
    model = "\n".join(writer.model(rows, shape, out))
    sizes = Call("torch.randn", tuple(Argument(str(size)) for size in (2, *shape)), "a batch of two random samples")
    sample = "\n    ".join(format_call("x = ", sizes, indent=4))
    return f"{HEAD}{classes}{between}{model}\n{writer.main.format(sample=sample)}"


def _class_lines(rows: Sequence[tuple[str, Step]], shape: Shape, out: Shape) -> Iterator[str]:
    yield "class ConvNet(nn.Module):"
    yield f'    """{_summary(rows, shape, out)}."""'
    yield ""
    yield "    def __init__(self):"
    yield "        super().__init__()"
    for name, step in rows:
        yield from _indent(8, format_call(f"self.{name} = ", _constructor_call(step), indent=8))
    yield ""
    yield "    def forward(self, x):"
    yield f"        # {_input_comment(shape)}"
    for name, step in rows:
        call = Call(f"self.{name}", (Argument("x"),), _batch_shape(step.output_shape or ()))
        yield from _indent(8, format_call("x = ", call, indent=8))
    if not rows:
        yield "        # no layers yet"
    yield "        return x"


def _sequential_lines(rows: Sequence[tuple[str, Step]], shape: Shape, out: Shape) -> Iterator[str]:
    yield f"# {_summary(rows, shape, out)}"
    yield from format_call(
        "model = ", _stack_call([step for _, step in rows], "nn.Sequential", above=_input_comment(shape))
    )


STYLES: dict[Style, Writer] = {
    "class": Writer(
        title="Class with forward",
        model=_class_lines,
        main="""

if __name__ == "__main__":
    model = ConvNet()
    {sample}
    print(f"{{'input':<16}} {{tuple(x.shape)}}")
    for name, layer in model.named_children():
        x = layer(x)
        print(f"{{name:<16}} {{tuple(x.shape)}}")
    print(sum(p.numel() for p in model.parameters()), "parameters")
""",
    ),
    "sequential": Writer(
        title="nn.Sequential",
        model=_sequential_lines,
        main="""
if __name__ == "__main__":
    {sample}
    print(f"{{'input':<20}} {{tuple(x.shape)}}")
    for layer in model:
        x = layer(x)
        print(f"{{type(layer).__name__:<20}} {{tuple(x.shape)}}")
    print(sum(p.numel() for p in model.parameters()), "parameters")
""",
    ),
}
"""Every style of code, by name."""


def _constructor_call(step: Step, *, comment: bool = False) -> Call:
    """The call that makes the layer; with a comment, which gives the shape behind it."""
    behind = _batch_shape(step.output_shape or ()) if comment else ""
    layer = step.layer
    if isinstance(layer, Block):
        by_place = any(field.repeated for field in layer.stack_fields)
        stacks = tuple(
            Argument(_stack_call(stack, "nn.Sequential", empty="nn.Identity"), "" if by_place else field.name)
            for (field, _), stack in zip(layer.stack_places, step.stacks, strict=True)
        )
        return Call(layer.kind, stacks, behind, open=True)
    given = layer.non_default_arguments(step.input_shape)
    arguments = tuple(Argument(literal(value), name) for name, value in given.items())
    return Call(constructor(layer.kind), arguments, behind)


def _stack_call(steps: Sequence[Step], function: str, *, empty: str = "", above: str = "") -> Call:
    if not steps:
        return Call(empty or function, comment="" if empty else "no layers yet")
    first, *rest = (_constructor_call(step, comment=True) for step in steps)
    return Call(function, (Argument(first, above=above), *map(Argument, rest)), open=True)


def _summary(rows: Sequence[tuple[str, Step]], shape: Shape, out: Shape) -> str:
    parameters = sum(step.parameters for _, step in rows)
    return f"{format_shape(shape)} → {format_shape(out)}: {parameters:,} trainable parameters"


def _input_comment(shape: Shape) -> str:
    return f"x: {_batch_shape(shape)}, N samples in a batch"


def _batch_shape(shape: Shape) -> str:
    return f"({', '.join(('N', *map(str, shape)))})"


def _indent(indent: int, lines: Iterator[str]) -> Iterator[str]:
    return (f"{' ' * indent}{line}" for line in lines)
