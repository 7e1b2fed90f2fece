import numpy as np
from hypothesis import given
from sklearn.metrics import f1_score, precision_score, recall_score

from cnnviz.insight.confusion import (
    class_metrics,
    confusion_counts,
    least_confident_hits,
    most_confident_mistakes,
    samples_in_cell,
    top_classes,
)
from cnnviz.insight.predictions import Predictions
from tests.insight.predictions import any_predictions


@given(any_predictions)
def test_every_sample_is_in_the_cell_of_its_class_and_answer(predictions: Predictions) -> None:
    counts = confusion_counts(predictions)
    assert counts.shape == (len(predictions.classes),) * 2
    seen = []
    for right in range(len(counts)):
        for answer in range(len(counts)):
            rows = samples_in_cell(predictions, right, answer)
            assert len(rows) == counts[right, answer]
            assert (predictions.y[rows] == right).all()
            assert (predictions.predicted[rows] == answer).all()
            assert (np.diff(predictions.probabilities[rows, answer]) <= 0).all(), "the surest first"
            seen += rows.tolist()
    assert sorted(seen) == list(range(len(predictions.y)))


@given(any_predictions)
def test_scores_are_those_of_scikit_learn(predictions: Predictions) -> None:
    result, labels = class_metrics(predictions), range(len(predictions.classes))
    about = {"labels": labels, "average": None, "zero_division": 0}
    truth = predictions.y, predictions.predicted
    assert np.array_equal(result.precision, precision_score(*truth, **about))
    assert np.array_equal(result.recall, recall_score(*truth, **about))
    assert np.array_equal(result.f1, f1_score(*truth, **about))
    assert np.array_equal(result.support, np.bincount(predictions.y, minlength=len(labels)))


@given(any_predictions)
def test_mistakes_and_hits_are_all_there_in_their_order(predictions: Predictions) -> None:
    sure = predictions.probabilities.max(axis=1)
    wrong, right = most_confident_mistakes(predictions), least_confident_hits(predictions)
    assert (predictions.y[wrong] != predictions.predicted[wrong]).all()
    assert (predictions.y[right] == predictions.predicted[right]).all()
    assert len(wrong) + len(right) == len(predictions.y)
    assert (np.diff(sure[wrong]) <= 0).all()
    assert (np.diff(sure[right]) >= 0).all()


def test_the_likeliest_classes_come_with_their_probabilities() -> None:
    predictions = Predictions(np.array([[0.1, 0.6, 0.3]], np.float32), np.array([2]), ("a", "b", "c"))
    assert [(number, round(share, 5)) for number, share in top_classes(predictions, 0, limit=2)] == [(1, 0.6), (2, 0.3)]


def test_predictions_come_back_from_their_file() -> None:
    from safetensors.numpy import load  # noqa: PLC0415

    predictions = Predictions(np.array([[0.25, 0.75]], np.float32), np.array([1]), ("a", "b"))
    result = load(predictions.to_bytes())
    assert result["probabilities"].tolist() == [[0.25, 0.75]]
    assert result["y"].tolist() == [1]
