"""Blocks: layers that hold stacks of layers and join the outputs of these, by a sum or side by side."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from annotated_types import MaxLen, MinLen
from pydantic import Field
from torch import nn

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, ReceptiveFields, Stack, all_or_none
from cnnviz.layers.block_module import BlockModule
from cnnviz.layers.join import Join, StackOutput
from cnnviz.receptive_field import join_fields
from cnnviz.shapes import Shape

if TYPE_CHECKING:
    Layers = Stack
else:
    Layers = Annotated[tuple["AnyLayer", ...], Field(strict=False)]  # noqa: F821  AnyLayer is every kind: cnnviz.layers


@dataclass(frozen=True)
class StackField:
    """A field of a block that holds a stack of layers, or several of them.

    `name` is that of the pydantic field, `title` what a student reads over the stack. A `repeated` field is a tuple of
    stacks, titled "branch 1", "branch 2", …; the bounds of the pydantic field say how many it may hold.
    """

    name: str
    title: str
    repeated: bool = False


class Block(Layer):
    """A layer made of stacks that all read the same input, and of a join that makes one output of theirs.

    A kind declares its fields, which of them are stacks (`stack_fields`, at most one of them repeated), and the `join`;
    everything else follows. The first line of its docstring is that of the class in generated code.
    """

    stack_fields: ClassVar[tuple[StackField, ...]]
    join: ClassVar[Join]

    @classmethod
    def from_stacks(cls, stacks: Sequence[Stack], **parameters: object) -> Self:
        """Returns a block around these stacks, in the order of `stack_fields`; a repeated field takes the surplus."""
        rest, values = list(stacks), dict(parameters)
        surplus = len(rest) - sum(not field.repeated for field in cls.stack_fields)
        for field in cls.stack_fields:
            size = surplus if field.repeated else 1
            taken, rest = rest[:size], rest[size:]
            values[field.name] = tuple(taken) if field.repeated else taken[0]
        return cls.model_validate(values)

    def with_stacks(self, stacks: Sequence[Stack]) -> Self:
        """Returns the same block around other stacks."""
        return self.from_stacks(stacks, **{name: getattr(self, name) for name in self.parameter_names()})

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Returns the names of the fields that a student sets in a form: none of the stacks, which the canvas shows."""
        stacks = {field.name for field in cls.stack_fields}
        return tuple(name for name in super().parameter_names() if name not in stacks)

    @classmethod
    def stack_bounds(cls, field: StackField) -> tuple[int, int | None]:
        """Returns the smallest and largest number of stacks in a field; None for the largest where it has no bound.

        >>> from cnnviz.layers import Parallel, Residual
        >>> [Residual.stack_bounds(field) for field in Residual.stack_fields]
        [(1, 1), (1, 1)]
        >>> Parallel.stack_bounds(*Parallel.stack_fields)
        (1, 8)
        """
        if not field.repeated:
            return 1, 1
        metadata = cls.model_fields[field.name].metadata
        least = next((bound.min_length for bound in metadata if isinstance(bound, MinLen)), 0)
        most = next((bound.max_length for bound in metadata if isinstance(bound, MaxLen)), None)
        return least, most

    @property
    def stack_places(self) -> tuple[tuple[StackField, int | None], ...]:
        """The field of every stack, and the stack's index in it; None where the field holds just this stack.

        >>> from cnnviz.layers import Parallel, Residual
        >>> [(field.name, index) for field, index in Residual().stack_places]
        [('layers', None), ('projection', None)]
        >>> [(field.name, index) for field, index in Parallel().stack_places]
        [('branches', 0), ('branches', 1)]
        """
        places: list[tuple[StackField, int | None]] = []
        for field in self.stack_fields:
            if field.repeated:
                places.extend((field, index) for index in range(len(getattr(self, field.name))))
            else:
                places.append((field, None))
        return tuple(places)

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The stacks in the order of `stack_fields`; an empty one passes its input on."""
        values = ((getattr(self, field.name), index) for field, index in self.stack_places)
        return tuple(value if index is None else value[index] for value, index in values)

    def stack_title(self, stack: int) -> str:
        """Returns what a stack is called: "projection", or "branch 2"."""
        field, index = self.stack_places[stack]
        return field.title if index is None else f"{field.title} {index + 1}"

    def joined_shape(self, outputs: Sequence[Shape], shape: Shape) -> Shape:
        """Returns the shape behind the block, from those behind its stacks and the input's.

        Raises ShapeError with the reason, and with other stacks for which it would fit.
        """
        stack_outputs = [
            StackOutput(self.stack_title(number), stack, out)
            for number, (stack, out) in enumerate(zip(self.stacks, outputs, strict=True))
        ]
        try:
            return self.join.output_shape(stack_outputs)
        except ShapeError as error:
            fitting = self.join.fitting_stacks(stack_outputs, shape)
            raise ShapeError(str(error), *([self._stack_changes(fitting)] if fitting else [])) from None

    def describe_changes(self, changes: Mapping[str, object]) -> str:
        """Returns an instruction for those of a ShapeError's changes that concern stacks; empty where none does."""
        changed = self.model_copy(update={field.name: changes.get(field.name, ()) for field in self.stack_fields})
        named = {
            changed.stack_title(number): stack
            for number, (stack, (field, _)) in enumerate(zip(changed.stacks, changed.stack_places, strict=True))
            if field.name in changes
        }
        return self.join.describe_fit(named) if named else ""

    def join_formula(self, shape: Shape) -> str:
        """Returns how the outputs of the stacks become one, with the numbers."""
        return self.join.formula([self._shapes_along(stack, shape)[-1] for stack in self.stacks])

    def output_shape(self, shape: Shape) -> Shape:
        """Joins the shapes behind the stacks; raises ShapeError with the first layer in them that refuses."""
        return self.joined_shape([self._shapes_along(stack, shape)[-1] for stack in self.stacks], shape)

    def formula(self, shape: Shape) -> str:
        """Returns how the outputs become one."""
        return self.join_formula(shape)

    def parameters(self, shape: Shape) -> int:
        """Adds up those of all layers inside."""
        return sum(layer.parameters(before) for layer, before in self._layers_with_inputs(shape))

    def multiply_adds(self, shape: Shape) -> int:
        """Adds up those of all layers inside."""
        return sum(layer.multiply_adds(before) for layer, before in self._layers_with_inputs(shape))

    def receptive_field(self, before: ReceptiveFields, shape: Shape) -> ReceptiveFields:
        """Spans from the first to the last sample that one of the stacks reads."""
        fields = []
        for stack in self.stacks:
            inside = before
            for layer, shape_before in zip(stack, self._shapes_along(stack, shape), strict=False):
                inside = layer.receptive_field(inside, shape_before)
            if inside is None:
                return None
            fields.append(inside)
        return all_or_none(map(join_fields, zip(*fields, strict=True)))

    def arguments(self, shape: Shape) -> dict[str, object]:
        """Returns none: torch has no class for it."""
        return {}

    def code(self, shape: Shape) -> str:
        """Returns the block's name; `cnnviz.source` writes the stacks in it."""
        return f"{self.kind}(…)"

    def build_module(self, shape: Shape) -> nn.Module:
        """Returns a module with the stacks under the names of their fields."""
        single: dict[str, nn.Module] = {}
        lists: dict[str, list[nn.Module]] = {field.name: [] for field in self.stack_fields if field.repeated}
        for (field, index), stack in zip(self.stack_places, self.stacks, strict=True):
            pairs = zip(stack, self._shapes_along(stack, shape), strict=False)
            module = nn.Sequential(*(layer.build_module(before) for layer, before in pairs))
            if index is None:
                single[field.name] = module
            else:
                lists[field.name].append(module)
        modules = single | lists
        return BlockModule({field.name: modules[field.name] for field in self.stack_fields}, self.join)

    @classmethod
    def class_source(cls) -> str:
        r"""Returns the block as a class in plain torch, for generated code.

        >>> from cnnviz.layers import Residual
        >>> print("\n".join(Residual.class_source().splitlines()[-2:]))
            def forward(self, x):
                return self.layers(x) + self.projection(x)
        """
        named = [("*" if field.repeated else "") + field.name for field in cls.stack_fields]
        assignments = [
            f"        self.{field.name} = {f'nn.ModuleList({field.name})' if field.repeated else field.name}"
            for field in cls.stack_fields
        ]
        return "\n".join(
            [
                f"class {cls.__name__}(nn.Module):",
                f'    """{inspect.cleandoc(cls.__doc__ or cls.__name__).splitlines()[0]}"""',
                "",
                f"    def __init__(self, {', '.join(named)}):",
                "        super().__init__()",
                *assignments,
                "",
                "    def forward(self, x):",
                f"        return {cls._forward_expression()}",
                "",
            ]
        )

    @classmethod
    def _forward_expression(cls) -> str:
        repeated = {
            field.name: f"{field.title}(x) for {field.title} in self.{field.name}"
            for field in cls.stack_fields
            if field.repeated
        }
        if not repeated:
            return cls.join.expression([f"self.{field.name}(x)" for field in cls.stack_fields])
        if len(cls.stack_fields) == 1:
            return cls.join.expression_of_list(f"[{repeated[cls.stack_fields[0].name]}]")
        items = (
            f"*({repeated[field.name]})" if field.repeated else f"self.{field.name}(x)" for field in cls.stack_fields
        )
        return cls.join.expression_of_list(f"[{', '.join(items)}]")

    def _stack_changes(self, stacks: Sequence[Stack]) -> dict[str, object]:
        """Returns the stack fields that differ in a block around these stacks, with their values in it."""
        changed = self.with_stacks(stacks)
        values = {field.name: getattr(changed, field.name) for field in self.stack_fields}
        return {name: value for name, value in values.items() if value != getattr(self, name)}

    def _layers_with_inputs(self, shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        for stack in self.stacks:
            yield from zip(stack, self._shapes_along(stack, shape), strict=False)

    def _shapes_along(self, stack: Stack, shape: Shape) -> list[Shape]:
        """Returns the shape before the first layer of a stack, and behind every layer."""
        shapes = [shape]
        for layer in stack:
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"{layer.kind} in it {error}") from None
        return shapes
