"""Twenty runs that were really trained, with their curves as stored in real_runs.json.

`python -m tests.insight.real_runs` trains them all again, on the CPU with the built-in data sets, and writes the file:
ten minutes on two cores. The curves differ a little from machine to machine.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from cnnviz.architecture import Architecture
from cnnviz.insight.run_summary import Floats, RunSummary
from cnnviz.layers import BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sigmoid
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from tests.insight.trained_run import mlp, train_run

FILE = Path(__file__).with_name("real_runs.json")
CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
BY_LAYER = ("gradient_norms", "update_ratios")
DIGITS, LAB = PRESETS["digits-convnet"].architecture, PRESETS["lab-convnet"].architecture
BANDS, VOXELS = PRESETS["bands-1d"].architecture, PRESETS["voxels-3d"].architecture
WORDS: dict[str, Any] = {"input_shape": (1, 99, 26), "classes": 35}


def fast_words_net() -> Architecture:
    blocks = [
        layer
        for channels in (32, 64, 64)
        for layer in (
            Conv2d(out_channels=channels, kernel_size=3, padding=1),
            BatchNorm2d(),
            ReLU(),
            MaxPool2d(kernel_size=2, ceil_mode=True),
        )
    ]
    first = Conv2d(out_channels=16, kernel_size=5, stride=2)
    return Architecture(
        input_shape=(1, 99, 26), layers=[first, *blocks, Flatten(), Dropout(p=0.2), Linear(out_features=35)]
    )


ONE_CYCLE: dict[str, Any] = {"optimizer": "Adam", "schedule": "one-cycle", "learning_rate": 4e-3, "batch_size": 32}
WORDS_MLP = mlp(256, act=ReLU, **WORDS)
REAL_RUNS: dict[str, tuple[Architecture, dict[str, Any]]] = {
    "digits, 8 epochs": (DIGITS, {"epochs": 8}),
    "digits, rate 10": (DIGITS, {"epochs": 4, "learning_rate": 10.0}),
    "digits, rate 1e-5": (DIGITS, {"epochs": 6, "learning_rate": 1e-5}),
    "digits, rate 1e-3, 4 epochs": (DIGITS, {"epochs": 4, "learning_rate": 1e-3}),
    "digits, eight sigmoid layers": (mlp(*[32] * 8), {"epochs": 6}),
    "digits, one hidden unit": (mlp(1, act=ReLU), {"epochs": 30}),
    "digits, rate 3": (mlp(64, 64, act=ReLU), {"epochs": 6, "learning_rate": 3.0}),
    "digits, patience 5": (mlp(64, act=ReLU), {"epochs": 100, "learning_rate": 0.05, "patience": 5}),
    "words, raw values, rate 0.05": (
        LAB,
        {"dataset": "words", "normalization": "none", "learning_rate": 0.05, "epochs": 10},
    ),
    "words, the lab's net, 40 epochs": (LAB, {"dataset": "words", "learning_rate": 0.02, "epochs": 40}),
    "words, the lab's net, by speaker": (
        LAB,
        {"dataset": "words", "split_kind": "speaker", "learning_rate": 0.02, "epochs": 25},
    ),
    "words, a fast net": (fast_words_net(), {"dataset": "words", "epochs": 7, **ONE_CYCLE}),
    "words, a fast net, by speaker": (
        fast_words_net(),
        {"dataset": "words", "split_kind": "speaker", "epochs": 7, **ONE_CYCLE},
    ),
    "words, the lab's net, 8 epochs": (LAB, {"dataset": "words", "learning_rate": 0.01, "epochs": 8}),
    "words, the lab's net, rate 1e-4": (LAB, {"dataset": "words", "learning_rate": 1e-4, "epochs": 6}),
    "words, no convolution": (
        WORDS_MLP,
        {"dataset": "words", "optimizer": "Adam", "learning_rate": 1e-3, "epochs": 20},
    ),
    "words, no convolution, rate 2": (WORDS_MLP, {"dataset": "words", "learning_rate": 2.0, "epochs": 8}),
    "words, no convolution, patience 4": (
        WORDS_MLP,
        {"dataset": "words", "optimizer": "Adam", "learning_rate": 3e-4, "epochs": 60, "patience": 4},
    ),
    "words, bands": (
        BANDS,
        {"dataset": "words-bands", "optimizer": "Adam", "learning_rate": 3e-3, "epochs": 12},
    ),
    "words, five sigmoid layers": (
        mlp(*[64] * 5, act=Sigmoid, **WORDS),
        {"dataset": "words", "optimizer": "Adam", "learning_rate": 1e-3, "epochs": 10},
    ),
}
"""Net and settings of each run, by name; what is not named is as in a fresh installation."""


def load_real_runs() -> dict[str, RunSummary]:
    """Returns the curves in the file by name."""
    return {name: _summary(name, stored) for name, stored in json.loads(FILE.read_text()).items()}


def _summary(name: str, stored: dict[str, Any]) -> RunSummary:
    design, settings = REAL_RUNS[name]
    return RunSummary(
        architecture=design,
        config=TrainConfig(**{"dataset": "digits"} | settings),
        end_reason=EndReason(stored["end_reason"]),
        message=stored["message"],
        classes=stored["classes"],
        part_sizes=tuple(stored["part_sizes"]),
        test_accuracy=stored["test_accuracy"],
        split_kind=stored["split_kind"],
        **{curve: np.array(stored[curve]) for curve in CURVES},
        **{values: {layer: np.array(line) for layer, line in stored[values].items()} for values in BY_LAYER},  # type: ignore[arg-type]
    )


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _stored(run: RunSummary) -> dict[str, Any]:
    facts = ("message", "classes", "part_sizes", "test_accuracy", "split_kind")
    return (
        {name: getattr(run, name) for name in facts}
        | {"end_reason": str(run.end_reason)}
        | {curve: _rounded(getattr(run, curve)) for curve in CURVES}
        | {name: {layer: _rounded(line) for layer, line in getattr(run, name).items()} for name in BY_LAYER}
    )


if __name__ == "__main__":
    stored_runs = {}
    for run_name, (architecture, run_settings) in REAL_RUNS.items():
        stored_runs[run_name] = _stored(train_run(architecture, **run_settings))
        lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(content)}" for name, content in stored_runs.items())
        FILE.write_text(f"{{\n{lines}\n}}\n")
