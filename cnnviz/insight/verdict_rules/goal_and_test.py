"""Verdicts on the goal, and on a test accuracy that falls behind that of validation."""

import numpy as np

from cnnviz.insight.intervals import describe_accuracy, exceeds_by_chance
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdict import Verdict
from cnnviz.words import format_share

MIN_TEST_FALL, MIN_CERTAIN_TEST_FALL = 0.05, 0.02
"""Differences of validation and test accuracy that are remarked on: any, and one that is larger than chance makes."""


def find_goal_reached(run: RunSummary) -> Verdict | None:
    """Finds a validation accuracy that reached the goal."""
    epochs_at_goal = np.flatnonzero(run.validation_accuracy[: run.epochs] >= run.goal)
    if not len(epochs_at_goal):
        return None
    best, goal = float(run.validation_accuracy[: run.epochs].max()), format_share(run.goal)
    sentences = [
        f"The goal of {goal} is about validation accuracy, which first reached it in epoch {epochs_at_goal[0] + 1}.",
        f"The best value is {describe_accuracy(best, run.validation_size)}, in epoch {run.best_epoch}.",
    ]
    test = run.test_accuracy
    falls_short = test is not None and test < run.goal
    if test is not None:
        sentences.append(f"The test accuracy of the same weights is {describe_accuracy(test, run.test_size)}.")
    if falls_short:
        sentences.append("That is below the goal.")
    return Verdict(
        f"It reached the goal of {goal}{' on validation, but not on the test' if falls_short else ''}",
        " ".join(sentences),
        "Aim higher than the goal on validation, so that the test reaches it as well."
        if falls_short
        else "Can a net with fewer parameters do the same? The Runs page plots accuracy against cost.",
        is_good=not falls_short,
    )


def find_test_below_validation(run: RunSummary) -> Verdict | None:
    """Finds a test accuracy that is clearly below the validation accuracy of the same weights."""
    if run.test_accuracy is None or not run.best_epoch:
        return None
    validation, test = float(run.validation_accuracy[run.best_epoch - 1]), run.test_accuracy
    fall = validation - test
    sizes = run.validation_size, run.test_size
    known = sizes[0] and sizes[1]
    by_chance = bool(known) and exceeds_by_chance((validation, sizes[0] or 1), (test, sizes[1] or 1))
    if fall < (MIN_CERTAIN_TEST_FALL if known and not by_chance else MIN_TEST_FALL):
        return None
    samples = f"{run.validation_size:,} validation samples" if run.validation_size else "validation samples"
    sentences = [
        f"Validation accuracy of the best epoch is {describe_accuracy(validation, sizes[0])}.",
        f"Test accuracy of the same weights is {describe_accuracy(test, sizes[1])}.",
    ]
    if known:
        sentences.append(
            "So few samples can differ this much by chance."
            if by_chance
            else "The difference is larger than chance alone would make it (95 % interval, Newcombe)."
        )
    sentences.append(
        f"The {samples} were used to choose: the epoch, and perhaps the net and its settings. Their accuracy is"
        " therefore a little too good. The test samples chose nothing."
    )
    if run.split_kind == "speaker":
        sentences.append("The split is by speaker: the test has other voices, and they may be harder ones.")
    return Verdict(
        f"The test accuracy is {fall:.3f} below that of validation",
        " ".join(sentences),
        "Report the test accuracy. Choose among runs by validation alone, and look at the test once, at the end."
        + (" More speakers in the data help most." if run.split_kind == "speaker" else ""),
    )
