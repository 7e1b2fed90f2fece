"""Item table: how the class does at each check, and what its nets confuse."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.submission import Submission, SubmissionStatus


@dataclass(frozen=True)
class Item:
    """One check, over all students who have handed in something that was scored."""

    label: str
    reached: tuple[str, ...]
    """Owners who have reached it."""
    tried: tuple[str, ...]
    """Owners who have handed in, reached or not."""
    median_seconds: float | None
    """Median of the times from a student's first look at the assignment until it was reached."""
    commonest_wrong_value: str
    """What the check found most often where it was not reached, once for each student and value; empty without any."""
    wrong: Mapping[str, str]
    """What it found last in the work of those who have not reached it, by owner."""


def item_table(
    assignment: Assignment, submissions: Sequence[Submission], begun: Mapping[str, float]
) -> tuple[Item, ...]:
    """Returns an item for each check; `begun` says when each student first looked at the assignment."""
    scored = sorted(
        (each for each in submissions if each.status == SubmissionStatus.SCORED), key=lambda each: each.submitted
    )
    results = [(each, each.results(assignment)) for each in scored]
    items = []
    for place, check in enumerate(assignment.checks):
        reached: dict[str, float] = {}
        wrong: dict[str, str] = {}
        wrong_values: defaultdict[str, set[str]] = defaultdict(set)
        for submission, found in results:
            owner, result = submission.owner, found[place]
            if result.reached:
                reached.setdefault(owner, submission.submitted)
            else:
                wrong[owner] = result.value
                wrong_values[owner].add(result.value)
        times = [at - begun[owner] for owner, at in reached.items() if begun.get(owner, at) < at]
        counts = Counter(value for values in wrong_values.values() for value in values if value)
        commonest = min(counts, key=lambda value: (-counts[value], value), default="")
        items.append(
            Item(
                label=check.label,
                reached=tuple(reached),
                tried=tuple(dict.fromkeys(each.owner for each in scored)),
                median_seconds=median(times) if times else None,
                commonest_wrong_value=commonest,
                wrong={owner: value for owner, value in wrong.items() if owner not in reached},
            )
        )
    return tuple(items)


def class_confusion(submissions: Sequence[Submission]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Returns what these nets together make of the validation part: counts (C, C) and the names of the classes.

    Rows are true classes, columns predicted ones. Nothing in it is of a hidden test. Empty without a measured net.
    """
    measured = [each.validation for each in submissions if each.validation and each.validation.cells]
    classes = max((each.classes for each in measured), key=len, default=())
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for result in measured:
        for cell in result.cells:
            if max(cell.true_class, cell.predicted_class) < len(classes):
                counts[cell.true_class, cell.predicted_class] += cell.count
    return counts, classes
