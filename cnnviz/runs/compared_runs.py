"""Stored runs as their comparison needs them: by net and settings, with what they reached and where they started."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from cnnviz.insight.change_tree import ChangeNode, ComparedRun, SeedGroup, build_change_tree
from cnnviz.insight.seed_question import SeedAnswer, seed_answer
from cnnviz.insight.single_differences import Setup, without_seed
from cnnviz.runs.run import LR_FINDER_RUN, Run, Status
from cnnviz.runs.store import Store

CACHED_RUNS = 4096
"""Runs whose numbers of validation samples are kept in memory."""


def run_setup(run: Run) -> Setup:
    """Returns net and settings of a run."""
    return Setup(run.architecture, run.config)


def compare_run(run: Run, store: Store) -> ComparedRun:
    """Returns a run with what it reached, if it was trained to its end."""
    is_done = run.status == Status.DONE
    accuracy, samples = (run.score.accuracy, _validation_samples(run.id, store)) if is_done else (None, 0)
    return ComparedRun(run.id, run_setup(run), run.created, accuracy, samples, run.parent)


@lru_cache(CACHED_RUNS)
def _validation_samples(run_id: str, store: Store) -> int:
    """Returns the number of validation samples of a run that is done, which changes no more; 0 where unknown."""
    parts = store.facts(run_id).parts
    return parts[1] if parts else 0


def runs_by_setup(runs: Iterable[Run]) -> dict[Setup, list[Run]]:
    """Returns the trainings among some runs by their net and settings without the seed, oldest first."""
    groups: dict[Setup, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.created):
        if run.kind != LR_FINDER_RUN:
            groups.setdefault(without_seed(run_setup(run)), []).append(run)
    return groups


def runs_of_setup(setup: Setup, mine: Iterable[Run]) -> list[Run]:
    """Returns the trainings of this net with these settings, whatever their seed, oldest first."""
    of_data = (run for run in mine if run.config.dataset == setup.config.dataset)
    return runs_by_setup(of_data).get(without_seed(setup), [])


def change_before(seeds: SeedGroup, mine: Sequence[Run], store: Store) -> ChangeNode | None:
    """Returns the runs that some seeds started from, and what was changed; None where that is not known."""
    ids = {run.id for run in seeds.runs}
    parent_id = next((run.parent for run in seeds.runs if run.parent and run.parent not in ids), None)
    parent = next((run for run in mine if run.id == parent_id), None)
    if parent is None:
        return None
    earlier = [compare_run(run, store) for run in runs_of_setup(run_setup(parent), mine)]
    nodes = build_change_tree((*earlier, *seeds.runs))
    return next((node for node in nodes if node.parent and node.group.runs[0].id == seeds.runs[0].id), None)


def decided_answer(run: Run, store: Store) -> SeedAnswer | None:
    """Returns what the runs of this net and settings say about the change that led to them, if that is decided."""
    mine = store.runs_of(run.owner)
    seeds = SeedGroup(tuple(compare_run(seed, store) for seed in runs_of_setup(run_setup(run), mine)))
    node = change_before(seeds, mine, store) if seeds.runs else None
    if node is None or node.parent is None:
        return None
    samples = min(node.parent.validation_samples, seeds.validation_samples)
    return seed_answer(node.parent.accuracies, seeds.accuracies, samples)
