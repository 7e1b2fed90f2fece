"""A frozen, strict base model, and sentences that explain pydantic's errors without its jargon."""

import re
from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from cnnviz.errors import CnnvizError

MAX_RECEIVED_LENGTH, MAX_PLACE_LENGTH, MAX_EXPECTATION_LENGTH = 60, 120, 300
"""Largest number of characters that a sentence quotes of a value, of its place, and of pydantic's message."""
TYPE_MISMATCHES = ("_type", "literal_error", "too_short")
"""Endings of problem types that mean that another alternative of the field is the one the user had in mind."""
EXPECTATIONS = {
    "extra_forbidden": "there is no parameter of this name here",
    "int_parsing": "should be a whole number",
    "float_parsing": "should be a number",
    "bool_parsing": "should be true or false",
    "int_parsing_size": "is far too large a number",
    "union_tag_invalid": "there is no layer of this kind",
    "union_tag_not_found": "give the kind of the layer",
}
"""Words for what was expected, by problem type, where pydantic's own are unclear."""
PLAIN_WORDS = {
    "a valid integer": "a whole number",
    "a valid array": "a list",
    "Input should": "should",
    "String should": "should",
}
"""Plain words by the words of pydantic that they replace."""
SIDES = (4, 6)
"""Numbers in a padding of two or three axes: two for each."""
SINGULARS = {"layers": "layer", "branches": "branch", "projection": "layer"}
"""Name of one item, by the name of the field that lists them."""


class FrozenModel(BaseModel):
    """Frozen pydantic model that converts no types and accepts no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    change_error: ClassVar[type[CnnvizError]] = CnnvizError
    """Class of the error that `changed` raises."""

    def changed(self, **changes: object) -> Self:
        """Returns a copy with some fields changed, validated as a whole; raises `change_error` for a refused value."""
        names = {info.alias: name for name, info in type(self).model_fields.items() if info.alias}
        try:
            return type(self)(**dict(self) | {names.get(name, name): value for name, value in changes.items()})
        except ValidationError as error:
            raise self.change_error(describe_error(error)) from None


def describe_error(error: ValidationError, within: str = "", *, place: str = "") -> str:
    """Returns a sentence about the first problem: where it is, what was expected there, and what was received.

    If a field has several alternatives, the sentence is about the one that nearly fits. `within` names the file or
    model that contains the field; `place` replaces the field's name. A validator's own message is used unchanged if it
    is a sentence.

    >>> class Example(FrozenModel):
    ...     size: int
    >>> try:
    ...     Example(size="many")
    ... except ValidationError as error:
    ...     print(describe_error(error))
    size: should be a whole number (received 'many').
    """
    problems = error.errors(include_url=False)
    if is_own_sentence(error):
        return _own_message(problems[0])
    field = _place(problems[0])[:1]
    same_place = [problem for problem in problems if _place(problem)[:1] == field]
    nearest = [problem for problem in same_place if not problem["type"].endswith(TYPE_MISMATCHES)] or same_place
    axes = _count_axes(same_place)
    expected = ", or ".join(dict.fromkeys(_expectation(problem, axes) for problem in nearest))[:MAX_EXPECTATION_LENGTH]
    where = ", ".join(filter(None, (within, place or _format_place(_place(nearest[0]))))) or "The design"
    return f"{where[:MAX_PLACE_LENGTH]}: {expected}{_format_received(nearest[0])}."


def is_own_sentence(error: ValidationError) -> bool:
    """Returns whether the first problem comes from one of our validators that explains it in a whole sentence."""
    problem = error.errors(include_url=False)[0]
    return problem["type"] == "value_error" and _own_message(problem)[:1].isupper()


def _own_message(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ")


def _place(problem: ErrorDetails) -> tuple[str, ...]:
    parts = [part for part in problem["loc"] if isinstance(part, int) or str(part).isidentifier()]  # no union branches
    if problem["type"] == "missing" and parts and isinstance(parts[-1], int):  # a number of a field is missing
        parts.pop()
    return tuple(str(part + 1) if isinstance(part, int) else str(part) for part in parts)


def _format_place(place: tuple[str, ...]) -> str:
    """Returns a place as text for users; "" for the model as a whole.

    >>> _format_place(("layers", "2", "kernel_size")), _format_place(("input_shape", "1")), _format_place(())
    ('Layer 2, kernel_size', 'input_shape, number 1', '')
    """
    text = ", ".join(place)
    for name, item in SINGULARS.items():
        text = re.sub(rf"\b{name}, (?=\d)", f"{item} ", text)
    text = re.sub(r"(?<=[a-z_]), (?=\d+$)", ", number ", text)
    return text if text.startswith(tuple(place[:1])) else text[:1].upper() + text[1:]


def _count_axes(problems: list[ErrorDetails]) -> int:
    """Returns the number of axes of a field that takes one number for all axes or one for each; 0 for other fields."""
    branches = (str(part) for problem in problems for part in problem["loc"])
    return next((branch.count(",") + 1 for branch in branches if branch.startswith("tuple[")), 0)


def _expectation(problem: ErrorDetails, axes: int) -> str:
    kind, message = problem["type"], problem["msg"]
    if axes and kind in ("too_long", "missing", "tuple_type", "int_type"):
        return "give one whole number" + (
            f", or one for each of {axes} {'sides' if axes in SIDES else 'axes'}" if axes > 1 else ""
        )
    if axes and kind == "literal_error":
        return message.removeprefix("Input should be ")
    if kind in ("too_long", "too_short"):
        bound = problem["ctx"]["max_length" if kind == "too_long" else "min_length"]
        are_numbers = all(isinstance(value, int | float) for value in problem["input"])
        item = SINGULARS.get((_place(problem) or ("",))[-1], "number" if are_numbers else "item")
        several = "branches" if item == "branch" else f"{item}s"
        return f"give at {'most' if kind == 'too_long' else 'least'} {bound} {item if bound == 1 else several}"
    if kind in EXPECTATIONS:
        return EXPECTATIONS[kind]
    message = _own_message(problem)
    for original, plain in PLAIN_WORDS.items():
        message = message.replace(original, plain)
    return message


def _format_received(problem: ErrorDetails) -> str:
    """Returns the received value in brackets, as a student would type it; "" for a whole file or model."""
    value: object = problem["input"]
    if problem["type"] == "json_invalid" or (problem["type"] == "value_error" and isinstance(value, Mapping)):
        return ""
    if isinstance(value, tuple | list) and all(isinstance(item, int) for item in value):
        text = ", ".join(map(str, value)) or "nothing"
    else:
        text = "nothing" if value is None else repr(value)
    return f" (received {text if len(text) <= MAX_RECEIVED_LENGTH else f'{text[: MAX_RECEIVED_LENGTH - 3]}…'})"
