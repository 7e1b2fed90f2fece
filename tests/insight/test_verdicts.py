"""Verdicts on runs that really over-fit, under-fit, diverge, vanish or do well, and on whatever curves there may be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, output_shape
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdict import Verdict
from cnnviz.insight.verdicts import VERDICT_RULES, find_verdicts
from cnnviz.layers import ReLU
from cnnviz.presets import PRESETS
from cnnviz.table import parameter_count
from cnnviz.training.config import TrainConfig
from tests.designs import DIVERGING
from tests.insight.trained_run import mlp, train_run

CONVNET = PRESETS["digits-convnet"].architecture
LAB = PRESETS["lab-convnet"].architecture


@pytest.mark.parametrize(
    ("design", "settings", "titles"),
    [
        (CONVNET, {"epochs": 8}, ["It reached the goal"]),
        (CONVNET, {"epochs": 4, "learning_rate": 10.0}, ["The learning rate is too high"]),
        (CONVNET, {"epochs": 4, "learning_rate": 1e-3}, ["It was still improving"]),
        (CONVNET, {"epochs": 4, "learning_rate": 1e-5}, ["The learning rate is too low"]),
        (mlp(*[32] * 8), {"epochs": 6}, ["Gradients vanish in layer 2, Linear"]),
        (mlp(1, act=ReLU), {"epochs": 30}, ["It underfits"]),
        (CONVNET, {"epochs": 4, "learning_rate": 1e-4}, ["The learning rate is too low"]),
        (mlp(64, 64, act=ReLU), {"epochs": 6, "learning_rate": 3.0}, ["The learning rate is too high"]),
        (mlp(*[32] * 5), {"epochs": 6, "optimizer": "Adam", "learning_rate": 1e-3}, ["Gradients vanish in"]),
        (CONVNET, {"epochs": 2}, ["Too early to say"]),
    ],
    ids=["fine", "blown-up", "improving", "too-low", "vanishing", "under-fitting", "low", "dead", "faint", "early"],
)
def test_real_runs_get_the_verdict_that_they_deserve_and_no_other(
    design: Architecture, settings: dict[str, object], titles: list[str]
) -> None:
    story = train_run(design, **settings)
    verdicts = find_verdicts(story)
    titles_found = [
        finding.title for finding in verdicts if finding.title != "It was still improving" or "still" in titles[0]
    ]
    assert len(titles_found) == len(titles)
    for title, expected in zip(titles_found, titles, strict=True):
        assert title.startswith(expected)
    for finding in verdicts:
        for change in finding.suggested_runs:
            assert output_shape(change.architecture) == output_shape(design)
            assert (change.architecture, change.config) != (design, story.config)


def test_a_run_that_diverged_is_told_why_and_gets_a_tenth_of_the_rate() -> None:
    story = train_run(DIVERGING, epochs=3, learning_rate=10.0)
    assert "diverged" in story.message
    (finding,) = find_verdicts(story)
    assert finding.text == story.message
    assert [change.config.learning_rate for change in finding.suggested_runs] == [1.0]


def curves(loss: list[float], train: list[float], accuracy: list[float], train_accuracy: list[float]) -> RunSummary:
    return RunSummary(
        architecture=LAB,
        config=TrainConfig(epochs=len(loss)),
        validation_loss=np.array(loss),
        train_loss=np.array(train),
        validation_accuracy=np.array(accuracy),
        train_accuracy=np.array(train_accuracy),
    )


def test_over_fitting_begins_where_validation_loss_was_lowest() -> None:
    story = curves(
        [2.0, 1.0, 0.8, 0.9, 1.1, 1.3],
        [2.0, 1.0, 0.6, 0.3, 0.1, 0.05],
        [0.4, 0.6, 0.7, 0.7, 0.69, 0.69],
        [0.4] * 5 + [1],
    )
    (finding,) = find_verdicts(story)
    assert finding.title == "It overfits from epoch 3 on"
    assert "0.800" in finding.text
    labels = [change.label for change in finding.suggested_runs]
    assert labels == ["Dropout of 0.4", "Weight decay 0.001", "Half as wide"]  # in the order of the text
    assert finding.suggested_runs[1].config.weight_decay == 0.001


def test_dropout_that_is_stronger_already_is_not_weakened_against_over_fitting() -> None:
    lines = [2.0, 1.0, 0.8, 0.9, 1.1, 1.3], [2.0, 1.0, 0.6, 0.3, 0.1, 0.05]
    story = curves(*lines, [0.4, 0.6, 0.7, 0.7, 0.69, 0.69], [0.4] * 5 + [1])
    strong = replace(story, architecture=LAB.update_layer((6,), p=0.5))
    (finding,) = find_verdicts(strong)
    assert [change.label for change in finding.suggested_runs] == ["Weight decay 0.001", "Half as wide"]


def test_large_steps_that_still_lower_the_loss_are_not_too_large() -> None:
    """The lab's net on words at a rate of 0.02, which leads to 0.78 in 40 epochs, was told after four to try 0.0002."""
    loss, accuracy = [2.7, 2.3, 2.0, 1.85], [0.2, 0.33, 0.41, 0.47]
    ratios = {"1": np.full(4, 0.037), "6": np.full(4, 0.012)}
    (finding,) = find_verdicts(replace(curves(loss, loss, accuracy, accuracy), update_ratios=ratios))
    assert finding.title == "It was still improving"
    stuck = [2.7, 2.3, 2.3, 2.3]
    (too_high,) = find_verdicts(replace(curves(stuck, stuck, [0.2] * 4, [0.2] * 4), update_ratios=ratios))
    assert [change.config.learning_rate for change in too_high.suggested_runs] == [0.001]


def test_against_over_fitting_the_samples_are_moved_first_where_it_is_known_how() -> None:
    lines = [2.0, 1.0, 0.8, 0.9, 1.1, 1.3], [2.0, 1.0, 0.6, 0.3, 0.1, 0.05]
    story = curves(*lines, [0.4, 0.6, 0.7, 0.7, 0.69, 0.69], [0.4] * 5 + [1])
    (sound,) = find_verdicts(replace(story, axes=("channel", "time", "band")))
    (picture,) = find_verdicts(replace(story, axes=("channel", "height", "width")))
    assert [verdict.suggested_runs[0].label for verdict in (sound, picture)] == ["Time shift of 6", "Shift of 2"]
    assert sound.suggested_runs[0].config.augmentation.time_shift == 6
    assert picture.suggested_runs[0].config.augmentation.shift == 2


def test_a_gap_of_an_unknown_number_of_samples_counts_when_it_is_large() -> None:
    """Runs of older versions may not know how many samples there were."""
    flat, train_accuracy = [1.0, 0.5, *[0.4] * 6], [0.5, *[0.99] * 7]
    (large,) = find_verdicts(curves(flat, flat, [0.5, *[0.8] * 7], train_accuracy))
    assert large.title == "It overfits from epoch 2 on"
    assert "interval" not in large.text
    (small,) = find_verdicts(curves(flat, flat, [0.5, *[0.897] * 7], train_accuracy))
    assert small.title == "Nothing stands out"


def overfitting_verdict(run: RunSummary) -> Verdict:
    (verdict,) = [verdict for verdict in find_verdicts(run) if verdict.kind == "over-fitting"]
    return verdict


@pytest.mark.parametrize(
    ("train", "validation", "title"),
    [
        # there from the first epoch on, but validation improves until the fourth
        ([0.7, 0.8, 0.9, *[0.99] * 9], [0.4, 0.5, 0.6, *[0.7] * 9], "It overfits from epoch 4 on"),
        # validation has stopped before the gap is there
        ([0.5, 0.6, 0.7, 0.7, 0.73, 0.8, *[0.99] * 6], [0.5, 0.6, *[0.7] * 10], "It overfits from epoch 6 on"),
        # nothing is gained on validation from the beginning
        ([0.9, *[0.99] * 11], [0.7] * 12, "It overfits from epoch 2 on"),
        (np.linspace(0.5, 1, 12), np.linspace(0.35, 0.7, 12), "It overfits, though validation still improves"),
    ],
)
def test_over_fitting_begins_where_there_is_a_gap_and_validation_no_longer_improves(
    train: list[float], validation: list[float], title: str
) -> None:
    """A gap in the first epoch was called “It overfits from epoch 1 on”; there, no net can overfit yet."""
    loss = list(np.linspace(1, 0.5, 12))
    assert overfitting_verdict(curves(loss, loss, validation, train)).title == title


def test_a_validation_loss_that_only_rises_is_over_fitting_from_the_second_epoch_on() -> None:
    run = curves([0.8, 0.9, 1.0, 1.1, 1.2], [0.7, 0.5, 0.3, 0.2, 0.1], [0.7] * 5, [0.8, 0.9, 1, 1, 1])
    verdict = overfitting_verdict(run)
    assert verdict.title == "It overfits from epoch 2 on"
    assert "lowest in epoch 1" in verdict.text


def labels(run: RunSummary) -> list[str]:
    return [suggested.label for suggested in overfitting_verdict(run).suggested_runs]


@pytest.mark.parametrize(
    ("training_samples", "order"),
    [
        (100, ["Time shift of 6", "Half as wide", "Dropout of 0.4", "Weight decay 0.001"]),
        (3080, ["Time shift of 6", "Dropout of 0.4", "Weight decay 0.001", "Half as wide"]),
        (40_000, ["Time shift of 6", "Dropout of 0.4", "Weight decay 0.001"]),
    ],
    ids=["large net", "usual net", "small net"],
)
def test_a_smaller_net_is_suggested_by_the_parameters_for_each_training_sample(
    training_samples: int, order: list[str]
) -> None:
    run = replace(OVERFITTED, part_sizes=(training_samples, 1000, 1000))
    assert labels(run) == order
    each = parameter_count(LAB) / training_samples
    suggestion = overfitting_verdict(run).suggestion
    assert ("the net is small: a smaller one would hardly help" in suggestion) == (each < 5)
    assert ("a smaller net" in suggestion) == (each > 5)


def test_what_a_run_has_already_against_over_fitting_comes_last_or_not_at_all() -> None:
    config = OVERFITTED.config.changed(weight_decay=0.01).with_augmentation(time_shift=4)
    run = replace(OVERFITTED, config=config, architecture=LAB.update_layer((6,), p=0.5))
    verdict = overfitting_verdict(run)
    assert labels(run) == ["Weight decay 0.1", "Half as wide"]
    assert "In this order: stronger augmentation (on the Data page), more weight decay, a smaller net" in (
        verdict.suggestion
    )
    assert "There is augmentation, dropout of 0.5 and weight decay of 0.01 already." in verdict.suggestion


def test_healthy_curves_below_the_goal_show_no_fault() -> None:
    story = curves([1.0, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0.5] * 8, [0.5, *[0.85] * 7], [0.5, *[0.88] * 7])
    (finding,) = find_verdicts(story)
    assert finding.title == "Nothing stands out"


OVERFITTED = replace(
    curves(
        [2.0, 1.0, 0.8, 0.9, 1.1, 1.3],
        [2.0, 1.0, 0.6, 0.3, 0.1, 0.05],
        [0.4, 0.6, 0.7, 0.7, 0.69, 0.69],
        [0.4] * 5 + [1],
    ),
    axes=("channel", "time", "band"),
)

LINE = st.lists(st.floats(0, 1e6) | st.floats(0, 1), max_size=12)


@given(
    LINE, LINE, st.lists(st.floats(0, 1), max_size=12), st.dictionaries(st.sampled_from("1678"), LINE), st.booleans()
)
def test_whatever_the_curves_there_is_a_verdict_in_words(
    loss: list[float], train: list[float], accuracy: list[float], layers: dict[str, list[float]], over: bool
) -> None:
    values = {name: np.array(line) for name, line in layers.items()}
    story = RunSummary(
        architecture=LAB,
        config=TrainConfig(),
        validation_loss=np.array(loss),
        train_loss=np.array(train),
        validation_accuracy=np.array(accuracy),
        train_accuracy=np.array(accuracy[::-1]),
        gradient_norms=values,
        update_ratios=values,
        has_ended=over,
    )
    verdicts = find_verdicts(story)
    assert verdicts
    for finding in verdicts:
        assert "nan" not in finding.text
        assert finding.text[-1] == "."
        assert all(change.label for change in finding.suggested_runs)
    assert len({finding.title for finding in verdicts}) == len(verdicts) <= len(VERDICT_RULES)
