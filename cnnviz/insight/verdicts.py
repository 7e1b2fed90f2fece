"""What a teacher would say about a run, judging by its numbers, and what to try next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cnnviz.insight.intervals import describe_accuracy
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdict import Verdict, change_architecture, change_learning_rate, normalize_values
from cnnviz.insight.verdict_rules.ending import find_ended_by_patience, find_still_improving
from cnnviz.insight.verdict_rules.fit import find_overfitting, find_underfitting
from cnnviz.insight.verdict_rules.goal_and_test import find_goal_reached, find_test_below_validation
from cnnviz.insight.verdict_rules.steps import (
    find_guessing,
    find_too_high_rate,
    find_too_low_rate,
    find_unnormalized_guessing,
    find_vanishing_gradients,
)
from cnnviz.search.variant import Choices
from cnnviz.training.end_reason import EndReason

MIN_EPOCHS = 3
"""Epochs a run needs before anything can be said about it."""
EARLY, FINE = "early", "fine"
"""Kinds of the verdicts that no rule finds: too few epochs, and no fault."""


@dataclass(frozen=True)
class VerdictRule:
    """Function that looks for one symptom in a run, and the names of the rules to skip when it finds it."""

    find: Callable[[RunSummary], Verdict | None]
    suppressed_rules: frozenset[str] = frozenset()


_ENDINGS = frozenset({"patience", "improving"})
_LESSER_RULES = frozenset({"under-fitting", "too-low", "guessing"}) | _ENDINGS
VERDICT_RULES: dict[str, VerdictRule] = {
    "reached": VerdictRule(find_goal_reached),
    "test-below": VerdictRule(find_test_below_validation),
    "not-normalized": VerdictRule(find_unnormalized_guessing, _LESSER_RULES | {"too-high", "vanishing"}),
    "too-high": VerdictRule(find_too_high_rate, _LESSER_RULES),
    "vanishing": VerdictRule(find_vanishing_gradients, _LESSER_RULES),
    "over-fitting": VerdictRule(find_overfitting, _LESSER_RULES - {"improving"}),
    "too-low": VerdictRule(find_too_low_rate, _LESSER_RULES),
    "guessing": VerdictRule(find_guessing, _LESSER_RULES),
    "under-fitting": VerdictRule(find_underfitting, _LESSER_RULES),
    "patience": VerdictRule(find_ended_by_patience),
    "improving": VerdictRule(find_still_improving),
}
"""Every rule by name, in the order in which verdicts are shown."""


def find_verdicts(run: RunSummary) -> tuple[Verdict, ...]:
    """Returns the verdicts on a run, the most important first; never empty."""
    diverged = _divergence(run)
    if diverged:
        return (diverged,)
    if run.epochs < MIN_EPOCHS:
        text = f"The curves can be judged once there are {MIN_EPOCHS} epochs."
        return (Verdict("Too early to say", text, kind=EARLY),)
    verdicts: list[Verdict] = []
    suppressed: set[str] = set()
    for name, rule in VERDICT_RULES.items():
        if name not in suppressed and (verdict := rule.find(run)):
            verdicts.append(replace(verdict, kind=name))
            suppressed |= rule.suppressed_rules
    return tuple(verdicts) or (_nothing_stands_out(run),)


def _divergence(run: RunSummary) -> Verdict | None:
    if run.end_reason is not EndReason.DIVERGED:
        return None
    return Verdict(
        "The learning rate is too high",
        run.message,
        suggested_runs=(*change_learning_rate(run, 0.1), *normalize_values(run)),
        kind="too-high",
    )


def _nothing_stands_out(run: RunSummary) -> Verdict:
    accuracy = run.validation_accuracy[: run.epochs]
    so_far = "" if run.has_ended else " so far"
    text = (
        f"The curves show no fault{so_far}. Validation accuracy is {accuracy[-1]:.3f} in the last epoch and"
        f" {describe_accuracy(float(accuracy.max()), run.validation_size)} at best."
    )
    train = float(run.train_accuracy[run.epochs - 1])
    if not run.has_ended or train >= run.goal:
        suggestion = "Another architecture may do better: compare a deeper and a wider one on the Runs page, or start a"
        return Verdict("Nothing stands out", text, f"{suggestion} search.", kind=FINE)
    return Verdict(
        "Nothing stands out",
        f"{text} Training accuracy is {train:.3f}, not much more: the net could still learn more from them.",
        "A wider or deeper net, or a search on the Runs page.",
        change_architecture(run, ("Twice as wide", Choices(width=2.0))),
        kind=FINE,
    )
