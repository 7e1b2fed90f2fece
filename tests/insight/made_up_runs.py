"""Forty runs with made-up curves, each with the verdict that a teacher gives on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np

from cnnviz.insight.run_summary import Floats, RunSummary
from cnnviz.layers import Sigmoid
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from tests.insight.trained_run import mlp

LAB = PRESETS["lab-convnet"].architecture
PARTS = (8000, 1000, 1000)
TEN, WORDS = log(10), log(35)


@dataclass(frozen=True)
class Case:
    """A run, and the kinds of verdict that a teacher gives."""

    run: RunSummary
    expected: frozenset[str]
    """Each of them must be said."""
    also: frozenset[str] = frozenset()
    """May be said as well."""


def curve(first: float, last: float, epochs: int = 20, pace: float = 0.3, jitter: float = 0.003) -> Floats:
    """A curve that goes from its first value to its last, fast at first; a small pace makes it a nearly straight line.

    It trembles by `jitter`, always in the same way.
    """
    progress = -np.expm1(-pace * np.arange(epochs)) / -np.expm1(-pace * (epochs - 1))
    tremble = np.sin(2.1 * np.arange(epochs) + first) * jitter
    return np.asarray(first + (last - first) * progress + tremble)


def joined(*parts: Sequence[float] | Floats) -> Floats:
    return np.concatenate([np.asarray(part, float) for part in parts])


def run(
    train_accuracy: Floats, validation_accuracy: Floats, train_loss: Floats, validation_loss: Floats, **more: Any
) -> RunSummary:
    """A run of ten classes with curves, at most 1; `more` are settings of it or fields of the summary."""
    settings = {name: more.pop(name) for name in list(more) if name in TrainConfig.model_fields}
    return RunSummary(
        **{
            "architecture": LAB,
            "config": TrainConfig(**{"epochs": len(train_loss)} | settings),
            "train_accuracy": np.clip(train_accuracy, 0, 1),
            "validation_accuracy": np.clip(validation_accuracy, 0, 1),
            "train_loss": np.maximum(train_loss, 1e-4),
            "validation_loss": np.maximum(validation_loss, 1e-4),
            "classes": 10,
            "part_sizes": PARTS,
        }
        | more
    )


def guessing(loss: Floats, classes: int, **more: Any) -> RunSummary:
    """A run with this training loss, which answers no better than by chance."""
    chance = np.full(len(loss), 1 / classes)
    return run(chance, chance, loss, loss + 0.002, classes=classes, **more)


def layers(values: dict[str, float], epochs: int = 20) -> dict[str, Floats]:
    return {name: np.full(epochs, value) for name, value in values.items()}


LEARNED = (curve(2.0, 0.30), curve(2.0, 0.42))
"""Losses of a healthy run that has settled."""
DEEP = mlp(*[32] * 6, act=Sigmoid)
STOPPED_EARLY = {"end_reason": EndReason.EARLY_STOPPING, "message": "Ended early."}
GROWING = (curve(0.2, 0.77, pace=0.05), curve(0.2, 0.75, pace=0.05), curve(2.2, 0.7, pace=0.05))


def cases() -> dict[str, Case]:
    """The forty runs by what they are."""
    return {
        name: Case(summary, frozenset(expected.split()), frozenset(also.split()))
        for name, (summary, expected, also) in (
            HEALTHY | OVERFITTING | UNDERFITTING | RATES | IMPROVING | PATIENCE | GUESSING | TESTS
        ).items()
    }


Stated = dict[str, tuple[RunSummary, str, str]]

HEALTHY: Stated = {
    "healthy, goal reached": (
        run(curve(0.3, 0.97), curve(0.3, 0.95), *LEARNED, test_accuracy=0.945),
        "reached",
        "",
    ),
    "healthy, settled below the goal": (run(curve(0.3, 0.88), curve(0.3, 0.86), *LEARNED), "fine", ""),
    "tiny losses that double are no trouble": (
        run(
            curve(0.8, 1.0),
            curve(0.8, 0.98),
            joined(curve(0.5, 0.004, 10), [0.002, 0.004] * 5),
            curve(0.5, 0.07),
        ),
        "reached",
        "",
    ),
    "a gap within the interval of 100 samples": (
        run(curve(0.3, 0.93), curve(0.3, 0.88), *LEARNED, part_sizes=(800, 100, 100)),
        "fine",
        "",
    ),
    "a gap within the interval of 60 samples, goal reached": (
        run(curve(0.3, 0.965), curve(0.3, 0.93), *LEARNED, part_sizes=(480, 60, 60)),
        "reached",
        "",
    ),
    "two epochs": (run(*(joined([0.3, 0.4]),) * 2, *(joined([2.0, 1.6]),) * 2), "early", ""),
}
OVERFITTING: Stated = {
    "the same gap on 5,000 samples": (
        run(curve(0.3, 0.93), curve(0.3, 0.86), *LEARNED, part_sizes=(40000, 5000, 5000)),
        "over-fitting",
        "",
    ),
    "the lab's net, 150 epochs: 0.986 against 0.79": (
        run(
            curve(0.1, 0.986, 150, 0.04),
            curve(0.1, 0.79, 150, 0.06),
            curve(3.5, 0.06, 150, 0.04),
            curve(3.5, 0.85, 150, 0.05),
            classes=35,
            part_sizes=(3080, 385, 385),
        ),
        "over-fitting",
        "",
    ),
    "1.00 against 0.71, and validation creeps up": (
        run(
            curve(0.1, 1.0, 40, 0.2),
            curve(0.1, 0.71, 40, 0.06),
            curve(3.5, 0.01, 40, 0.2),
            curve(3.5, 1.1, 40, 0.06),
            classes=35,
            part_sizes=(3080, 385, 385),
        ),
        "over-fitting",
        "",
    ),
    "validation loss rises": (
        run(
            curve(0.3, 1.0),
            joined(curve(0.3, 0.74, 6), curve(0.74, 0.71, 14)),
            curve(2.0, 0.02),
            joined(curve(2.0, 0.9, 6), curve(0.92, 1.6, 14, 0.05)),
        ),
        "over-fitting",
        "",
    ),
    "validation loss rises after the goal": (
        run(
            curve(0.5, 1.0),
            joined(curve(0.5, 0.93, 6), curve(0.93, 0.92, 14)),
            curve(1.5, 0.005),
            joined(curve(1.5, 0.25, 6), curve(0.26, 0.5, 14, 0.05)),
        ),
        "reached over-fitting",
        "",
    ),
    "a mild gap on 2,000 samples": (
        run(curve(0.3, 0.97), curve(0.3, 0.89), *LEARNED, part_sizes=(16000, 2000, 2000)),
        "over-fitting",
        "",
    ),
    "a gap beside the goal": (
        run(curve(0.3, 1.0), curve(0.3, 0.92), *LEARNED, part_sizes=(16000, 2000, 2000), test_accuracy=0.915),
        "reached",
        "over-fitting",
    ),
    "0.80 on 50 samples": (
        run(curve(0.3, 1.0), curve(0.3, 0.8, jitter=0), *LEARNED, part_sizes=(400, 50, 50)),
        "over-fitting",
        "",
    ),
    "learned by heart, ended by patience": (
        run(curve(0.3, 0.99), curve(0.3, 0.75), *LEARNED, patience=8, **STOPPED_EARLY),
        "over-fitting",
        "patience",
    ),
}
UNDERFITTING: Stated = {
    "0.55 on its own samples": (
        run(curve(0.2, 0.55), curve(0.2, 0.54), curve(2.2, 1.3), curve(2.2, 1.33)),
        "under-fitting",
        "",
    ),
    "0.72 against 0.67 on 100 samples": (
        run(curve(0.2, 0.72), curve(0.2, 0.67), curve(2.2, 0.8), curve(2.2, 0.9), part_sizes=(800, 100, 100)),
        "under-fitting",
        "",
    ),
    "0.60 on its own samples, ended by patience": (
        run(
            curve(0.2, 0.6), curve(0.2, 0.59), curve(2.2, 1.2), curve(2.2, 1.21), patience=5, epochs=60, **STOPPED_EARLY
        ),
        "under-fitting",
        "patience",
    ),
}
RATES: Stated = {
    "the training loss jumps": (
        run(
            joined([0.2], [0.6, 0.45] * 10)[:20],
            joined([0.2], [0.58, 0.44] * 10)[:20],
            joined([2.2], [1.1, 1.6] * 10)[:20],
            joined([2.2], [1.2, 1.6] * 10)[:20],
        ),
        "too-high",
        "",
    ),
    "diverged": (
        run(
            *(joined([0.3, 0.2]),) * 2,
            *(joined([5.0, 90.0]),) * 2,
            end_reason=EndReason.DIVERGED,
            message="It diverged.",
        ),
        "too-high",
        "",
    ),
    "diverged on raw values": (
        run(
            *(joined([]),) * 4,
            end_reason=EndReason.DIVERGED,
            message="It diverged.",
            normalization="none",
            epochs=10,
        ),
        "too-high",
        "not-normalized",
    ),
    "dead after a jump": (
        run(
            joined(curve(0.3, 0.85, 10), [0.1] * 10),
            joined(curve(0.3, 0.83, 10), [0.1] * 10),
            joined(curve(2.0, 0.5, 10), [2.303] * 10),
            joined(curve(2.0, 0.6, 10), [2.303] * 10),
            gradient_norms={"1": joined([0.5] * 10, [0] * 10), "8": joined([0.5] * 10, [0.01] * 10)},
        ),
        "too-high",
        "",
    ),
    "exploded in the first epoch, then dead": (
        guessing(joined([80.0], [2.304] * 19), 10, gradient_norms=layers({"1": 0.0, "8": 0.01}), learning_rate=1.0),
        "too-high",
        "",
    ),
    "huge steps": (
        run(
            curve(0.2, 0.3),
            curve(0.2, 0.29),
            curve(2.6, 2.1),
            curve(2.6, 2.15),
            update_ratios=layers({"1": 0.2, "8": 0.1}),
        ),
        "too-high",
        "",
    ),
    "tiny steps": (
        run(
            curve(0.12, 0.2, pace=0.05),
            curve(0.12, 0.2, pace=0.05),
            curve(2.35, 2.2, pace=0.05),
            curve(2.35, 2.2, pace=0.05),
            update_ratios=layers({"1": 3e-5, "8": 3e-5}),
        ),
        "too-low",
        "improving",
    ),
    "steps so tiny that it still guesses": (
        guessing(
            curve(2.305, 2.302, 8, jitter=0),
            10,
            update_ratios=layers({"1": 2e-6, "8": 2e-6}, 8),
            gradient_norms=layers({"1": 0.1, "8": 0.3}, 8),
        ),
        "too-low",
        "",
    ),
}
IMPROVING: Stated = {
    "ended on its way up": (run(*GROWING, curve(2.2, 0.75, pace=0.05)), "improving", ""),
    "on its way up with a gap": (
        run(
            curve(0.2, 0.78, pace=0.05),
            curve(0.2, 0.7, pace=0.05),
            curve(2.2, 0.7, pace=0.05),
            curve(2.2, 0.95, pace=0.05),
            part_sizes=(16000, 2000, 2000),
        ),
        "improving",
        "over-fitting",
    ),
    "stopped by its student on its way up": (
        run(*GROWING, curve(2.2, 0.75, pace=0.05), epochs=60, end_reason=EndReason.STUDENT),
        "improving",
        "",
    ),
    "it still trains": (run(*GROWING, curve(2.2, 0.75, pace=0.05), epochs=60, has_ended=False), "fine", ""),
}
PATIENCE: Stated = {
    "ended by patience, settled": (
        run(
            curve(0.3, 0.88),
            joined(curve(0.3, 0.86, 14), [0.857] * 6),
            *LEARNED,
            patience=6,
            epochs=80,
            **STOPPED_EARLY,
        ),
        "patience",
        "",
    ),
    "a patience of 2, and the loss still fell": (
        run(
            joined(curve(0.2, 0.7, 18, 0.05), [0.71, 0.72]),
            joined(curve(0.2, 0.69, 18, 0.05), [0.68, 0.685]),
            curve(2.2, 0.8, pace=0.05),
            curve(2.2, 0.85, pace=0.05),
            patience=2,
            epochs=80,
            **STOPPED_EARLY,
        ),
        "patience",
        "",
    ),
}
GUESSING: Stated = {
    "raw values, ln(35) from the start": (
        guessing(np.full(20, WORDS + 0.01), 35, normalization="none", gradient_norms=layers({"1": 0.0, "8": 0.02})),
        "not-normalized",
        "",
    ),
    "raw values, exploded, then ln(35)": (
        guessing(
            joined([1e4], [WORDS + 0.02] * 19), 35, normalization="none", gradient_norms=layers({"1": 0.0, "8": 0.02})
        ),
        "not-normalized",
        "",
    ),
    "normalized, ln(10), and no sign why": (
        guessing(
            np.full(20, TEN + 0.003),
            10,
            update_ratios=layers({"1": 1e-3, "8": 1e-3}),
            gradient_norms=layers({"1": 0.1, "8": 0.3}),
        ),
        "guessing",
        "",
    ),
    "six sigmoid layers, ln(10)": (
        replace(
            guessing(np.full(20, TEN + 0.001), 10),
            architecture=DEEP,
            gradient_norms=layers({"2": 1e-7, "4": 1e-6, "14": 0.05}),
            update_ratios=layers({"2": 1e-6, "4": 1e-5, "14": 1e-2}),
        ),
        "vanishing",
        "",
    ),
}
TESTS: Stated = {
    "goal reached, the test falls": (
        run(curve(0.3, 0.93), curve(0.3, 0.905), *LEARNED, part_sizes=(8000, 1000, 1000), test_accuracy=0.85),
        "reached test-below",
        "",
    ),
    "goal reached by speaker, the test falls by 0.05": (
        run(
            curve(0.3, 0.94),
            curve(0.3, 0.91),
            *LEARNED,
            part_sizes=(3080, 385, 385),
            test_accuracy=0.86,
            split_kind="speaker",
        ),
        "reached test-below",
        "",
    ),
    "short of the goal by speaker, the test falls far": (
        run(
            curve(0.3, 0.86),
            curve(0.3, 0.82),
            *LEARNED,
            part_sizes=(4000, 500, 500),
            test_accuracy=0.7,
            split_kind="speaker",
        ),
        "test-below",
        "",
    ),
    "0.88 and 0.84 on 50 samples": (
        run(curve(0.3, 0.89), curve(0.3, 0.88), *LEARNED, part_sizes=(400, 50, 50), test_accuracy=0.84),
        "fine",
        "test-below",
    ),
}
