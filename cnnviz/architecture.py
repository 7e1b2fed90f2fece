"""An architecture: an input shape and a stack of layers, and what follows from them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from torch import nn

from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import PALETTE, Layer
from cnnviz.shapes import Shape, size_of

MAX_LAYERS = 200
MAX_JSON = 200_000
MAX_SIZE = 1_000_000

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[Union[tuple(PALETTE.values())], Field(discriminator="kind")]  # noqa: UP007 (built at run time)

M = TypeVar("M", bound=BaseModel)
Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]


class Architecture(BaseModel):
    """What a student designs; frozen, every edit returns a new one.

    `input_shape` is one sample without the batch axis, one to four axes.

    >>> lab = Architecture(input_shape=(1, 99, 26), layers=[PALETTE["Conv2d"](out_channels=10, kernel_size=10)])
    >>> lab.replaced(0, kernel_size=3).layers[0].kernel_size
    3
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    input_shape: Annotated[tuple[Size, ...], Field(strict=False, min_length=1, max_length=4)]
    layers: Annotated[tuple[AnyLayer, ...], Field(strict=False, max_length=MAX_LAYERS)] = ()

    def inserted(self, index: int, layer: Layer) -> Architecture:
        """With `layer` at `index`; what stood there moves back. Raises DesignError when the net is full."""
        if len(self.layers) >= MAX_LAYERS:
            raise DesignError(f"A net can have at most {MAX_LAYERS} layers; delete one first.")
        return self._with([*self.layers[:index], layer, *self.layers[index:]])

    def replaced(self, index: int, **change: object) -> Architecture:
        """With parameters of the layer at `index` changed; a `kind` among them makes it another kind.

        Raises DesignError when a value is out of its bounds.
        """
        old = self.layers[index]
        kind = PALETTE[str(change.get("kind", old.kind))]
        kept = {name: value for name, value in old.model_dump().items() if name in kind.model_fields}
        layer = _checked(kind, kept | change)
        return self._with([*self.layers[:index], layer, *self.layers[index + 1 :]])

    def removed(self, index: int) -> Architecture:
        """Without the layer at `index`."""
        return self._with([*self.layers[:index], *self.layers[index + 1 :]])

    def moved(self, index: int, target: int) -> Architecture:
        """With the layer at `index` moved so that it stands at `target`."""
        layers = list(self.layers)
        layers.insert(target, layers.pop(index))
        return self._with(layers)

    def duplicated(self, index: int) -> Architecture:
        """With a copy of the layer at `index` right behind it."""
        return self.inserted(index + 1, self.layers[index])

    def with_input(self, shape: Shape) -> Architecture:
        """With another input shape."""
        return _checked(Architecture, {"input_shape": shape, "layers": self.layers})

    def to_json(self) -> str:
        """The design as JSON; `from_json` reads it back."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str) -> Architecture:
        """The design that a JSON text describes; raises DesignError with the first thing that is wrong in it."""
        if len(text) > MAX_JSON:
            raise DesignError(f"This design is {len(text):,} characters long; at most {MAX_JSON:,} are read.")
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise DesignError(f"This design cannot be read. {_first_problem(error)}") from None

    def _with(self, layers: list[Layer]) -> Architecture:
        return _checked(Architecture, {"input_shape": self.input_shape, "layers": layers})


@dataclass(frozen=True)
class Mend:
    """An edit that makes a refused stack go further: what it does, and the edited architecture."""

    text: str
    architecture: Architecture


@dataclass(frozen=True)
class Step:
    """One row of the table: a layer between its input and its output.

    `output_shape` is None where the layer refuses; then `error` says why and `mend` what would help.
    """

    layer: Layer
    input_shape: Shape
    output_shape: Shape | None
    error: str | None = None
    mend: Mend | None = None
    parameters: int = 0
    formula: str = ""


def trace(architecture: Architecture) -> tuple[Step, ...]:
    """The steps of the stack, up to and with the first layer that refuses. Never raises, never builds a tensor.

    >>> from cnnviz.presets import PRESETS
    >>> [step.output_shape for step in trace(PRESETS["lab-convnet"].architecture)][:2]
    [(10, 90, 17), (10, 22, 4)]
    """
    steps: list[Step] = []
    shape = architecture.input_shape
    for index, layer in enumerate(architecture.layers):
        try:
            out = layer.output_shape(shape)
        except ShapeError as error:
            reason = f"Layer {index + 1}, {layer.kind}: {error}."
            steps.append(Step(layer, shape, None, reason, _mend(architecture, index, shape, error)))
            break
        steps.append(Step(layer, shape, out, None, None, layer.parameters(shape), layer.formula(shape)))
        shape = out
    return tuple(steps)


def output_shape(architecture: Architecture) -> Shape:
    """Shape of one sample behind the last layer; raises ShapeError with the reason of the layer that refuses."""
    return _accepted(architecture)[-1].output_shape or () if architecture.layers else architecture.input_shape


def names(architecture: Architecture) -> tuple[str, ...]:
    """Attribute names of the layers, as in generated code and in the keys of the weights: conv1, relu1, conv2, …"""
    counts: Counter[str] = Counter()
    result = []
    for layer in architecture.layers:
        counts[layer.prefix] += 1
        result.append(f"{layer.prefix}{counts[layer.prefix]}")
    return tuple(result)


def build(architecture: Architecture) -> nn.Module:
    """The net in torch, its layers named by `names`; raises ShapeError where the stack does not fit."""
    steps = _accepted(architecture)
    modules = (step.layer.module(step.input_shape) for step in steps)
    return nn.Sequential(OrderedDict(zip(names(architecture), modules, strict=True)))


def activation_bytes(architecture: Architecture) -> int:
    """Bytes of all layer outputs of one sample in float32; what training keeps for the backward pass."""
    return 4 * sum(size_of(step.output_shape) for step in trace(architecture) if step.output_shape)


def _accepted(architecture: Architecture) -> tuple[Step, ...]:
    steps = trace(architecture)
    if steps and steps[-1].error:
        raise ShapeError(steps[-1].error)
    return steps


def _mend(architecture: Architecture, index: int, shape: Shape, error: ShapeError) -> Mend:
    """Change the refusing layer, as often as it names a change, until it accepts; else remove it."""
    mended, changes = architecture, dict[str, object]()
    while error.change and not error.change.items() <= changes.items():
        changes |= error.change
        try:
            mended = architecture.replaced(index, **changes)
            mended.layers[index].output_shape(shape)
        except DesignError:
            break
        except ShapeError as again:
            error = again
        else:
            parts = [f"{name} to {value!r}" for name, value in changes.items() if name != "kind"]
            kind = [f"Make it {changes['kind']}"] if "kind" in changes else []
            return Mend(", ".join(kind + ([f"Set {' and '.join(parts)}"] if parts else [])), mended)
    return Mend(f"Remove this {architecture.layers[index].kind}", architecture.removed(index))


def _checked(model: type[M], values: dict[str, Any]) -> M:
    try:
        return model(**values)
    except ValidationError as error:
        raise DesignError(_first_problem(error)) from None


def _first_problem(error: ValidationError) -> str:
    """Where it is wrong, what was expected there and what came; of several alternatives, the one that nearly fit."""
    problems = error.errors(include_url=False, include_context=False)
    where = _place(problems[0])
    here = [problem for problem in problems if _place(problem)[:1] == where[:1]]
    nearly = [problem for problem in here if not problem["type"].endswith(("_type", "literal_error"))] or here
    wanted = " or ".join(dict.fromkeys(_wanted(problem["msg"]) for problem in nearly))
    given = repr(nearly[0]["input"])
    given = given if len(given) <= 60 else f"{given[:57]}…"
    return f"{' → '.join(_place(nearly[0])) or 'The design'}: {wanted} (received {given})."


def _place(problem: ErrorDetails) -> tuple[str, ...]:
    named = (part for part in problem["loc"] if isinstance(part, int) or str(part).isidentifier())  # no union branches
    return tuple(str(part + 1) if isinstance(part, int) else str(part) for part in named)


def _wanted(message: str) -> str:
    return message.replace("Input should be a valid tuple", "one number per axis").replace("Input should", "should")
