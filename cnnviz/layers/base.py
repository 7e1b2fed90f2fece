"""What every layer kind promises: torch's parameters, the shape rule, and all that follows from it."""

import inspect
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from cnnviz.shapes import Shape

PositiveInt = Annotated[int, Field(ge=1, le=65_536)]
NonNegativeInt = Annotated[int, Field(ge=0, le=65_536)]
Pair = Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)]
PaddingPair = Annotated[tuple[NonNegativeInt, NonNegativeInt], Field(strict=False)]
Size2d = PositiveInt | Pair
"""A length in samples for both axes, or (height, width)."""
Padding2d = NonNegativeInt | PaddingPair
Probability = Annotated[float, Field(ge=0.0, le=1.0, title="p", description="Chance that a value is zeroed.")]


class Layer(BaseModel):
    """One layer, named and parameterised as in `torch.nn`; frozen.

    A kind declares its parameters as pydantic fields (bounds, title and help once, for the form, the JSON and the
    docs) and says three things: `output_shape`, `inferred` and `parameters`. A required parameter gives the value
    that a fresh layer starts with as the first of its field's `examples`.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    summary: ClassVar[str]
    """What the layer does, in one sentence for a student."""
    prefix: ClassVar[str]
    """Start of the attribute name in generated code: conv → self.conv1."""

    kind: str

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one sample after this layer, from its `shape` before; raises ShapeError with the reason."""
        raise NotImplementedError

    def inferred(self, shape: Shape) -> dict[str, object]:
        """Torch constructor arguments that follow from the input: in_channels, num_features, in_features."""
        return {}

    def parameters(self, shape: Shape) -> int:
        """Trainable numbers in this layer for that input."""
        return 0

    def formula(self, shape: Shape) -> str:
        """How the output shape comes about, with the numbers; a line per axis where axes differ."""
        return "shape unchanged"

    def arguments(self, shape: Shape) -> dict[str, object]:
        """Every argument of the torch constructor, inferred ones first."""
        return self.inferred(shape) | {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}

    def module(self, shape: Shape) -> nn.Module:
        """The torch module for that input."""
        module: nn.Module = getattr(nn, self.kind)(**self.arguments(shape))
        return module

    def code(self, shape: Shape) -> str:
        """The torch constructor call, arguments at torch's default left out.

        >>> from cnnviz.layers import PALETTE
        >>> PALETTE["Conv2d"](out_channels=10, kernel_size=10).code((1, 99, 26))
        'nn.Conv2d(in_channels=1, out_channels=10, kernel_size=10)'
        """
        defaults = inspect.signature(getattr(nn, self.kind)).parameters
        given = (f"{k}={v!r}" for k, v in self.arguments(shape).items() if v != defaults[k].default)
        return f"nn.{self.kind}({', '.join(given)})"

    @classmethod
    def fresh(cls) -> "Layer":
        """A layer of this kind as it enters a stack: torch's defaults, and an example for what torch requires."""
        return cls(**{name: info.examples[0] for name, info in cls.model_fields.items() if info.examples})
