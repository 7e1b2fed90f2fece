"""What every layer kind promises: torch's parameters, the shape rule, and all that follows from it."""

import inspect
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from cnnviz.shapes import AxisRule, ReceptiveField, Shape

PositiveInt = Annotated[int, Field(ge=1, le=65_536)]
NonNegativeInt = Annotated[int, Field(ge=0, le=65_536)]
Probability = Annotated[float, Field(ge=0.0, le=1.0, title="p", description="Chance that a value is zeroed.")]

ZERO: Any = 0
ONE: Any = 1
"""Defaults that every size takes, whatever its number of axes."""
Size1d = PositiveInt
Size2d = PositiveInt | Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)]
"""A length in samples for both axes, or (height, width)."""
Size3d = PositiveInt | Annotated[tuple[PositiveInt, PositiveInt, PositiveInt], Field(strict=False)]
"""A length in samples for all axes, or (depth, height, width)."""
Padding1d = NonNegativeInt
Padding2d = NonNegativeInt | Annotated[tuple[NonNegativeInt, NonNegativeInt], Field(strict=False)]
Padding3d = NonNegativeInt | Annotated[tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt], Field(strict=False)]

ReceptiveFields = tuple[ReceptiveField, ...] | None
"""The receptive field along each axis of the net's input behind its channels; None where axes were merged."""


class Layer(BaseModel):
    """One layer, named and parameterised as in `torch.nn`; frozen.

    A kind declares its parameters as pydantic fields (bounds, title and help once, for the form, the JSON and the
    docs) and says what does not follow from the defaults here: `output_shape` always, `inferred`, `parameters`,
    `rules` where it has them. A required parameter gives the value that a fresh layer starts with as the first of its
    field's `examples`.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    summary: ClassVar[str]
    """What the layer does, in one sentence for a student."""
    prefix: ClassVar[str]
    """Start of the attribute name in generated code: conv → self.conv1."""

    kind: str

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Returns the names of the fields that a student sets in a form."""
        return tuple(name for name in cls.model_fields if name != "kind")

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one sample after this layer, from its `shape` before; raises ShapeError with the reason."""
        raise NotImplementedError

    def inferred_arguments(self, shape: Shape) -> dict[str, object]:
        """Torch constructor arguments that follow from the input: in_channels, num_features, in_features."""
        return {}

    def parameters(self, shape: Shape) -> int:
        """Trainable numbers in this layer for that input."""
        return 0

    def multiply_adds(self, shape: Shape) -> int:
        """Multiplications of an input by a weight for one sample; the additions of a bias are not counted."""
        return 0

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """How each axis behind the channels comes about; none for a layer that leaves the axes as they are."""
        return ()

    def receptive_field(self, before: ReceptiveFields, shape: Shape, net_input_shape: Shape) -> ReceptiveFields:
        """The receptive field behind the layer, from the one before it, the input's `shape` and that of the `net`.

        Norms and activations leave it as it is: statistics over a whole sample are not counted.
        """
        rules = self.axis_rules(shape)
        if before is None or not rules:
            return before
        if len(rules) != len(before):
            return None
        return tuple(rule.receptive_field(one, size) for rule, one, size in zip(rules, before, shape[1:], strict=True))

    def formula(self, shape: Shape) -> str:
        """How the output shape comes about, with the numbers; a line per axis where axes differ."""
        rules = self.axis_rules(shape)
        texts = (rule.formula(size) for rule, size in zip(rules, shape[1:], strict=True)) if rules else ()
        return "\n".join(texts) or "shape unchanged"

    def arguments(self, shape: Shape) -> dict[str, object]:
        """Every argument of the torch constructor, inferred ones first."""
        return self.inferred_arguments(shape) | {name: getattr(self, name) for name in self.parameter_names()}

    def build_module(self, shape: Shape) -> nn.Module:
        """The torch module for that input."""
        module: nn.Module = getattr(nn, self.kind)(**self.arguments(shape))
        return module

    def non_default_arguments(self, shape: Shape) -> dict[str, object]:
        """The arguments that differ from torch's defaults."""
        defaults = torch_defaults(self.kind)
        return {name: value for name, value in self.arguments(shape).items() if value != defaults[name]}

    def code(self, shape: Shape) -> str:
        """The torch constructor call, arguments at torch's default left out.

        >>> from cnnviz.layers import PALETTE
        >>> PALETTE["Conv2d"](out_channels=10, kernel_size=10).code((1, 99, 26))
        'nn.Conv2d(in_channels=1, out_channels=10, kernel_size=10)'
        """
        arguments = (f"{name}={value!r}" for name, value in self.non_default_arguments(shape).items())
        return f"nn.{self.kind}({', '.join(arguments)})"

    @classmethod
    def default(cls, shape: Shape = ()) -> "Layer":
        """A layer of this kind as it enters a stack where samples have that shape.

        Torch's defaults, and an example for what torch requires.
        """
        return cls(**{name: info.examples[0] for name, info in cls.model_fields.items() if info.examples})


Stack = tuple[Layer, ...]
"""Layers, each of which reads what the one before it gives."""


@cache
def torch_defaults(kind: str) -> dict[str, object]:
    """Every argument of a torch class with its default; `inspect.Parameter.empty` where it has none."""
    return {name: given.default for name, given in inspect.signature(getattr(nn, kind)).parameters.items()}
