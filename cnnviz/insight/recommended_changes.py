"""What advice on a net and verdicts on its run recommend, as trainings to try."""

from functools import lru_cache

from cnnviz.advice import Task, advise
from cnnviz.architecture import Architecture
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.single_differences import Setup
from cnnviz.insight.verdicts import find_verdicts

CACHED_NETS = 256
"""Nets whose mends are kept in memory."""


def recommended_changes(run: RunSummary) -> tuple[Setup, ...]:
    """Returns the trainings that the buttons of verdicts on a run open, then those of the mends of its net."""
    verdicts = find_verdicts(run)
    suggested = (change for verdict in verdicts for change in verdict.suggested_runs)
    task = Task(
        classes=run.classes,
        samples=run.part_sizes[0] if run.part_sizes else None,
        batch_size=run.config.batch_size,
        loss=run.config.loss,
    )
    return (
        *(Setup(change.architecture, change.config) for change in suggested),
        *(Setup(net, run.config) for net in _mended_nets(run.architecture, task)),
    )


@lru_cache(CACHED_NETS)
def _mended_nets(architecture: Architecture, task: Task) -> tuple[Architecture, ...]:
    return tuple(remark.mend.architecture for remark in advise(architecture, task) if remark.mend)
