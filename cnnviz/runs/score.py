"""Score of a run so far: stored with it, so that a list of many runs need not read their points."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cnnviz.training.epoch_score import NO_EPOCH, EpochScore
from cnnviz.training.point import TEST, VALIDATION, Point


@dataclass(frozen=True)
class Score:
    """Last measured epoch, best epoch, and the accuracy on the test part."""

    epoch: int = 0
    best_epoch: int = 0
    """The epoch with the highest validation accuracy, then the lowest loss: the rule by which weights are kept."""
    accuracy: float | None = None
    """Validation accuracy of the best epoch."""
    loss: float | None = None
    """Validation loss of the best epoch."""
    test: float | None = None
    """Test accuracy of the best epoch's weights; None where that epoch was not tested."""

    def with_points(self, points: Iterable[Point]) -> "Score":
        """Returns the score with new points added; the points of one epoch and split must come together."""
        score = self
        validation_metrics: defaultdict[int, dict[str, float]] = defaultdict(dict)
        test_accuracy = {} if self.test is None else {self.best_epoch: self.test}
        for point in points:
            if point.split == VALIDATION:
                validation_metrics[point.epoch][point.metric] = point.value
            elif point.split == TEST and point.metric == "accuracy":
                test_accuracy[point.epoch] = point.value
        for epoch, metrics in validation_metrics.items():
            score = replace(score, epoch=max(score.epoch, epoch))
            accuracy, loss = metrics.get("accuracy"), metrics.get("loss")
            if (
                accuracy is not None
                and loss is not None
                and EpochScore(accuracy, loss).is_better_than(score._best_score)
            ):
                score = replace(score, best_epoch=epoch, accuracy=accuracy, loss=loss)
        return replace(score, test=test_accuracy.get(score.best_epoch))

    @property
    def _best_score(self) -> EpochScore:
        return NO_EPOCH if self.accuracy is None or self.loss is None else EpochScore(self.accuracy, self.loss)
