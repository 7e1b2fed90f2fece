"""Labels that are likely wrong, by confident learning."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LabelIssues:
    """What confident learning finds in the labels of N samples with C classes."""

    thresholds: npt.NDArray[np.float64]
    """(C,): the mean probability of each class among the samples with its label; infinite without such samples."""
    likely: npt.NDArray[np.intp]
    """(N,): the most probable of the classes that reach their threshold; −1 where none does."""
    self_confidence: npt.NDArray[np.float64]
    """(N,): the probability of the label itself."""
    wrong: npt.NDArray[np.intp]
    """The samples whose label is neither their likely class nor the most probable one, the least probable first."""
    doubted: npt.NDArray[np.intp]
    """The samples whose label is not the most probable class, `wrong` among them, the least probable label first."""

    @property
    def ranking(self) -> npt.NDArray[np.intp]:
        """(N,): all samples, the least probable label first; those without a number last."""
        return np.argsort(self.self_confidence, kind="stable")


def find_label_issues(probabilities: Probabilities, y: npt.NDArray[np.int64]) -> LabelIssues:
    """Finds likely wrong labels y (N,) from out-of-sample probabilities (N, C): of a net that was not trained on them.

        threshold of class j = mean of p(j) over the samples with label j
        a label is likely wrong where another class has the greatest p among those that reach their threshold,
        unless the label has the greatest p of all

    The thresholds allow for a net that is surer of one class than of another. A sample with a probability that is not
    a number is never among them. Source: Northcutt, Jiang & Chuang (2021), "Confident Learning: Estimating Uncertainty
    in Dataset Labels": the off-diagonal samples of the confident joint, ranked by self-confidence, which finds more of
    the replaced labels of the built-in words than the normalised margin does (docs/benchmarks.md). The exception is
    that of cleanlab's `find_label_issues(filter_by="confident_learning")`.

    >>> find_label_issues(np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]]), np.array([0, 0, 1, 1])).wrong
    array([3])
    """
    p = np.asarray(probabilities, np.float64)
    samples, classes = p.shape
    one_hot: npt.NDArray[np.bool_] = np.equal.outer(y, np.arange(classes))
    finite = np.asarray(np.isfinite(p).all(axis=1))
    totals = np.where(one_hot & finite[:, None], p, 0).sum(axis=0)
    counts = (one_hot & finite[:, None]).sum(axis=0)
    thresholds = np.where(counts, totals / np.maximum(counts, 1), np.inf)
    # a tolerance, as the mean of equal numbers is not always that number
    confident = np.where(finite[:, None] & (p >= thresholds - 1e-6), p, -1)
    likely = np.where(confident.max(axis=1, initial=-1) >= 0, confident.argmax(axis=1), -1)
    own = p[np.arange(samples), y]
    doubted = np.flatnonzero(own < p.max(axis=1))
    doubted = doubted[np.argsort(own[doubted], kind="stable")]
    wrong = doubted[(likely[doubted] >= 0) & (likely[doubted] != y[doubted])]
    return LabelIssues(thresholds, likely, own, wrong, doubted)
