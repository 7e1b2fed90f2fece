import numpy as np
import pytest

from cnnviz.data import overview
from cnnviz.data.content import Content
from cnnviz.data.overview import MAX_MEAN_SAMPLES, class_counts, class_mean, histogram, histograms_before_and_after
from cnnviz.data.scaling import Scale, fit_scale
from cnnviz.data.splitting import split_at_random

Y = np.repeat([0, 1, 2], [40, 20, 60])


def test_every_sample_is_counted_once_in_its_class_and_part() -> None:
    result = class_counts(Y, split_at_random(Y, ("a", "b", "c")), 3)
    assert result.tolist() == [[32, 16, 48], [4, 2, 6], [4, 2, 6]]
    assert result.sum() == len(Y)


def test_the_mean_of_a_class_is_that_of_its_samples() -> None:
    x = np.random.default_rng(0).normal(size=(120, 1, 4, 3)).astype(np.float32)
    content = Content(x, Y, ("a", "b", "c"))
    np.testing.assert_allclose(class_mean(content, 1), x[40:60].mean(axis=0), atol=1e-6)
    many = Content(np.repeat(x[:1], MAX_MEAN_SAMPLES + 5, axis=0), np.zeros(MAX_MEAN_SAMPLES + 5, np.int64), ("a",))
    np.testing.assert_allclose(class_mean(many, 0), x[0], atol=1e-6)


def test_a_histogram_has_all_values_in_it() -> None:
    x = np.random.default_rng(0).normal(3, 2, size=(50, 1, 10, 10)).astype(np.float32)
    result = histogram(x, Scale())
    assert result.shares.sum() == pytest.approx(100)
    assert (result.edges[0], result.edges[-1]) == pytest.approx((x.min(), x.max()))
    assert (result.mean, result.std) == pytest.approx((x.mean(dtype=float), x.std(dtype=float)))
    flat = histogram(np.full((3, 1, 2), 7.0, np.float32), Scale())
    assert (flat.shares.sum(), flat.low, flat.high, flat.std) == (pytest.approx(100), 7, 7, 0)


def test_after_is_what_the_net_gets() -> None:
    x = np.random.default_rng(0).normal(3, 2, size=(1000, 1, 6)).astype(np.float32)
    before, after = histograms_before_and_after(x, fit_scale(x, None, "global"))
    assert before.mean == pytest.approx(3, abs=0.1)
    assert (before.samples, after.samples) == (1000, 1000)
    assert (after.mean, after.std) == pytest.approx((0, 1), abs=1e-5)


def test_of_very_many_values_evenly_spaced_samples_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MAX_VALUES", 100)
    monkeypatch.setattr(overview, "BLOCK_SIZE", 7)
    x = np.arange(1000, dtype=np.float32).reshape(100, 10)
    before, _ = histograms_before_and_after(x, Scale())
    assert (before.samples, before.low, before.high) == (10, 0, 909)


def test_values_too_large_for_their_scale_are_counted_too() -> None:
    x = np.array([[3e38, -3e38], [3.2e38, -3.3e38]], np.float32)
    before, after = histograms_before_and_after(x, fit_scale(x, None, "global"))
    assert before.shares.sum() == pytest.approx(100)
    assert after.shares.sum() == pytest.approx(100)
