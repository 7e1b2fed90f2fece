import numpy as np
from hypothesis import given
from sklearn.metrics import f1_score, precision_score, recall_score

from cnnviz.insight.mistakes import cell, confusion, least_certain, likeliest, scores, worst
from cnnviz.insight.predictions import Predictions
from tests.insight.made import ANY


@given(ANY)
def test_every_sample_is_in_the_cell_of_its_class_and_answer(predictions: Predictions) -> None:
    counts = confusion(predictions)
    assert counts.shape == (len(predictions.classes),) * 2
    seen = []
    for right in range(len(counts)):
        for answer in range(len(counts)):
            rows = cell(predictions, right, answer)
            assert len(rows) == counts[right, answer]
            assert (predictions.y[rows] == right).all()
            assert (predictions.answers[rows] == answer).all()
            assert (np.diff(predictions.probabilities[rows, answer]) <= 0).all(), "the surest first"
            seen += rows.tolist()
    assert sorted(seen) == list(range(len(predictions.y)))


@given(ANY)
def test_scores_are_those_of_scikit_learn(predictions: Predictions) -> None:
    found, labels = scores(predictions), range(len(predictions.classes))
    about = {"labels": labels, "average": None, "zero_division": 0}
    truth = predictions.y, predictions.answers
    assert np.array_equal(found.precision, precision_score(*truth, **about))
    assert np.array_equal(found.recall, recall_score(*truth, **about))
    assert np.array_equal(found.f1, f1_score(*truth, **about))
    assert np.array_equal(found.support, np.bincount(predictions.y, minlength=len(labels)))


@given(ANY)
def test_mistakes_and_hits_are_all_there_in_their_order(predictions: Predictions) -> None:
    sure = predictions.probabilities.max(axis=1)
    wrong, right = worst(predictions), least_certain(predictions)
    assert (predictions.y[wrong] != predictions.answers[wrong]).all()
    assert (predictions.y[right] == predictions.answers[right]).all()
    assert len(wrong) + len(right) == len(predictions.y)
    assert (np.diff(sure[wrong]) <= 0).all()
    assert (np.diff(sure[right]) >= 0).all()


def test_the_likeliest_classes_come_with_their_probabilities() -> None:
    one = Predictions(np.array([[0.1, 0.6, 0.3]], np.float32), np.array([2]), ("a", "b", "c"))
    assert [(number, round(share, 5)) for number, share in likeliest(one, 0, most=2)] == [(1, 0.6), (2, 0.3)]


def test_predictions_come_back_from_their_file() -> None:
    from safetensors.numpy import load  # noqa: PLC0415

    one = Predictions(np.array([[0.25, 0.75]], np.float32), np.array([1]), ("a", "b"))
    found = load(one.to_bytes())
    assert found["probabilities"].tolist() == [[0.25, 0.75]]
    assert found["y"].tolist() == [1]
