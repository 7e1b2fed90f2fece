"""A verdict on a run, and the runs that it suggests."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.architecture import Architecture
from cnnviz.errors import TrainingError
from cnnviz.insight.run_summary import RunSummary
from cnnviz.search.variant import Choices, build_variant
from cnnviz.training.config import TrainConfig


@dataclass(frozen=True)
class SuggestedRun:
    """Net and settings of a run to try next, with a label that says what is changed."""

    label: str
    architecture: Architecture
    config: TrainConfig


@dataclass(frozen=True)
class Verdict:
    """Finding about a run, based on its numbers, and what to try next."""

    title: str
    text: str
    suggestion: str = ""
    suggested_runs: tuple[SuggestedRun, ...] = ()
    """The first is to be tried first."""
    is_good: bool = False
    kind: str = ""
    """Name of the rule that found it, in `VERDICT_RULES`; or early, or fine."""


def change_settings(run: RunSummary, label: str, **changes: object) -> tuple[SuggestedRun, ...]:
    """Returns the run with some of its settings changed; empty if that changes nothing or a value is out of bounds."""
    try:
        config = run.config.changed(**changes)
    except TrainingError:
        return ()
    return (SuggestedRun(label, run.architecture, config),) if config != run.config else ()


def change_learning_rate(run: RunSummary, factor: float) -> tuple[SuggestedRun, ...]:
    """Returns the run with its learning rate multiplied by `factor`; empty if the result is out of bounds."""
    rate = float(f"{run.config.learning_rate * factor:.2g}")
    return change_settings(run, f"Learning rate {rate:g}", learning_rate=rate)


def normalize_values(run: RunSummary) -> tuple[SuggestedRun, ...]:
    """Returns the run with normalized values; empty if they are normalized already."""
    return change_settings(run, "Normalize the values", normalization="global") if run.has_raw_values else ()


def change_architecture(run: RunSummary, *edits: tuple[str, Choices]) -> tuple[SuggestedRun, ...]:
    """Returns the run with each of the edited nets; an edit that changes nothing is left out."""
    # BatchNorm needs a variance, which a batch of one sample does not have
    allowed_edits = (edit for edit in edits if edit[1].normalization is None or run.config.batch_size > 1)
    edited_designs = ((label, build_variant(run.architecture, choices)) for label, choices in allowed_edits)
    return tuple(
        SuggestedRun(label, design, run.config) for label, design in edited_designs if design != run.architecture
    )
