"""What is drawn can be seen, on light and dark alike."""

import tomllib
from pathlib import Path

import pytest

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.learning import SPLIT_COLOURS

THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
CONTRAST = 3.0
"""That of graphics with what lies next to them, WCAG 2.2, criterion 1.4.11."""
STREAMLIT_COLOURS = 10
"""Streamlit 1.67 fills in so many; a theme with fewer leaves plotly with a list that it refuses as a whole."""


def contrast(first: str, second: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_line_stands_out_from_the_page(scheme: str) -> None:
    theme = THEME | THEME[scheme]
    functions = theme["chartCategoricalColors"][: len(ACTIVATIONS)]
    for colour in [*SPLIT_COLOURS.values(), *functions]:
        assert contrast(colour, theme["backgroundColor"]) >= CONTRAST, colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_has_as_many_colours_as_streamlit_fills_in(scheme: str) -> None:
    colours = (THEME | THEME[scheme])["chartCategoricalColors"]
    assert len(set(colours)) == STREAMLIT_COLOURS
