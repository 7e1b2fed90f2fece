"""The tree of changes: from which run each one started, in what it differs, and what that brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cnnviz.insight.effect import Effect, measure_effect
from cnnviz.insight.single_differences import (
    Aspect,
    Difference,
    Setup,
    find_differences,
    learns_the_same,
    without_seed,
)

CACHED_TREES = 64
"""Trees that are kept in memory: a page that redraws itself asks for the same one again and again."""
MAX_EARLIER = 12
"""Earlier nets among which the closest is looked for, for a run that does not know where it started."""


@dataclass(frozen=True)
class ComparedRun:
    """A run as far as its comparison with others needs it."""

    id: str
    setup: Setup
    created: float
    accuracy: float | None
    """Validation accuracy of its best epoch; None where it was not trained to its end."""
    validation_samples: int = 0
    """Samples that this was measured on; 0 where that is unknown."""
    parent: str | None = None
    """Id of the run that it started from, where that is known."""


@dataclass(frozen=True)
class SeedGroup:
    """Runs that differ in their seeds alone, oldest first."""

    runs: tuple[ComparedRun, ...]

    @property
    def setup(self) -> Setup:
        """Net and settings of the first run; those of the others differ in the seed."""
        return self.runs[0].setup

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The accuracies of the runs that have one."""
        return tuple(run.accuracy for run in self.runs if run.accuracy is not None)

    @property
    def validation_samples(self) -> int:
        """Validation samples of the runs; 0 where unknown."""
        return max(run.validation_samples for run in self.runs)


@dataclass(frozen=True)
class ChangeNode:
    """Runs of one net and settings in the tree, and what was changed to get there."""

    group: SeedGroup
    depth: int = 0
    """Changes that led here from the first run."""
    parent: SeedGroup | None = None
    """Where it started; None for the first run of a tree."""
    is_remembered: bool = False
    """Whether the run knows where it started; otherwise that is the earlier run from which it differs least."""
    differences: tuple[Difference, ...] = ()
    effect: Effect | None = None
    """What the differences brought together; None where one side has no accuracy yet."""


def group_seeds(runs: Sequence[ComparedRun]) -> list[SeedGroup]:
    """Returns the runs in groups that differ in their seeds alone, in the order in which they began."""
    groups: dict[Setup, list[ComparedRun]] = {}
    for run in sorted(runs, key=lambda run: run.created):
        groups.setdefault(without_seed(run.setup), []).append(run)
    return [SeedGroup(tuple(group)) for group in groups.values()]


def compare_groups(before: SeedGroup, after: SeedGroup) -> tuple[tuple[Difference, ...], Effect | None]:
    """Returns the differences of two groups but for their seeds, and what they brought."""
    differences = find_differences(before.setup, after.setup)
    samples = min(before.validation_samples, after.validation_samples)
    effect = measure_effect(before.accuracies, after.accuracies, samples)
    return tuple(difference for difference in differences if difference.aspect != Aspect.SEED), effect


@lru_cache(CACHED_TREES)
def build_change_tree(runs: tuple[ComparedRun, ...], max_differences: float = float("inf")) -> tuple[ChangeNode, ...]:
    """Returns a node for each net with its settings, each followed by what was made of it.

    Runs that learned from other data, or were validated on other samples, begin trees of their own; so does a run that
    does not know where it started, and differs from all earlier ones in more than `max_differences`.
    """
    groups = group_seeds(runs)
    group_of_run = {run.id: place for place, group in enumerate(groups) for run in group.runs}
    parents = [_parent_place(place, groups, group_of_run, max_differences) for place in range(len(groups))]
    children: dict[int | None, list[int]] = {}
    for place, (parent, _) in enumerate(parents):
        children.setdefault(parent, []).append(place)
    nodes: list[ChangeNode] = []
    waiting = [(place, 0) for place in reversed(children.get(None, []))]
    while waiting:
        place, depth = waiting.pop()
        parent, is_remembered = parents[place]
        if parent is None:
            nodes.append(ChangeNode(groups[place]))
        else:
            differences, effect = compare_groups(groups[parent], groups[place])
            nodes.append(ChangeNode(groups[place], depth, groups[parent], is_remembered, differences, effect))
        waiting += [(child, depth + 1) for child in reversed(children.get(place, []))]
    return tuple(nodes)


def find_steps(nodes: Sequence[ChangeNode], before_id: str, after_id: str) -> tuple[ChangeNode, ...]:
    """Returns the single steps of a tree that lead from one run to another, in order; empty if none do.

    The first of them starts at the net and settings of the run `before_id`, the last one leads to those of `after_id`.
    """
    by_run = {run.id: node for node in nodes for run in node.group.runs}
    steps: list[ChangeNode] = []
    node = by_run.get(after_id)
    while node is not None and node.parent is not None:
        steps.insert(0, node)
        if any(run.id == before_id for run in node.parent.runs):
            return tuple(steps)
        node = by_run.get(node.parent.runs[0].id)
    return ()


def _parent_place(
    place: int, groups: Sequence[SeedGroup], group_of_run: dict[str, int], max_differences: float
) -> tuple[int | None, bool]:
    """Returns the place of the group that a group started from, and whether that is known rather than looked for."""
    setup = groups[place].setup
    for run in groups[place].runs:
        parent = group_of_run.get(run.parent) if run.parent else None
        if parent is not None and parent < place and learns_the_same(groups[parent].setup, setup):
            return parent, True
    candidates = [
        earlier
        for earlier in range(place)
        if learns_the_same(groups[earlier].setup, setup)
        and groups[earlier].setup.architecture.input_shape == setup.architecture.input_shape
    ]
    counts = {
        earlier: len(find_differences(groups[earlier].setup, setup)) for earlier in reversed(candidates[-MAX_EARLIER:])
    }
    closest = min(counts, key=lambda earlier: counts[earlier], default=None)  # the latest of those that are as close
    return (closest, False) if closest is not None and counts[closest] <= max_differences else (None, False)
