"""An architecture as PyTorch source, in the style of the lab's notebook."""

from cnnviz.architecture import Architecture, Step, names, output_shape, trace
from cnnviz.shapes import Shape, show

_PROGRAM = '''\
"""A net designed with cnnviz. Needs nothing but torch: run this file to see the shapes."""

import torch
from torch import nn


class ConvNet(nn.Module):
    """{shapes}: {parameters} trainable parameters."""

    def __init__(self):
        super().__init__()
{constructors}
    def forward(self, x):
        # x: {input}, N samples in a batch
{calls}
        return x


if __name__ == "__main__":
    model = ConvNet()
    x = torch.randn(2, {sizes})  # a batch of two random samples
    print(f"{{'input':<16}} {{tuple(x.shape)}}")
    for name, layer in model.named_children():
        x = layer(x)
        print(f"{{name:<16}} {{tuple(x.shape)}}")
    print(sum(p.numel() for p in model.parameters()), "parameters")
'''


def to_code(architecture: Architecture) -> str:
    """A complete Python file: the net as an `nn.Module`, and a `__main__` that prints the shape behind every layer.

    Raises ShapeError with the reason when a layer refuses its input.
    """
    out = output_shape(architecture)
    rows = list(zip(names(architecture), trace(architecture), strict=True))
    return _PROGRAM.format(
        shapes=f"{show(architecture.input_shape)} → {show(out)}",
        parameters=f"{sum(step.parameters for _, step in rows):,}",
        constructors="".join(f"        self.{name} = {step.layer.code(step.input_shape)}\n" for name, step in rows),
        input=_batch(architecture.input_shape),
        calls="\n".join(_call(name, step) for name, step in rows) or "        # no layers yet",
        sizes=", ".join(map(str, architecture.input_shape)),
    )


def _call(name: str, step: Step) -> str:
    return f"        x = self.{name}(x)  # {_batch(step.output_shape or ())}"


def _batch(shape: Shape) -> str:
    return f"({', '.join(('N', *map(str, shape)))})"
