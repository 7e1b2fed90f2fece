"""Checks: what an assignment asks of a net, each with a sentence that says what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Union

from pydantic import AfterValidator, BeforeValidator, Field

from cnnviz.architecture import iter_steps
from cnnviz.classroom.work import Accuracy, Work
from cnnviz.insight.single_differences import Aspect, find_differences
from cnnviz.layers import PALETTE
from cnnviz.shapes import format_shape
from cnnviz.validation import FrozenModel
from cnnviz.words import count_label, format_share


@dataclass(frozen=True)
class CheckResult:
    """What came of a check."""

    reached: bool
    value: str
    """What was found, in a few words, such as “0.874”; empty where nothing is known yet."""
    sentence: str
    """The numbers, and where it is not reached, what to do."""


class Check(FrozenModel):
    """One thing that an assignment asks for."""

    title: ClassVar[str]
    """What a teacher chooses it by."""

    kind: str
    points: Annotated[int, Field(ge=0, le=100, title="Points", description="What it counts in the grade.")] = 1

    @property
    def label(self) -> str:
        """What is asked for, in a few words."""
        raise NotImplementedError

    def passes(self, work: Work) -> CheckResult:
        """Returns whether the work has what is asked for; never raises."""
        raise NotImplementedError


Share = Annotated[float, Field(ge=0, le=1, title="Accuracy", description="From 0 to 1.")]


class ValidationAccuracy(Check):
    """The net is right for a share of the validation samples."""

    title: ClassVar = "Validation accuracy"
    kind: Literal["validation-accuracy"] = "validation-accuracy"
    at_least: Share = 0.9

    @property
    def label(self) -> str:
        """The accuracy asked for.

        >>> ValidationAccuracy(at_least=0.9).label
        'validation ≥ 0.90'
        """
        return f"validation ≥ {format_share(self.at_least)}"

    def passes(self, work: Work) -> CheckResult:
        """Compares the accuracy of the best epoch's weights on the validation part."""
        if work.validation is None:
            return CheckResult(False, "", "The net has no validation accuracy yet. Train it.")
        advice = "The Result page shows what it confuses."
        return _compare(work.validation, self.at_least, "validation samples", advice)


class HiddenAccuracy(Check):
    """The net is right for a share of the samples of the hidden test."""

    title: ClassVar = "Accuracy on the hidden test"
    kind: Literal["hidden-accuracy"] = "hidden-accuracy"
    at_least: Share = 0.85

    @property
    def label(self) -> str:
        """The accuracy asked for."""
        return f"hidden test ≥ {format_share(self.at_least)}"

    def passes(self, work: Work) -> CheckResult:
        """Compares the score that the hidden test has shown."""
        if work.hidden is None:
            return CheckResult(False, "", "The hidden test is made when you hand in.")
        advice = (
            "A score that is not better by more than chance leaves the one before; a net that generalizes raises it."
        )
        return _compare(work.hidden, self.at_least, "hidden samples", advice, "Of your best net so far, ")


class Parameters(Check):
    """The net is small."""

    title: ClassVar = "Number of parameters"
    kind: Literal["parameters"] = "parameters"
    at_most: Annotated[int, Field(ge=1, le=10**9, title="Parameters", description="The most it may have.")] = 100_000

    @property
    def label(self) -> str:
        """The most that it may have.

        >>> Parameters(at_most=100_000).label
        '≤ 100,000 parameters'
        """
        return f"≤ {count_label(self.at_most, 'parameter')}"

    def passes(self, work: Work) -> CheckResult:
        """Counts the trainable parameters."""
        found = count_label(work.parameters, "parameter")
        if work.parameters <= self.at_most:
            return CheckResult(
                True, f"{work.parameters:,}", f"The net has {found}; up to {self.at_most:,} are allowed."
            )
        largest = max(iter_steps(work.steps), key=lambda step: 0 if step.stacks else step.parameters)
        number = ".".join(str(place + 1) for place in largest.path)
        return CheckResult(
            False,
            f"{work.parameters:,}",
            f"The net has {found}, {work.parameters - self.at_most:,} more than the {self.at_most:,} allowed. Most of"
            f" them, {largest.parameters:,}, are in layer {number}, {largest.layer.kind}: make what goes into it"
            " smaller, or give it fewer outputs.",
        )


def _known_layers(text: str) -> str:
    if not any(_is_kind(kind, text) for kind in PALETTE):
        raise ValueError(f"There is no layer called “{text[:40]}”. Write it as torch does: BatchNorm2d, or BatchNorm.")
    return text


def _is_kind(kind: str, name: str) -> bool:
    """Returns whether a layer kind has a name, or has it for some number of axes.

    >>> _is_kind("BatchNorm2d", "BatchNorm"), _is_kind("BatchNorm2d", "BatchNorm1d"), _is_kind("Conv2d", "Con")
    (True, False, False)
    """
    return name in (kind, kind.removesuffix("d").rstrip("123"))


class UsesLayer(Check):
    """The net has a layer of some kind."""

    title: ClassVar = "A layer that must be used"
    kind: Literal["uses-layer"] = "uses-layer"
    layer: Annotated[
        str,
        AfterValidator(_known_layers),
        Field(title="Layer", description="As torch calls it, such as BatchNorm2d; or BatchNorm for all its kinds."),
    ] = "BatchNorm"

    @property
    def label(self) -> str:
        """What the net must have."""
        return f"uses {self.layer}"

    def passes(self, work: Work) -> CheckResult:
        """Looks for such a layer, in blocks, too."""
        kinds = [layer.kind for _, layer in work.architecture.iter_layers()]
        found = sum(_is_kind(kind, self.layer) for kind in kinds)
        if found:
            return CheckResult(True, str(found), f"The net has {count_label(found, f'{self.layer} layer')}.")
        have = ", ".join(dict.fromkeys(kinds)) or "none"
        return CheckResult(False, "none", f"The net has no {self.layer}; its layers are: {have}. Add one.")


class ShapeAfter(Check):
    """The samples have some shape behind a layer."""

    title: ClassVar = "Shape after a layer"
    kind: Literal["shape-after"] = "shape-after"
    layer: Annotated[int, Field(ge=1, le=500, title="Layer", description="Its number in the net, from 1.")] = 1
    shape: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        BeforeValidator(lambda shape: (shape,) if isinstance(shape, int) else shape),  # as a form reads one number
        Field(strict=False, min_length=1, max_length=4, title="Shape", description="Such as 10 × 22 × 4."),
    ] = (10, 22, 4)

    @property
    def label(self) -> str:
        """The shape asked for.

        >>> ShapeAfter(layer=2, shape=(10, 22, 4)).label
        'shape after layer 2 is 10 × 22 × 4'
        """
        return f"shape after layer {self.layer} is {format_shape(self.shape)}"

    def passes(self, work: Work) -> CheckResult:
        """Compares the shape of one sample."""
        if len(work.architecture.layers) < self.layer:
            count = count_label(len(work.architecture.layers), "layer")
            return CheckResult(False, count, f"The net has {count}, so there is no layer {self.layer}. Add layers.")
        if len(work.steps) < self.layer or (shape := work.steps[self.layer - 1].output_shape) is None:
            reason = work.steps[-1].error
            return CheckResult(False, "does not fit", f"No sample gets through layer {self.layer}. {reason}")
        kind, found, wanted = work.steps[self.layer - 1].layer.kind, format_shape(shape), format_shape(self.shape)
        if shape == self.shape:
            return CheckResult(True, found, f"Behind layer {self.layer}, {kind}, a sample is {found}.")
        return CheckResult(
            False,
            found,
            f"Behind layer {self.layer}, {kind}, a sample is {found}, not {wanted}. The Shapes page shows which"
            " parameters give a wanted size.",
        )


class OneChange(Check):
    """The work differs from the start in one thing, so that it is known what the change brought."""

    title: ClassVar = "One change against the start"
    kind: Literal["one-change"] = "one-change"

    @property
    def label(self) -> str:
        """What is asked for."""
        return "one change against the start"

    def passes(self, work: Work) -> CheckResult:
        """Counts the differences of net, data and settings; another seed is none."""
        labels = [each.label for each in find_differences(work.baseline, work.setup) if each.aspect != Aspect.SEED]
        if len(labels) == 1:
            return CheckResult(True, labels[0], f"Exactly one thing differs from the start: {labels[0]}.")
        if not labels:
            return CheckResult(False, "no change", "Nothing differs from the start. Change one thing.")
        return CheckResult(
            False,
            f"{len(labels)} changes",
            f"{len(labels)} things differ from the start: {'; '.join(labels)}. Keep one of them, and take the others"
            " back.",
        )


def _compare(accuracy: Accuracy, at_least: float, samples: str, advice: str, whose: str = "") -> CheckResult:
    """Returns whether an accuracy is high enough, with the numbers; counted in samples, so that no rounding decides."""
    needed = math.ceil(at_least * accuracy.samples - 1e-9)
    low, high = accuracy.interval
    found = (
        f"{whose}{accuracy.correct:,} of {accuracy.samples:,} {samples} are right: {accuracy.share:.3f}, 95 % interval"
        f" {low:.3f} to {high:.3f}"
    )
    if accuracy.correct >= needed:
        return CheckResult(True, f"{accuracy.share:.3f}", f"{found}; {format_share(at_least)} is asked for.")
    return CheckResult(
        False,
        f"{accuracy.share:.3f}",
        f"{found}. For {format_share(at_least)} it takes {needed - accuracy.correct:,} more. {advice}",
    )


CHECKS: dict[str, type[Check]] = {
    "validation-accuracy": ValidationAccuracy,
    "hidden-accuracy": HiddenAccuracy,
    "parameters": Parameters,
    "uses-layer": UsesLayer,
    "shape-after": ShapeAfter,
    "one-change": OneChange,
}
"""Every kind of check by its name; a new one is a class and a line here."""

if TYPE_CHECKING:
    AnyCheck = Check
else:
    AnyCheck = Annotated[Union[tuple(CHECKS.values())], Field(discriminator="kind")]  # noqa: UP007 (built at run time)
    """A check of any kind, which pydantic tells by its `kind`."""
