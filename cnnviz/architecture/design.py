"""Architecture: an input shape and a stack of layers, with its edits, to and from JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, AnyLayer, Block, Layer
from cnnviz.layers.base import Stack
from cnnviz.shapes import Shape
from cnnviz.validation import describe_error, is_own_sentence

MAX_LAYERS = 500
MAX_DEPTH = 4
MAX_JSON_LENGTH = 500_000
MAX_SIZE = 1_000_000

LayerPath = tuple[int, ...]
"""Where a layer stands: its index in the stack; inside a block, followed by (index of the stack, index in it)."""

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]


class Architecture(BaseModel):
    """A net as a student designs it; frozen, so that every edit returns a new one.

    `input_shape` is that of one sample without the batch axis, one to four axes. Edits take the index of a layer in the
    stack, or its path; they raise DesignError where the result is not allowed.

    >>> lab = Architecture(input_shape=(1, 99, 26), layers=[PALETTE["Conv2d"](out_channels=10, kernel_size=10)])
    >>> lab.update_layer(0, kernel_size=3).layers[0].kernel_size
    3
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    input_shape: Annotated[tuple[Size, ...], Field(strict=False, min_length=1, max_length=4)]
    layers: Annotated[tuple[AnyLayer, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _check_bounds(self) -> Architecture:
        paths = [path for path, _ in self.iter_layers()]
        if len(paths) > MAX_LAYERS:
            raise ValueError(f"A net can have at most {MAX_LAYERS} layers, those in blocks included; delete one first.")
        if any(len(path) // 2 > MAX_DEPTH for path in paths):
            raise ValueError(f"Blocks can be nested at most {MAX_DEPTH} deep.")
        return self

    def iter_layers(self) -> Iterator[tuple[LayerPath, Layer]]:
        """Yields all layers with their paths, a block before the layers in it."""
        yield from _iter_layers(self.layers, ())

    def layer_at(self, path: int | LayerPath) -> Layer:
        """Returns the layer at a path; raises DesignError where there is none."""
        stack, (*inside, index) = self.layers, _as_path(path)
        for place, branch in zip(inside[::2], inside[1::2], strict=True):
            stack = _item_at(_as_block(_item_at(stack, place)).stacks, branch)
        return _item_at(stack, index)

    def insert_layer(self, path: int | LayerPath, layer: Layer) -> Architecture:
        """Returns the design with `layer` at a path, in front of the layer that was there."""
        return self._edit(path, lambda stack, index: (*stack[:index], layer, *stack[index:]))

    def update_layer(self, path: int | LayerPath, **change: object) -> Architecture:
        """Returns the design with parameters of one layer changed; `kind` makes it a layer of another kind."""
        layer = _updated_layer(self.layer_at(path), change)
        return self._edit(path, lambda stack, index: (*stack[:index], layer, *stack[index + 1 :]))

    def remove_layer(self, path: int | LayerPath) -> Architecture:
        """Returns the design without the layer at a path."""
        return self._edit(path, lambda stack, index: (*stack[:index], *stack[index + 1 :]))

    def move_layer(self, path: int | LayerPath, target: int | LayerPath) -> Architecture:
        """Returns the design with one layer moved to `target`, a path in the design without it."""
        return self.remove_layer(path).insert_layer(target, self.layer_at(path))

    def with_input_shape(self, shape: Shape) -> Architecture:
        """Returns the same stack for another input shape."""
        return _validate(Architecture, {"input_shape": shape, "layers": self.layers})

    def to_json(self) -> str:
        """Returns the design as JSON; `from_json` reads it back."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> Architecture:
        """Returns the design in a JSON text; raises DesignError with the first thing that is wrong in it."""
        if len(text) > MAX_JSON_LENGTH:
            raise DesignError(f"This design is {len(text):,} characters long; at most {MAX_JSON_LENGTH:,} are read.")
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            problem = describe_error(error)
            message = problem if is_own_sentence(error) else f"This design cannot be read. {problem}"
            raise DesignError(message) from None

    def _edit(self, path: int | LayerPath, edit: Callable[[Stack, int], Stack]) -> Architecture:
        return _validate(
            Architecture, {"input_shape": self.input_shape, "layers": _edit_stack(self.layers, _as_path(path), edit)}
        )


def layer_number(path: LayerPath) -> str:
    """Returns a path as people count: 3 is the third layer, 3.b2 the second layer in the second stack of the third.

    >>> layer_number((2,)), layer_number((2, 1, 1))
    ('3', '3.b2')
    """
    inside = zip(path[1::2], path[2::2], strict=True)
    return f"{path[0] + 1}" + "".join(f".{chr(ord('a') + stack)}{index + 1}" for stack, index in inside)


def _as_path(path: int | LayerPath) -> LayerPath:
    return (path,) if isinstance(path, int) else path


def _as_block(layer: Layer) -> Block:
    if not isinstance(layer, Block):
        raise DesignError(f"A {layer.kind} holds no layers.")
    return layer


def _item_at(items: tuple[T, ...], index: int) -> T:
    if not 0 <= index < len(items):
        raise DesignError("There is no layer at this place any more.")
    return items[index]


def _iter_layers(stack: Stack, before: LayerPath) -> Iterator[tuple[LayerPath, Layer]]:
    for index, layer in enumerate(stack):
        yield (path := (*before, index)), layer
        if isinstance(layer, Block):
            for branch, inside in enumerate(layer.stacks):
                yield from _iter_layers(inside, (*path, branch))


def _edit_stack(stack: Stack, path: LayerPath, edit: Callable[[Stack, int], Stack]) -> Stack:
    index, *inside = path
    if not inside:
        return edit(stack, index)
    block, (branch, *rest) = _as_block(_item_at(stack, index)), inside
    stacks = list(block.stacks)
    stacks[branch] = _edit_stack(_item_at(block.stacks, branch), tuple(rest), edit)
    return (*stack[:index], block.with_stacks(stacks), *stack[index + 1 :])


def _updated_layer(layer: Layer, change: dict[str, object]) -> Layer:
    """Returns a layer with other values; one of another kind keeps the parameters that both kinds have."""
    kind = PALETTE[str(change.get("kind", layer.kind))]
    fields = type(layer).model_fields
    kept = {name: getattr(layer, name) for name in kind.model_fields if name in fields and name != "kind"}
    if isinstance(layer, kind):
        return _validate(kind, kept | change)
    default = kind.default()
    defaults = {name: getattr(default, name) for name in kind.model_fields}
    one_number_each = {name: value[-1] if isinstance(value, tuple) else value for name, value in kept.items()}
    for values in (defaults | kept, defaults | one_number_each):
        with suppress(DesignError):
            return _validate(kind, values | change)
    return _validate(kind, defaults | change)


def _validate(model: type[M], values: dict[str, Any]) -> M:
    try:
        return model(**values)
    except ValidationError as error:
        raise DesignError(describe_error(error)) from None
