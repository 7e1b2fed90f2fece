"""When the runs of a device will have ended or get their turn: worked out for all of them at once."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from cnnviz.runs.admission import Turn


@dataclass(frozen=True)
class Forecast:
    """What is to come on a device, at one moment."""

    seconds_to_end: dict[str, float | None]
    """For each run that has begun, the seconds until it will have ended; None where that is unknown."""
    places: dict[str, int]
    """For each run that waits for its first turn, how many wait before it: others make room for it soon, whenever they
    end."""
    seconds_to_begin: dict[str, float | None]
    """For each run held until another of its owner has ended, the seconds until then; None where that is unknown."""

    @classmethod
    def of(cls, begun: Iterable[Turn], waiting: Sequence[Turn], held: Sequence[Turn]) -> "Forecast":
        """Works it out for the runs that take turns, those that wait for their first, and those held, in their order.

        It takes n log n steps for n runs. All that take turns share the device equally: one with less work than another
        delays it by all of that, one with more, or with unknown work, by as much as the other's own. Each run held
        takes the place of one of its owner, or of the one with another seed that it waits for.
        """
        turns = list(begun)
        seconds_left = {turn.run.id: turn.seconds_left for turn in turns}
        known = sorted(left for left in seconds_left.values() if left is not None)
        sums = [0.0, *accumulate(known)]

        def seconds_to_end(own: float | None) -> float | None:
            if own is None:
                return None
            less = bisect_left(known, own)
            return sums[less] + own * (len(seconds_left) - less)

        to_end = {run_id: seconds_to_end(left) for run_id, left in seconds_left.items()}
        ends_of = defaultdict[str, list[float]](list)
        for turn in turns:
            for group in (turn.run.owner, turn.run.seed_group):
                if group and (end := to_end[turn.run.id]) is not None:
                    ends_of[group].append(end)
        for ends in ends_of.values():
            ends.sort()
        held_before, to_begin = Counter[str](), dict[str, float | None]()
        begun_seeds = {turn.run.seed_group for turn in turns} - {None}
        for turn in held:
            group = turn.run.seed_group if turn.run.seed_group in begun_seeds else None
            to_begin[turn.run.id] = _nth_end(ends_of[group or turn.run.owner], held_before[group or turn.run.owner])
            held_before[group or turn.run.owner] += 1
        return cls(to_end, {turn.run.id: place for place, turn in enumerate(waiting)}, to_begin)

    def seconds_left(self, run_id: str) -> float | None:
        """Returns the seconds until a run that takes turns will have ended, or one that is held begins.

        None if unknown.
        """
        return self.seconds_to_end.get(run_id, self.seconds_to_begin.get(run_id))

    def knows(self, run_id: str) -> bool:
        """Returns whether a run was in turn or waiting at that moment."""
        return run_id in self.seconds_to_end or run_id in self.places or run_id in self.seconds_to_begin


def _nth_end(ends: Sequence[float], n: int) -> float | None:
    """Returns the time of the n-th end, counted from 0, where each run that ends is followed by one like it."""
    if not ends:
        return None
    rounds, position = divmod(n, len(ends))
    return ends[position] + rounds * ends[-1]
