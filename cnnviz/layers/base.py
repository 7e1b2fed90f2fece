"""Layer, the base of every layer kind: torch's parameters, the shape rule, and what follows from it."""

import inspect
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from cnnviz.layers.written_modules import constructor, module_class
from cnnviz.receptive_field import ReceptiveField
from cnnviz.shapes import Shape
from cnnviz.windows import AxisRule

PositiveInt = Annotated[int, Field(ge=1, le=65_536)]
NonNegativeInt = Annotated[int, Field(ge=0, le=65_536)]
Probability = Annotated[float, Field(ge=0.0, le=1.0, title="p", description="Probability that a value is set to 0.")]

ZERO: Any = 0
ONE: Any = 1
"""Defaults for sizes of any number of axes."""
Size1d = PositiveInt
Size2d = PositiveInt | Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)]
"""A length in samples for both axes, or (height, width)."""
Size3d = PositiveInt | Annotated[tuple[PositiveInt, PositiveInt, PositiveInt], Field(strict=False)]
"""A length in samples for all axes, or (depth, height, width)."""
Padding1d = NonNegativeInt
Padding2d = NonNegativeInt | Annotated[tuple[NonNegativeInt, NonNegativeInt], Field(strict=False)]
Padding3d = NonNegativeInt | Annotated[tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt], Field(strict=False)]

OutputSize2d = PositiveInt | Annotated[tuple[PositiveInt | None, PositiveInt | None], Field(strict=False)]
"""A size for both axes, or (height, width); None keeps an axis as it is."""
OutputSize3d = (
    PositiveInt | Annotated[tuple[PositiveInt | None, PositiveInt | None, PositiveInt | None], Field(strict=False)]
)

ReceptiveFields = tuple[ReceptiveField, ...] | None
"""Receptive field along each axis of the net's input, channels excepted; None where axes were merged, or are too long
to work it out."""


class Layer(BaseModel):
    """One layer, named and parameterised as in `torch.nn`; frozen.

    A kind declares its parameters as pydantic fields, whose bounds, titles and descriptions serve the form, the JSON
    and the docs. It overrides `output_shape`, and `inferred_arguments`, `parameters`, `multiply_adds` and `axis_rules`
    where their defaults are wrong for it. The first of a required field's `examples` is the value in a new layer.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    summary: ClassVar[str]
    """One sentence for a student: what the layer does."""
    prefix: ClassVar[str]
    """Beginning of the attribute name in generated code: conv → self.conv1."""

    kind: str

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Returns the names of the fields that a student sets in a form."""
        return tuple(name for name in cls.model_fields if name != "kind")

    def output_shape(self, shape: Shape) -> Shape:
        """Returns the shape of one sample behind this layer, from that before it; raises ShapeError with the reason."""
        raise NotImplementedError

    def inferred_arguments(self, shape: Shape) -> dict[str, object]:
        """Returns the constructor arguments that follow from the input: in_channels, num_features, in_features."""
        return {}

    def parameters(self, shape: Shape) -> int:
        """Returns the number of trainable parameters for an input of that shape."""
        return 0

    def multiply_adds(self, shape: Shape) -> int:
        """Returns the number of multiplications of an input by a weight for one sample; biases are not counted."""
        return 0

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns a rule for each axis behind the channels; none where the layer leaves these axes as they are."""
        return ()

    def receptive_field(self, before: ReceptiveFields, shape: Shape) -> ReceptiveFields:
        """Returns the receptive field behind the layer, from the one before it and the `shape` of the layer's input.

        Norms and activations leave it as it is: that a mean is taken over the whole sample is not counted.
        """
        rules = self.axis_rules(shape)
        if before is None or not rules:
            return before
        if len(rules) != len(before):
            return None
        fields = all_or_none(
            field.behind(rule, size) for rule, field, size in zip(rules, before, shape[1:], strict=True)
        )
        if fields and any(field.reads_nothing for field in fields):
            return tuple(field.without_reads() for field in fields)
        return fields

    def formula(self, shape: Shape) -> str:
        """Returns how the output shape is computed, with the numbers, a line for each axis that it slides along."""
        rules = self.axis_rules(shape)
        texts = (rule.formula(size) for rule, size in zip(rules, shape[1:], strict=True)) if rules else ()
        return "\n".join(texts) or "shape unchanged"

    def arguments(self, shape: Shape) -> dict[str, object]:
        """Returns every argument of the torch constructor, those that follow from the input first."""
        return self.inferred_arguments(shape) | {name: getattr(self, name) for name in self.parameter_names()}

    def build_module(self, shape: Shape) -> nn.Module:
        """Returns the torch module for an input of that shape."""
        return module_class(self.kind)(**self.arguments(shape))

    def non_default_arguments(self, shape: Shape) -> dict[str, object]:
        """Returns the constructor arguments that differ from torch's defaults."""
        defaults = torch_defaults(self.kind)
        return {name: value for name, value in self.arguments(shape).items() if value != defaults[name]}

    def code(self, shape: Shape) -> str:
        """Returns the constructor call without the arguments that are at torch's default.

        >>> from cnnviz.layers import PALETTE
        >>> PALETTE["Conv2d"](out_channels=10, kernel_size=10).code((1, 99, 26))
        'nn.Conv2d(in_channels=1, out_channels=10, kernel_size=10)'
        """
        arguments = (f"{name}={value!r}" for name, value in self.non_default_arguments(shape).items())
        return f"{constructor(self.kind)}({', '.join(arguments)})"

    @classmethod
    def default(cls, shape: Shape = ()) -> "Layer":
        """Returns a new layer of this kind, to be put where samples have that shape.

        It has torch's defaults, and the first example of each parameter that torch requires.
        """
        return cls(**{name: info.examples[0] for name, info in cls.model_fields.items() if info.examples})


Stack = tuple[Layer, ...]
"""Layers in a row: each reads the output of the one before it."""


def all_or_none(fields: Iterable[ReceptiveField | None]) -> ReceptiveFields:
    """Returns the fields along all axes; None where one of them is unknown."""
    known = tuple(fields)
    return None if None in known else known  # type: ignore[return-value]


@cache
def torch_defaults(kind: str) -> dict[str, object]:
    """Returns every argument of the module of a kind with its default, or `inspect.Parameter.empty`."""
    return {name: given.default for name, given in inspect.signature(module_class(kind)).parameters.items()}
