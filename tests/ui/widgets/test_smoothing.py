"""A slider whose number a browser may forge."""

import math

import pytest
import streamlit as st

from cnnviz.ui.widgets.smoothing import MAX_SMOOTHING, smoothing_slider


@pytest.mark.parametrize(
    ("sent", "taken"),
    [(0.5, 0.5), (math.nan, 0.0), (math.inf, 0.0), (-math.inf, 0.0), (7.0, MAX_SMOOTHING), (-1.0, 0.0)],
)
def test_a_possible_weight_is_taken_from_whatever_is_sent(
    monkeypatch: pytest.MonkeyPatch, sent: float, taken: float
) -> None:
    monkeypatch.setattr(st, "slider", lambda *_, **__: sent)
    assert smoothing_slider("Smoothing", key="s", meaning="a weight") == taken
