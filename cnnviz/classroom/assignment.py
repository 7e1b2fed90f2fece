"""Assignment: what students are asked to do, with which data, from which design, until when."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from cnnviz.architecture import Architecture, find_refusing_step
from cnnviz.classroom.checks import AnyCheck, CheckResult
from cnnviz.classroom.work import Accuracy, Work
from cnnviz.errors import CnnvizError, DesignError
from cnnviz.insight.single_differences import Setup
from cnnviz.training.config import TrainConfig
from cnnviz.validation import FrozenModel, describe_error

MAX_TEXT_LENGTH, MAX_TITLE_LENGTH, MAX_CHECKS = 20_000, 80, 20
FIXED_FIELDS = ("design", "config", "checks", "max_epochs", "max_parameters")
"""What nobody can change once something was handed in: it would be measured by other rules than it was made for."""


class AssignmentError(CnnvizError):
    """Raised for work that an assignment does not take, and for a change of an assignment that cannot be made."""


class Assignment(FrozenModel):
    """What students are asked to do; times are in UTC."""

    change_error: ClassVar = AssignmentError

    title: Annotated[str, Field(min_length=1, max_length=MAX_TITLE_LENGTH)]
    text: Annotated[str, Field(max_length=MAX_TEXT_LENGTH)] = ""
    """What to do, in Markdown."""
    design: Architecture
    """The net that students start from."""
    config: TrainConfig
    """The settings that they start from, with the data set and the split that they are to keep."""
    checks: Annotated[tuple[AnyCheck, ...], Field(strict=False, min_length=1, max_length=MAX_CHECKS)]
    max_epochs: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_parameters: Annotated[int, Field(ge=1)] | None = None
    opens: AwareDatetime | None = None
    """None: it is open from the start."""
    deadline: AwareDatetime | None = None
    """None: there is none. What is handed in later is kept beside what was there at that time."""
    submissions_per_hour: Annotated[int, Field(ge=1, le=1000)] = 4

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.opens and self.deadline and self.deadline <= self.opens:
            raise ValueError("The deadline must come after the opening.")
        return self

    @property
    def baseline(self) -> Setup:
        """The design and the settings that it starts from."""
        return Setup(self.design, self.config)

    @property
    def points(self) -> int:
        """Points of all checks."""
        return sum(check.points for check in self.checks)

    def is_open(self, now: float) -> bool:
        """Returns whether students may see it and hand in, at a time in seconds since 1970."""
        return self.opens is None or self.opens.timestamp() <= now

    def work(
        self,
        architecture: Architecture,
        config: TrainConfig,
        validation: Accuracy | None = None,
        hidden: Accuracy | None = None,
    ) -> Work:
        """Returns work on this assignment."""
        return Work(architecture, config, self.baseline, validation, hidden)

    def results(self, work: Work) -> tuple[CheckResult, ...]:
        """Returns what comes of each check, in their order."""
        return tuple(check.passes(work) for check in self.checks)

    def check_work(self, work: Work) -> None:
        """Raises AssignmentError with the reason where this assignment does not take the work, whatever it reaches."""
        for name, title in (("dataset", "data set"), ("split_kind", "split")):
            wanted, found = getattr(self.config, name), getattr(work.config, name)
            if wanted != found:
                raise AssignmentError(
                    f"This run has learned with the {title} “{found}”; the assignment is about “{wanted}”. Press Start"
                    " from the assignment's net, and train that."
                )
        if refused := find_refusing_step(work.steps):
            raise AssignmentError(f"This design does not fit. {refused.error}")
        if self.max_epochs and work.config.epochs > self.max_epochs:
            raise AssignmentError(
                f"This run has {work.config.epochs:,} epochs; the assignment allows {self.max_epochs:,}. Train with"
                " fewer."
            )
        if self.max_parameters and work.parameters > self.max_parameters:
            raise AssignmentError(
                f"This net has {work.parameters:,} parameters; the assignment allows {self.max_parameters:,}. Make it"
                " smaller."
            )

    def check_change(self, later: "Assignment") -> None:
        """Raises AssignmentError where what was handed in would be measured by other rules than it was made for."""
        changed = [name for name in FIXED_FIELDS if getattr(self, name) != getattr(later, name)]
        if changed:
            raise AssignmentError(
                f"Something was handed in already, so {', '.join(name.replace('_', ' ') for name in changed)} cannot"
                " change any more. Text, times and submissions an hour can; or make a copy of the assignment."
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Assignment":
        """Returns the assignment in a JSON text; raises AssignmentError with the reason where it is none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise AssignmentError(describe_error(error, "The assignment")) from None
        except DesignError as error:
            raise AssignmentError(str(error)) from None


def format_time(seconds: float) -> str:
    """Returns a time in seconds since 1970 in UTC, as files have it.

    >>> format_time(0)
    '1970-01-01 00:00:00 UTC'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
