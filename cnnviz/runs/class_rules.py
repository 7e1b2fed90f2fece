"""What a teacher has set for the class: a message, limits, a lesson, and whether new work is frozen."""

import time
from collections.abc import Mapping
from math import inf
from typing import Annotated, ClassVar

from annotated_types import Len
from pydantic import Field

from cnnviz.architecture import Architecture
from cnnviz.data import DATASETS
from cnnviz.errors import CnnvizError, LimitError
from cnnviz.runs.lesson import Lesson
from cnnviz.table import parameter_count
from cnnviz.training.config import TrainConfig
from cnnviz.validation import FrozenModel

Names = Annotated[tuple[str, ...], Len(max_length=500)]


class ClassRules(FrozenModel):
    """The rules of a class; without any, what the settings of the server allow."""

    change_error: ClassVar[type[CnnvizError]] = LimitError

    message: str = Field("", max_length=500, title="Message to all", description="Shown on top of every page.")
    frozen: bool = Field(
        False, title="Freeze", description="No run begins and nothing is handed in; runs that train go on to their end."
    )
    max_active_runs: int | None = Field(
        None,
        ge=0,
        le=1000,
        title="Runs at a time",
        description="Waiting, running or paused, for each student; empty: no further limit.",
    )
    max_epochs: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Epochs",
        description="The most that a run may have; empty: no further limit.",
    )
    max_parameters: int | None = Field(
        None,
        ge=1,
        le=10**12,
        title="Parameters",
        description="The most that a net may have that is trained; empty: no further limit.",
    )
    idle_minutes: int | None = Field(
        30,
        ge=1,
        le=1440,
        title="Minutes until idle",
        description="While a lesson lasts, the runs of a student who has done nothing for so long are paused until they"
        " do something; empty: they train on.",
    )
    datasets: Names = Field((), title="Data sets", description="Those that can be chosen; none named: all.")
    presets: Names = Field((), title="Nets to start from", description="Those that are offered; none named: all.")
    student_runs: Mapping[str, int] = Field({}, max_length=1000)
    """Runs at a time of single students by owner, in place of those of all."""

    lesson: Lesson | None = None
    """The lesson that was begun last; it may have ended."""

    def present_lesson(self) -> Lesson | None:
        """Returns the lesson that lasts now; None between two."""
        return self.lesson if self.lesson and self.lesson.lasts(time.time()) else None

    def comes_first(self, run_id: str) -> bool:
        """Returns whether a teacher has moved up a run for the lesson that lasts now."""
        lesson = self.present_lesson()
        return lesson is not None and run_id in lesson.first_runs

    def max_idle_seconds(self) -> float:
        """Returns for how long a student may do nothing before their runs wait; infinite where they may for ever."""
        return inf if self.idle_minutes is None or not self.present_lesson() else self.idle_minutes * 60.0

    def run_limit(self, owner: str, server_limit: int) -> int:
        """Returns how many runs this student may have at a time; never more than the server allows."""
        limit = self.student_runs.get(owner, self.max_active_runs)
        return server_limit if limit is None else min(limit, server_limit)

    def offers_dataset(self, name: str) -> bool:
        """Returns whether a data set can be chosen; what students have uploaded is always theirs."""
        return not self.datasets or name in self.datasets or name not in DATASETS

    def offers_preset(self, name: str) -> bool:
        """Returns whether a net is offered to start from."""
        return not self.presets or name in self.presets

    def check_not_frozen(self, what: str = "no run begins just now. Runs that train go on") -> None:
        """Raises LimitError, which says what cannot be done, while the class is frozen."""
        if self.frozen:
            raise LimitError(f"Your teacher has frozen the class: {what}.")

    def check(self, architecture: Architecture, config: TrainConfig) -> None:
        """Raises LimitError with the reason where no run of this design may begin with these settings."""
        self.check_not_frozen()
        if self.max_epochs is not None and config.epochs > self.max_epochs:
            raise LimitError(
                f"Your teacher allows {self.max_epochs:,} epochs a run at present; this one has {config.epochs:,}."
                " Set fewer epochs."
            )
        parameters = parameter_count(architecture)
        if self.max_parameters is not None and parameters > self.max_parameters:
            raise LimitError(
                f"Your teacher allows nets of up to {self.max_parameters:,} parameters at present; this one has"
                f" {parameters:,}. Make it smaller on the Design page."
            )
        if not self.offers_dataset(config.dataset):
            raise LimitError("Your teacher has chosen other data sets for today. Choose one of those on the Data page.")
