"""Wrong labels that are found: 5 % of the labels of the built-in words are replaced by others, drawn at random.

Nets are trained on the words with these labels, each on all folds but one, which it then answers: these are the
out-of-sample probabilities that the page has of a run's test part, here for every sample. Measured is the share of the
replaced labels among as many samples as were replaced, the most doubtful first: precision and recall at once.

A second table is about the labels that a net has learned: it is trained on the training part with its wrong labels, and
each of these samples is judged by the labels of those nearest to it in the last hidden layer.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import StratifiedKFold, train_test_split

from benchmarks.table import table, verdict
from cnnviz.data import DATASETS
from cnnviz.data.content import Content
from cnnviz.data.scaling import fit_scale
from cnnviz.data.splits import take_splits
from cnnviz.inside.embedding import embed
from cnnviz.inside.net_request import NetRequest
from cnnviz.insight.label_issues import find_label_issues
from cnnviz.insight.neighbour_labels import compare_labels
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig
from cnnviz.training.trainer import train

GOAL, REPLACED = 0.8, 0.05
Labels = npt.NDArray[np.int64]


def replace_labels(y: Labels, classes: int, seed: int) -> tuple[Labels, npt.NDArray[np.intp]]:
    """Returns labels of which a share is replaced by others, all of them equally likely, and where these are."""
    random = np.random.default_rng(seed)
    places = np.sort(random.choice(len(y), round(REPLACED * len(y)), replace=False))
    replaced = y.copy()
    replaced[places] = (y[places] + random.integers(1, classes, len(places))) % classes
    return replaced, places


def out_of_fold(content: Content, y: Labels, preset: str, config: TrainConfig, folds: int) -> npt.NDArray[np.float32]:
    """Returns probabilities (N, C): of each sample by a net that was not trained on it."""
    probabilities = np.zeros((len(y), len(content.classes)), np.float32)
    for rest, test in _folds(y, folds, config.seed):
        training, validation = train_test_split(rest, test_size=0.1, stratify=y[rest], random_state=config.seed)
        result = train(
            PRESETS[preset].architecture,
            config,
            take_splits(content.x, y, (training, validation, test)),
            device=torch.device("cpu"),
            emit=lambda points: None,
            should_stop=lambda: False,
        )
        assert result.probabilities is not None  # noqa: S101  (there is a test part)
        probabilities[test] = result.probabilities.numpy()
    return probabilities


def margins_of(probabilities: npt.NDArray[np.float32], y: Labels) -> npt.NDArray[np.float32]:
    """Returns the probability of each label less the greatest one of another class, (N,)."""
    others = probabilities.copy()
    others[np.arange(len(y)), y] = -np.inf
    return probabilities[np.arange(len(y)), y] - others.max(axis=1)


TRAINING_HEADER = (
    "seed",
    "epochs",
    "wrong labels",
    "found in as many",
    "half of neighbours disagree",
    "precision",
    "recall",
)


def training_row(content: Content, preset: str, config: TrainConfig, seed: int) -> tuple[object, ...]:
    """Returns what the neighbours of training samples say about wrong labels among them."""
    y, places = replace_labels(content.y, len(content.classes), seed)
    rows = content.split_indices("random")
    architecture = PRESETS[preset].architecture
    splits = take_splits(content.x, y, rows)
    config = config.changed(seed=seed)
    result = train(
        architecture,
        config,
        splits,
        device=torch.device("cpu"),
        emit=lambda points: None,
        should_stop=lambda: False,
    )
    scale = fit_scale(splits.train.x, config.floor, config.normalization)
    everything = np.arange(len(rows[0]))
    request = NetRequest(architecture, result.weights, scale, splits.train.x)
    embedding = embed(request, method="PCA", drawn=everything[:2], training=everything)
    found = compare_labels(splits.train.y, splits.train.y[embedding.nearest])
    wrong = np.flatnonzero(np.isin(rows[0], places))
    first = np.isin(found.ranking[: len(wrong)], wrong).mean()
    precision, recall = np.isin(found.contradicted, wrong).mean(), np.isin(wrong, found.contradicted).mean()
    disagree = len(found.contradicted)
    return seed, config.epochs, len(wrong), f"{first:.3f}", disagree, f"{precision:.3f}", f"{recall:.3f}"


def _folds(y: Labels, folds: int, seed: int) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    return StratifiedKFold(folds, shuffle=True, random_state=seed).split(y, y)  # type: ignore[no-any-return]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="keywords-residual")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    content = DATASETS["words"].load_content()
    config = TrainConfig(
        optimizer="Adam", learning_rate=0.004, schedule="one-cycle", batch_size=64, epochs=options.epochs
    )
    rows = []
    for seed in range(options.seeds):
        start = time.perf_counter()
        y, places = replace_labels(content.y, len(content.classes), seed)
        probabilities = out_of_fold(content, y, options.preset, config.model_copy(update={"seed": seed}), options.folds)
        issues = find_label_issues(probabilities, y)
        first = np.isin(issues.ranking[: len(places)], places).mean()
        margins = margins_of(probabilities, y)
        by_margin = np.argsort(margins, kind="stable")[: len(places)]
        rows.append(
            (
                seed,
                f"{(probabilities.argmax(1) == content.y).mean():.3f}",
                f"{first:.3f}",
                f"{np.isin(by_margin, places).mean():.3f}",
                len(issues.wrong),
                f"{np.isin(issues.wrong, places).mean():.3f}",
                f"{np.isin(places, issues.wrong).mean():.3f}",
                f"{time.perf_counter() - start:.0f}",
                f"≥ {GOAL}, {verdict(float(first), GOAL, at_least=True)}",
            )
        )
    header = ("seed", "accuracy on the true labels", "found in the first 5 %", "the same by margin")
    more = ("likely wrong", "precision of these", "recall of these", "seconds", "goal for the first 5 %")
    print(table([*header, *more], rows))
    print(
        table(TRAINING_HEADER, [training_row(content, options.preset, config, seed) for seed in range(options.seeds)])
    )


if __name__ == "__main__":
    main()
