"""What a net made of its test samples: the confusion matrix and its cells, classes, mistakes, certainty, voices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from cnnviz.charts.axes import POINTS
from cnnviz.charts.calibration import calibration_spec, calibration_tables, groups_spec, groups_table
from cnnviz.charts.confusion import CELL, MOST_NUMBERS, confusion_spec, confusion_table, shown_classes
from cnnviz.charts.samples import thumbnail
from cnnviz.data.base import Dataset
from cnnviz.data.content import Content
from cnnviz.insight.calibration import calibration
from cnnviz.insight.groups import groups
from cnnviz.insight.mistakes import Rows, cell, confusion, least_certain, likeliest, scores, worst
from cnnviz.insight.predictions import Predictions
from cnnviz.ui.chart import chart
from cnnviz.ui.fields import escaped
from cnnviz.ui.samples import wav

AT_ONCE = 12
"""Samples that are shown before More is pressed."""
WIDTH = 150
MOST_ROWS = 20
SHARES = "Shares instead of counts"
SHOWN = "cell-shown"
"""The cell in the session that was told of last."""
EVEN = 0.01
"""Difference between claimed and real accuracy that is none."""


@dataclass(frozen=True, eq=False)
class Tested:
    """A run's predictions, and the samples that they are of where the data set still has them."""

    run: str
    predictions: Predictions
    dataset: Dataset | None = None
    content: Content | None = None
    places: Rows | None = None
    """(N,): where in the content each sample stands."""


def closer(tested: Tested) -> None:
    """A choice of views, and the one that was chosen."""
    known = [name for name in VIEWS if name != SPEAKERS or _speakers(tested)]
    view = st.segmented_control(
        "Mistakes", known, default=known[0], required=True, key="closer-view", label_visibility="collapsed"
    )
    with st.container(key="closer"):
        VIEWS[view or known[0]](tested)


def _matrix(tested: Tested) -> None:
    predictions = tested.predictions
    counts = confusion(predictions)
    numbers = len(counts) <= MOST_NUMBERS  # else there is no room for them
    shares = numbers and st.toggle(SHARES, key="closer-shares", persist_state="session")
    chosen = [predictions.classes[number] for number in shown_classes(counts)]
    table = confusion_table(counts, predictions.classes, shares=shares)
    st.caption("**Click a cell**: the samples in it come below the matrix.")
    with st.container(key="matrix"):
        event = chart(
            confusion_spec(chosen, dark=st.context.theme.type == "dark"),
            {POINTS: table},
            key=f"matrix-{tested.run}",
            alt="confusion matrix: right classes in rows, answers of the net in columns",
            selection_mode=[CELL],
        )
    hits, drawn = int(np.trace(counts)), len(chosen)
    some = f" Of {len(counts)} classes, the {drawn} with most mistakes are drawn." if drawn < len(counts) else ""
    st.caption(f"{hits:,} of {counts.sum():,} test samples are on the diagonal: right.{some}")
    picked = (event or {}).get("selection", {}).get(CELL, [])
    if picked:
        _cell(tested, str(picked[0].get("right")), str(picked[0].get("answer")))


def _cell(tested: Tested, right: str, answer: str) -> None:
    """The samples of a cell that was clicked."""
    classes = tested.predictions.classes
    if right not in classes or answer not in classes:  # of another run's matrix
        return
    rows = cell(tested.predictions, classes.index(right), classes.index(answer))
    told = "taken for what they are" if right == answer else f"taken for **{escaped(answer)}**"
    story = f"{len(rows)} × {escaped(right)}, {told}"
    st.subheader(story, anchor=False)
    if st.session_state.get(SHOWN) != (tested.run, story):  # it may stand below the edge of the window
        st.session_state[SHOWN] = tested.run, story
        st.toast(f"{story}: below the matrix.", icon=":material/arrow_downward:")
    _samples(tested, rows, f"cell-{classes.index(right)}-{classes.index(answer)}")


def _classes(tested: Tested) -> None:
    found = scores(tested.predictions)
    table = pd.DataFrame(
        {
            "class": pd.array(list(tested.predictions.classes), dtype="str"),
            "precision": found.precision,
            "recall": found.recall,
            "F1": found.f1,
            "samples": found.support,
        }
    ).sort_values("F1", kind="stable")
    st.dataframe(
        table,
        key=f"classes-{tested.run}",
        hide_index=True,
        height="content" if len(table) <= MOST_ROWS else 35 * MOST_ROWS,
        column_config={
            "class": st.column_config.TextColumn("Class", pinned=True),
            "precision": _share("Precision", "Of the samples that got this answer, the share that is of this class."),
            "recall": _share("Recall", "Of the samples of this class, the share that got this answer."),
            "F1": _share("F1", "The harmonic mean of both."),
            "samples": st.column_config.NumberColumn("Test samples"),
        },
    )
    st.caption(
        "The weakest classes first. A class that is given too often has a"
        " low precision, one that is often missed a low recall."
    )


def _share(label: str, meaning: str) -> Any:
    return st.column_config.ProgressColumn(label, help=meaning, format="%.3f", min_value=0.0, max_value=1.0)


def _mistakes(tested: Tested) -> None:
    wrong, doubtful = worst(tested.predictions), least_certain(tested.predictions)
    st.subheader(f"The worst of {len(wrong):,} mistakes", anchor=False)
    heard = tested.content is not None and tested.content.sounds is not None
    st.caption(f"Wrong, and sure of it. Some may be wrong labels or bad samples: look{' and listen' * heard}.")
    _samples(tested, wrong, "worst")
    st.subheader("The least certain hits", anchor=False)
    st.caption("Right, those first whose right class had the lowest probability.")
    _samples(tested, doubtful, "doubtful")


def _certainty(tested: Tested) -> None:
    found = calibration(tested.predictions)
    chart(
        calibration_spec(),
        calibration_tables(found),
        key=f"certainty-{tested.run}",
        alt="reliability diagram: share of right answers over the probability that the net gave them",
    )
    sure = float(tested.predictions.probabilities.max(axis=1).mean())
    right = float((tested.predictions.answers == tested.predictions.y).mean())
    claims = {1: "more sure than right", -1: "less sure than right", 0: "as sure as right"}
    claim = claims[int(sure > right + EVEN) - int(sure < right - EVEN)]
    st.caption(
        f"A bar on the dashed line: the net is right as often as it claims; the numbers are samples. On average it"
        f" claims {sure:.3f} and is right in {right:.3f}: **{claim}**. The mean distance from the line, by samples, is"
        f" {found.error:.3f} (expected calibration error; [Guo et al. 2017](https://arxiv.org/abs/1706.04599))."
    )


def _voices(tested: Tested) -> None:
    found = groups(tested.predictions, _speakers(tested) or ())
    chart(
        groups_spec(len(found)),
        {POINTS: groups_table(found)},
        key=f"speakers-{tested.run}",
        alt="accuracy on the test samples of each speaker",
    )
    st.caption(
        "The speakers of the test samples, those first whom the net understands least. Few samples make a wide"
        " interval."
    )


SPEAKERS = "Speakers"
VIEWS: dict[str, Callable[[Tested], None]] = {
    "Matrix": _matrix,
    "Classes": _classes,
    "Samples": _mistakes,
    "Certainty": _certainty,
    SPEAKERS: _voices,
}
"""Every view of the predictions by what it is called."""


def _speakers(tested: Tested) -> list[str] | None:
    """Who is heard in each test sample, where that is known."""
    if tested.content is None or tested.places is None or tested.content.speakers is None:
        return None
    return [tested.content.speakers[place] for place in tested.places]


def _samples(tested: Tested, rows: Rows, name: str) -> None:
    """The first of these samples as pictures and sounds, each with what the net held for likeliest; more on demand."""
    if not len(rows):
        st.caption("There are none.")
        return
    key = f"{name}-{tested.run}"
    most = AT_ONCE * (1 + st.session_state.get(f"more-{key}", 0))
    with st.container(horizontal=True, gap="medium", key=f"samples-{key}"):
        for row in rows[:most]:
            with st.container(width=WIDTH, gap="small"):
                _sample(tested, int(row))
    if len(rows) > most:
        st.button(f"More of {len(rows):,}", key=f"go-{key}", icon=":material/expand_more:", on_click=_more, args=(key,))
    if tested.content is None:
        st.caption("The samples themselves are not here: their data set was changed or removed.")


def _sample(tested: Tested, row: int) -> None:
    predictions, content = tested.predictions, tested.content
    if content is not None and tested.places is not None and tested.dataset is not None:
        place = int(tested.places[row])
        st.image(thumbnail(content.x[place], tested.dataset.axes, WIDTH), width=WIDTH)
        if content.sounds is not None:
            st.audio(wav(np.asarray(content.sounds[place]), content.rate), format="audio/wav")
    right = int(predictions.y[row])
    told = [f"is **{escaped(predictions.classes[right])}**"]
    for number, probability in likeliest(predictions, row):
        mark = ":green" if number == right else ":red" if number == predictions.answers[row] else ":gray"
        told.append(f"{mark}[{escaped(predictions.classes[number])} {probability:.1%}]")
    lines = "  \n".join(told)
    st.markdown(f":small[{lines}]")


def _more(key: str) -> None:
    st.session_state[f"more-{key}"] = st.session_state.get(f"more-{key}", 0) + 1


def places_of(content: Content, rows: Sequence[Rows], predictions: Predictions) -> Rows | None:
    """Where in the content the predicted samples stand: in its test part; None where these are other samples."""
    test = np.asarray(rows[2])
    same = len(test) == len(predictions.y) and bool((content.y[test] == predictions.y).all())
    return test if same else None
