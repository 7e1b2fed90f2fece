"""What a net answers along a recording: a line of probability for each word, and how loud it is."""

from collections.abc import Sequence

import numpy as np
from plotly.graph_objects import Figure, Scatter
from plotly.subplots import make_subplots

from cnnviz.charts.embedding import OTHERS_COLOUR, STYLES
from cnnviz.inside.timeline import HeardWord, Timeline

MAX_LINES = 6
"""Words that have a line."""
HEIGHT = 400
MARKED_COLOUR = "#808A9C"
NOTHING_HEARD = "nothing with 50 % or more where the recording is loud"


def drawn_labels(timeline: Timeline, words: Sequence[HeardWord]) -> list[int]:
    """Returns the classes that have a line: those that are heard, first the surest, then those with the highest peaks.

    >>> answers = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]], np.float32)
    >>> drawn_labels(Timeline(np.array([0.0, 0.1]), answers, np.ones(2, np.float32)), [HeardWord(0.0, 0, 0.5)])
    [0, 2, 1]
    """
    heard = [word.label for word in sorted(words, key=lambda word: -word.probability)]
    peaks = np.argsort(-timeline.probabilities.max(axis=0), kind="stable").tolist()
    return list(dict.fromkeys([*heard, *peaks]))[:MAX_LINES]


def describe_words(words: Sequence[HeardWord], classes: Sequence[str]) -> str:
    """Returns which words are heard, and when.

    >>> describe_words([HeardWord(1.2, 1, 0.876)], ["no", "yes"])
    '“yes” at 1.2 s (88 %)'
    """
    told = [f"“{classes[word.label]}” at {word.second:.1f} s ({100 * word.probability:.0f} %)" for word in words]
    return ", ".join(told) or NOTHING_HEARD


def timeline_figure(timeline: Timeline, classes: Sequence[str], labels: Sequence[int], marked: float) -> Figure:
    """Draws the probabilities of some classes over time with the loudness below, and a line at one moment, in seconds.

    Each point's custom data is the number of its window.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.05)
    numbers = np.arange(len(timeline.seconds))
    for label, (colour, symbol) in zip(labels, STYLES, strict=False):
        figure.add_trace(
            Scatter(
                x=timeline.seconds,
                y=timeline.probabilities[:, label],
                customdata=numbers,
                mode="lines+markers",
                name=classes[label],
                line={"color": colour, "width": 1.5},
                marker={"color": colour, "symbol": symbol, "size": 6},
                unselected={"marker": {"opacity": 1}},
                hovertemplate=f"{classes[label]}<br>%{{x:.2f}} s<br>%{{y:.1%}}<extra></extra>",
            ),
            row=1,
            col=1,
        )
    loudest = float(timeline.loudness.max(initial=0)) or 1.0
    figure.add_trace(
        Scatter(
            x=timeline.seconds,
            y=timeline.loudness / loudest,
            mode="lines",
            fill="tozeroy",
            showlegend=False,
            line={"color": OTHERS_COLOUR, "width": 1},
            hovertemplate="%{x:.2f} s<br>%{y:.0%} of the loudest moment<extra></extra>",
        ),
        row=2,
        col=1,
    )
    figure.add_vline(x=marked, line={"color": MARKED_COLOUR, "width": 2, "dash": "dot"})
    figure.update_yaxes(title="probability", range=[-0.03, 1.03], tickformat=".0%", zeroline=False, row=1, col=1)
    figure.update_yaxes(title="loudness", range=[0, 1.05], showticklabels=False, row=2, col=1)
    figure.update_xaxes(title="middle of the window, in seconds", row=2, col=1)
    figure.update_layout(
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        margin={"l": 60, "r": 10, "t": 10, "b": 40},
        height=HEIGHT,
        dragmode="pan",  # beside a lasso or a box, Streamlit takes no clicks
    )
    return figure
