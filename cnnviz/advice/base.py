"""What a remark is, what it is about, and how a rule finds one."""

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
    """What is known of what a net is for; what is None is not spoken of."""

    classes: int | None = None
    samples: int | None = None
    """Training samples."""
    batch_size: int | None = None
    memory: int | None = None
    """Bytes that a run may take on the device."""
    loss: Literal["auto", "NLLLoss", "CrossEntropyLoss"] = "auto"
    """auto: NLLLoss if the net ends in LogSoftmax, else CrossEntropyLoss, as the trainer does."""


@dataclass(frozen=True)
class Reference:
    """Where more is to be read: the name of a page of the app, or an https address."""

    text: str
    url: str


@dataclass(frozen=True)
class Remark:
    """One thing that a teacher would say about a net that does build."""

    rule: str
    """Its name in `ADVICE`."""
    title: str
    path: LayerPath | None
    """The layer that it is about; None where it is about the whole net."""
    text: str
    """What is so, with the numbers of this net."""
    reason: str
    """Why that matters, whatever the net."""
    reference: Reference
    mend: Mend | None = None
    """An edit after which the rule has less to remark, and all rules no more."""


@dataclass(frozen=True)
class Occurrence:
    """What a rule found, and edits that may help, the best first; each is tried out before it is offered."""

    path: LayerPath | None
    text: str
    mends: Iterable[Mend] = ()
    """Made one by one, as they are tried: an edit may be refused with a DesignError, which ends them."""


@dataclass(frozen=True)
class Net:
    """A design that builds, with all that rules ask of it."""

    architecture: Architecture
    task: Task
    reusable_steps: tuple[Step, ...] = ()
    """Steps of a net that begins in the same way."""

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the stack."""
        return trace_shapes(self.architecture, self.reusable_steps)

    @cached_property
    def stacks(self) -> tuple[tuple[Step, ...], ...]:
        """The stack, and every stack inside a block, each on its own."""
        return tuple(_iter_stacks(self.steps))

    @cached_property
    def last_computing_step(self) -> Step:
        """The layer that makes the scores what they are: the last one that is more than Dropout or Flatten."""
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
    """A kind of remark: what it is called, how it is found, why it matters and where that is explained."""

    title: str
    find: Callable[[Net], Iterator[Occurrence]]
    reason: str
    reference: Reference


def label_step(step: Step, start: str = "layer") -> str:
    """A layer as the list of layers numbers it: layer 3, ReLU."""
    return f"{start} {layer_number(step.path)}, {step.layer.kind}"


def path_after(step: Step) -> LayerPath:
    """The place right behind a layer, in its own stack."""
    return (*step.path[:-1], step.path[-1] + 1)


def make_layer(kind: str, **arguments: Any) -> Layer:
    """A layer of a kind and with numbers that depend on the net; raises DesignError when one is out of bounds."""
    try:
        return PALETTE[kind](**arguments)
    except ValidationError as error:
        raise DesignError(describe_error(error, kind)) from None


def dropout_kind_for(shape: Shape, kind: str) -> str:
    """The kind of dropout for samples of that shape: single values of a flat one, else what was meant."""
    maps = kind not in ("Dropout", "AlphaDropout")
    return kind if not maps else "Dropout" if len(shape) == 1 else f"Dropout{len(shape) - 1}d"


def passes_values_on(step: Step) -> bool:
    """Whether a layer hands its values on as they are, but for those that it drops while training."""
    return isinstance(step.layer, Flatten | DropoutBase)


def _iter_stacks(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    yield steps
    for step in steps:
        for stack in step.stacks:
            yield from _iter_stacks(stack)
