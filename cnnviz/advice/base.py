"""Remarks, what they are about, and the rules that find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import ValidationError

from cnnviz.architecture import Architecture, LayerPath, Mend, Step, layer_number
from cnnviz.architecture.step import trace_shapes
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, Flatten, Layer
from cnnviz.layers.dropout import DropoutBase
from cnnviz.shapes import Shape
from cnnviz.validation import describe_error


@dataclass(frozen=True)
class Task:
    """What is known about the purpose of a net; rules ignore what is None."""

    classes: int | None = None
    samples: int | None = None
    """Training samples."""
    batch_size: int | None = None
    memory: int | None = None
    """Bytes that a run may use on the device."""
    loss: Literal["auto", "NLLLoss", "CrossEntropyLoss"] = "auto"
    """auto: NLLLoss if the net ends in LogSoftmax, else CrossEntropyLoss, as in training."""


@dataclass(frozen=True)
class Reference:
    """Where to read more: the name of a page of the app, or an https address."""

    text: str
    url: str


@dataclass(frozen=True)
class Remark:
    """One thing that a teacher would say about a net that builds."""

    rule: str
    """Its name in `ADVICE`."""
    title: str
    path: LayerPath | None
    """The layer it is about; None if it is about the whole net."""
    text: str
    """What was found, with the numbers of this net."""
    reason: str
    """Why that matters in any net."""
    reference: Reference
    mend: Mend | None = None
    """An edit after which the rule has fewer remarks, and all rules together no more faults to remark on."""
    other_paths: tuple[LayerPath, ...] = ()
    """Further layers of which the same is true."""
    is_step: bool = False
    """Whether it is a next step, which may make a good net better, rather than a fault."""

    @property
    def paths(self) -> tuple[LayerPath, ...]:
        """All layers that it is about; empty if it is about the whole net."""
        return () if self.path is None else (self.path, *self.other_paths)


@dataclass(frozen=True)
class Occurrence:
    """What a rule found, and edits that may help, the best first; an edit is tried before it is offered."""

    path: LayerPath | None
    text: str
    mends: Iterable[Mend] = ()
    """Made one at a time, as they are tried; a DesignError, which an edit may raise, ends them."""
    is_step: bool = False
    """Whether it is a next step rather than a fault."""


@dataclass(frozen=True)
class Net:
    """A design, with everything that rules need to know about it."""

    architecture: Architecture
    task: Task
    reusable_steps: tuple[Step, ...] = ()
    """Steps of a net with the same beginning, which need not be traced again."""

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the stack."""
        return trace_shapes(self.architecture, self.reusable_steps)

    @cached_property
    def stacks(self) -> tuple[tuple[Step, ...], ...]:
        """The stack, and every stack inside a block."""
        return tuple(_iter_stacks(self.steps))

    @cached_property
    def last_computing_step(self) -> Step:
        """The layer that computes the scores: the last one other than Dropout and Flatten."""
        computing = [step for step in self.steps if not passes_values_on(step)]
        return (computing or list(self.steps))[-1]

    @property
    def loss(self) -> str:
        """The loss that the net is trained with."""
        if self.task.loss != "auto":
            return self.task.loss
        return "NLLLoss" if self.steps[-1].layer.kind == "LogSoftmax" else "CrossEntropyLoss"


@dataclass(frozen=True)
class AdviceRule:
    """A kind of remark: its title, how it is found, why it matters and where that is explained."""

    title: str
    find: Callable[[Net], Iterator[Occurrence]]
    reason: str
    reference: Reference


def label_step(step: Step, start: str = "layer") -> str:
    """Returns a layer with its number in the list of layers: layer 3, ReLU."""
    return f"{start} {layer_number(step.path)}, {step.layer.kind}"


def path_after(step: Step) -> LayerPath:
    """Returns the place right after a layer, in its own stack."""
    return (*step.path[:-1], step.path[-1] + 1)


def layer_of_kind(kind: str, **arguments: Any) -> Layer:
    """Returns a layer with arguments that depend on the net; raises DesignError when one is out of bounds."""
    try:
        return PALETTE[kind](**arguments)
    except ValidationError as error:
        raise DesignError(describe_error(error, kind)) from None


def dropout_kind_for(shape: Shape, kind: str) -> str:
    """Returns the kind of dropout that fits samples of that shape: Dropout for flat ones."""
    maps = kind not in ("Dropout", "AlphaDropout")
    return kind if not maps else "Dropout" if len(shape) == 1 else f"Dropout{len(shape) - 1}d"


def passes_values_on(step: Step) -> bool:
    """Whether a layer passes its values on unchanged, except for those that it drops in training."""
    return isinstance(step.layer, Flatten | DropoutBase)


def _iter_stacks(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    yield steps
    for step in steps:
        for stack in step.stacks:
            yield from _iter_stacks(stack)
