"""Work on an assignment: a net with its settings, and what was measured of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from cnnviz.architecture import Architecture, Step
from cnnviz.architecture.step import trace_shapes
from cnnviz.insight.intervals import describe_accuracy, wilson_interval
from cnnviz.insight.single_differences import Setup
from cnnviz.training.config import TrainConfig
from cnnviz.validation import FrozenModel


class Accuracy(FrozenModel):
    """An accuracy as it was measured: so many right ones of so many samples."""

    correct: Annotated[int, Field(ge=0)]
    samples: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.correct > self.samples:
            raise ValueError("must have no more right samples than samples")
        return self

    @property
    def share(self) -> float:
        """Share of the samples that are right."""
        return self.correct / self.samples

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the accuracy on many more such samples, at 95 % confidence."""
        return wilson_interval(self.correct, self.samples)

    def __str__(self) -> str:
        """Returns the accuracy with its interval.

        >>> str(Accuracy(correct=90, samples=100))
        '0.900 (95 % interval 0.826 to 0.945, 100 samples)'
        """
        return describe_accuracy(self.share, self.samples)


@dataclass(frozen=True)
class Work:
    """What a check looks at: a net with its settings, what it was made from, and its accuracies as far as known."""

    architecture: Architecture
    config: TrainConfig
    baseline: Setup
    """The design and the settings that the assignment starts from."""
    validation: Accuracy | None = None
    """None before the net has been trained."""
    hidden: Accuracy | None = None
    """The student's score on the hidden test; None before anything was handed in, or where there is no such test."""

    @property
    def setup(self) -> Setup:
        """The net and its settings, to be compared with others."""
        return Setup(self.architecture, self.config)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The layers of the net with their shapes, up to and with the first that refuses."""
        return trace_shapes(self.architecture)

    @cached_property
    def parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(step.parameters for step in self.steps)
