"""A lesson: from when a teacher begins it until its end by the clock, or until a teacher ends it."""

from typing import Annotated

from annotated_types import Len

from cnnviz.validation import FrozenModel

MAX_FIRST_RUNS = 200


class Lesson(FrozenModel):
    """A lesson that was begun, with the runs that go before all others while it lasts."""

    ends: float
    """Seconds since 1970."""
    first_runs: Annotated[tuple[str, ...], Len(max_length=MAX_FIRST_RUNS)] = ()
    """Ids of the runs that a teacher has moved up."""

    def lasts(self, now: float) -> bool:
        """Returns whether it has not ended yet."""
        return now < self.ends
