import numpy as np
import pytest

from cnnviz.charts.overview import histogram_figure
from cnnviz.data.overview import histograms_before_and_after
from cnnviz.data.scaling import fit_scale


def test_histograms_with_bins_of_other_widths_have_equal_areas() -> None:
    """The same values looked three times as many where their bins were wider."""
    x = np.random.default_rng(0).normal(3, 4, size=(100, 1, 10)).astype(np.float32)
    before, after = histograms_before_and_after(x, fit_scale(x, None, "global"))
    assert np.ptp(before.edges) == pytest.approx(4 * np.ptp(after.edges), rel=0.1)
    figure = histogram_figure({"before": (before.edges, before.shares), "after": (after.edges, after.shares)})
    assert [np.trapezoid(line.y, line.x) for line in figure.data] == pytest.approx([100, 100])
