"""When the runs of a device will have ended or get their turn: worked out for all of them at once."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from cnnviz.runs.admission import Turn


@dataclass(frozen=True)
class Forecast:
    """What is to come on a device, at one moment."""

    seconds_to_end: dict[str, float | None]
    """For each run that has begun, the seconds until it will have ended; None where that is unknown."""
    ends: list[float]
    """The known ones of these, sorted."""
    places: dict[str, int]
    """For each run that waits for its first turn, how many wait before it."""

    @classmethod
    def of(cls, turns: Iterable[Turn], waiting: Sequence[str]) -> "Forecast":
        """Works it out for the runs that take turns and those that wait for their first, in their order.

        It takes n log n steps for n runs. All that take turns share the device equally: one with less work than another
        delays it by all of that, one with more, or with unknown work, by as much as the other's own.
        """
        seconds_left = {turn.run.id: turn.seconds_left for turn in turns}
        known = sorted(left for left in seconds_left.values() if left is not None)
        sums = [0.0, *accumulate(known)]

        def seconds_to_end(own: float | None) -> float | None:
            if own is None:
                return None
            less = bisect_left(known, own)
            return sums[less] + own * (len(seconds_left) - less)

        places = {run_id: place for place, run_id in enumerate(waiting)}
        to_end = {run_id: seconds_to_end(left) for run_id, left in seconds_left.items()}
        return cls(to_end, sorted(end for end in to_end.values() if end is not None), places)

    def seconds_left(self, run_id: str) -> float | None:
        """Returns the seconds until a run that takes turns will have ended, or a waiting one gets its turn.

        None if unknown. Each run that waits takes the place of one that ends.
        """
        if run_id in self.seconds_to_end or run_id not in self.places:
            return self.seconds_to_end.get(run_id)
        if not self.ends:
            return None
        rounds, position = divmod(self.places[run_id], len(self.ends))
        return self.ends[position] + rounds * self.ends[-1]

    def knows(self, run_id: str) -> bool:
        """Returns whether a run was in turn or waiting at that moment."""
        return run_id in self.seconds_to_end or run_id in self.places
