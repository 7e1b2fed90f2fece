"""A block kind that cnnviz does not have, to prove that a new one is a class, a join and a place in FAMILIES."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Annotated, Any, ClassVar, Literal, Union

from pydantic import Field
from torch import Tensor

from cnnviz.architecture import Architecture
from cnnviz.errors import ShapeError
from cnnviz.layers import PALETTE, Block, Layer, StackField
from cnnviz.layers.block import Layers
from cnnviz.layers.join import Join, StackOutput, fitting_projection
from cnnviz.layers.palette import FAMILIES
from cnnviz.shapes import Shape, format_shape


class Product(Join):
    """Multiplies outputs of one and the same shape."""

    def output_shape(self, outputs: Sequence[StackOutput]) -> Shape:
        """All the same shape → that shape."""
        for output in outputs[1:]:
            if output.shape != outputs[0].shape:
                raise ShapeError(
                    f"cannot multiply {format_shape(outputs[0].shape)} ({outputs[0].title}) by"
                    f" {format_shape(output.shape)} ({output.title})"
                )
        return outputs[0].shape

    def fitting_stacks(self, outputs: Sequence[StackOutput], shape: Shape) -> Sequence[tuple[Layer, ...]] | None:
        """One layer that gives the first output's shape."""
        fitting = fitting_projection(shape, outputs[0].shape)
        return (
            None
            if fitting is None
            else [output.stack if output.shape == outputs[0].shape else fitting for output in outputs]
        )

    def formula(self, shapes: Sequence[Shape]) -> str:
        """A product, its factors in brackets."""
        return " · ".join(f"({format_shape(shape)})" for shape in shapes)

    def tensors(self, outputs: Sequence[Tensor]) -> Tensor:
        """Multiplies; never broadcasts."""
        if len({output.shape for output in outputs}) > 1:
            raise ValueError("shapes differ")
        return prod(outputs[1:], start=outputs[0])

    def expression_of_list(self, values: str) -> str:
        """Python's own product."""
        return f"torch.stack({values}).prod(dim=0)"


class Gated(Block):
    """The product of a gate and of all its paths.

    A stack of its own, and several in one field.
    """

    summary: ClassVar[str] = "Multiplies what its paths make of the input by what its gate lets through."
    prefix: ClassVar[str] = "gated"
    stack_fields: ClassVar[tuple[StackField, ...]] = (
        StackField("gate", title="gate"),
        StackField("paths", title="path", repeated=True),
    )
    join: ClassVar[Join] = Product()

    kind: Literal["Gated"] = "Gated"
    gate: Layers = Field((), description="What is let through.")
    paths: Annotated[tuple[Layers, ...], Field(strict=False, min_length=1, max_length=3)] = Field(
        ((),), description="What is multiplied."
    )


@contextmanager
def in_palette(kind: type[Layer]) -> Iterator[None]:
    """Adds a block to the palette for a while, as its name there would, so that every design may hold it."""
    blocks = FAMILIES["block"]
    FAMILIES["block"], PALETTE[kind.__name__] = (*blocks, kind), kind
    try:
        _read_kinds_again()
        yield
    finally:
        FAMILIES["block"] = blocks
        del PALETTE[kind.__name__]
        _read_kinds_again()


def _read_kinds_again() -> None:
    """Makes pydantic build anew what it built from PALETTE when cnnviz was imported."""
    any_layer: Any = Annotated[Union[tuple(PALETTE.values())], Field(discriminator="kind")]  # noqa: UP007
    stack: Any = tuple[any_layer, ...]
    blocks = [kind for kind in PALETTE.values() if issubclass(kind, Block)]
    for block in blocks:
        block.model_rebuild(_types_namespace={"AnyLayer": any_layer})  # a new one has not been read yet
        for field in block.stack_fields:
            inside = Annotated[stack, Field(strict=False)]
            block.model_fields[field.name].annotation = tuple[inside, ...] if field.repeated else stack  # type: ignore[valid-type]
    Architecture.model_fields["layers"].annotation = stack
    models = (*blocks, Architecture)
    for model in models:  # none of them may be built from what another one was
        del model.__pydantic_core_schema__
    for model in models:
        model.model_rebuild(force=True)
