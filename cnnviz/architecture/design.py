"""Architecture: an input shape and a stack of layers, with its edits, to and from JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, AnyLayer, Block, Layer
from cnnviz.layers.base import Stack
from cnnviz.shapes import Shape

MAX_LAYERS = 200
MAX_DEPTH = 4
MAX_JSON_LENGTH = 200_000
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
            problem = _describe_first_error(error)
            message = problem if _is_own_message(error) else f"This design cannot be read. {problem}"
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
    values = {name: getattr(default, name) for name in kind.model_fields} | kept
    try:
        return _validate(kind, values | change)
    except DesignError:
        one_number_each = {name: value[-1] if isinstance(value, tuple) else value for name, value in values.items()}
        return _validate(kind, one_number_each | change)


def _validate(model: type[M], values: dict[str, Any]) -> M:
    try:
        return model(**values)
    except ValidationError as error:
        raise DesignError(_describe_first_error(error)) from None


def _is_own_message(error: ValidationError) -> bool:
    """Whether the reason is a sentence of ours, told by a validator."""
    return error.errors(include_url=False)[0]["type"] == "value_error"


def _describe_first_error(error: ValidationError) -> str:
    """Where it is wrong, what was expected there and what came; of several alternatives, the one that nearly fit."""
    problems = error.errors(include_url=False)
    if _is_own_message(error):
        return problems[0]["msg"].removeprefix("Value error, ")
    place = _error_place(problems[0])
    same_place = [problem for problem in problems if _error_place(problem)[:1] == place[:1]]
    type_mismatches = ("_type", "literal_error", "too_short")
    nearest = [problem for problem in same_place if not problem["type"].endswith(type_mismatches)] or same_place
    axes = _count_axes(same_place)
    expected = ", or ".join(dict.fromkeys(_expectation(problem, axes) for problem in nearest))
    return f"{_format_place(_error_place(nearest[0]))}: {expected} (received {_format_received(nearest[0]['input'])})."


def _error_place(problem: ErrorDetails) -> tuple[str, ...]:
    parts = [part for part in problem["loc"] if isinstance(part, int) or str(part).isidentifier()]  # no union branches
    if problem["type"] == "missing" and isinstance(parts[-1], int):  # a number too few: the place is the field
        parts.pop()
    return tuple(str(part + 1) if isinstance(part, int) else str(part) for part in parts)


def _format_place(place: tuple[str, ...]) -> str:
    """A place in words.

    >>> _format_place(("layers", "2", "kernel_size")), _format_place(("input_shape", "1")), _format_place(())
    ('Layer 2, kernel_size', 'input_shape, number 1', 'The design')
    """
    text = ", ".join(place) or "The design"
    for name, thing in {"layers": "layer", "branches": "branch", "projection": "layer"}.items():
        text = re.sub(rf"\b{name}, (?=\d)", f"{thing} ", text)
    text = re.sub(r"(?<=[a-z_]), (?=\d+$)", ", number ", text)
    return text if text.startswith(tuple(place[:1])) else text[:1].upper() + text[1:]


def _count_axes(problems: list[ErrorDetails]) -> int:
    """Axes of a field that takes one number for all or one for each; 0 for any other field."""
    branches = (str(part) for problem in problems for part in problem["loc"])
    return next((branch.count(",") + 1 for branch in branches if branch.startswith("tuple[")), 0)


def _expectation(problem: ErrorDetails, axes: int) -> str:
    """What pydantic expected, in words for people who know no pydantic."""
    kind, message = problem["type"], problem["msg"]
    if axes and kind in ("too_long", "missing", "tuple_type", "int_type"):
        return "give one whole number" + (f", or one for each of {axes} axes" if axes > 1 else "")
    if axes and kind == "literal_error":
        return message.removeprefix("Input should be ")
    if kind in ("too_long", "too_short"):
        bound = problem["ctx"]["max_length" if kind == "too_long" else "min_length"]
        thing = {"branches": "branch", "layers": "layer"}.get((_error_place(problem) or ("",))[-1], "number")
        several = "branches" if thing == "branch" else f"{thing}s"
        return f"give at {'most' if kind == 'too_long' else 'least'} {bound} {thing if bound == 1 else several}"
    if kind in _PLAIN_EXPECTATIONS:
        return _PLAIN_EXPECTATIONS[kind]
    for original, plain in (
        ("a valid integer", "a whole number"),
        ("a valid array", "a list"),
        ("Input should", "should"),
    ):
        message = message.replace(original, plain)
    return message


_PLAIN_EXPECTATIONS = {
    "extra_forbidden": "there is no parameter of this name here",
    "int_parsing_size": "is far too large a number",
    "union_tag_invalid": "there is no layer of this kind",
    "union_tag_not_found": "give the kind of the layer",
}
"""What pydantic's own words leave unclear, by the type of the problem."""


def _format_received(value: object) -> str:
    """What came, as a student types it."""
    if isinstance(value, tuple | list) and all(isinstance(item, int) for item in value):
        text = ", ".join(map(str, value)) or "nothing"
    else:
        text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
