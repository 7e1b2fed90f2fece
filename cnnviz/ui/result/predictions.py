"""The predictions of a net for its test samples: confusion matrix, classes, mistakes, calibration, speakers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from cnnviz.charts.axes import POINTS
from cnnviz.charts.calibration import calibration_spec, calibration_tables, groups_spec, groups_table
from cnnviz.charts.confusion import CELL_SELECTION, MAX_NUMBERED_CLASSES, confusion_spec, confusion_table, drawn_classes
from cnnviz.insight.calibration import calibration
from cnnviz.insight.confusion import (
    class_metrics,
    confusion_counts,
    least_confident_hits,
    most_confident_mistakes,
    samples_in_cell,
)
from cnnviz.insight.groups import group_accuracies
from cnnviz.ui.result.gallery import TestedRun, sample_gallery
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.counter import is_news
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import spreadsheet_text

Cell = tuple[int, int]
"""Numbers of the right class and of the answer."""
MAX_TABLE_ROWS = 20
SHARES_LABEL = "Shares instead of counts"
SHOWN_CELL_KEY = "cell-shown"
"""The cell in the session that was told of last."""
CONFIDENCE_TOLERANCE = 0.01
"""Difference between claimed and real accuracy that is none."""


def predictions_view(tested: TestedRun) -> None:
    """Draws the choice among views of the predictions, and the chosen one."""
    view_names = [name for name in VIEWS if name != SPEAKERS or tested.speakers]
    view = st.segmented_control(
        "Mistakes", view_names, default=view_names[0], required=True, key="closer-view", label_visibility="collapsed"
    )
    with st.container(key="closer"):
        VIEWS[view or view_names[0]](tested)


def _confusion_view(tested: TestedRun) -> None:
    predictions = tested.predictions
    counts = confusion_counts(predictions)
    show_numbers = len(counts) <= MAX_NUMBERED_CLASSES  # else there is no room for them
    shares = show_numbers and st.toggle(SHARES_LABEL, key="closer-shares", persist_state="session")
    class_names = [predictions.classes[number] for number in drawn_classes(counts)]
    table = confusion_table(counts, predictions.classes, shares=shares)
    st.caption("**Click a cell**, or choose it below the matrix, to see its samples.")
    with st.container(key="matrix"):
        event = vega_chart(
            confusion_spec(class_names, dark=st.context.theme.type == "dark"),
            {POINTS: table},
            key=f"matrix-{tested.run_id}",
            alt="confusion matrix: right classes in rows, answers of the net in columns",
            selection_mode=[CELL_SELECTION],
        )
    hits, class_count = int(np.trace(counts)), len(class_names)
    some = (
        f" Of {len(counts)} classes, the {class_count} with the most mistakes are drawn."
        if class_count < len(counts)
        else ""
    )
    st.caption(f"{hits:,} of {counts.sum():,} test samples are right: they are on the diagonal.{some}")
    clicked = _clicked_cell(predictions.classes, event)
    if cell := _cell_picker(tested, counts, clicked):
        _cell_samples(tested, cell)


def _clicked_cell(classes: Sequence[str], event: Any) -> Cell | None:
    """Returns the right class and the answer of the cell that was clicked in the chart; None without one."""
    picked = (event or {}).get("selection", {}).get(CELL_SELECTION, [])
    numbers = {spreadsheet_text(name): number for number, name in enumerate(classes)}  # names as the chart has them
    right, answer = (numbers.get(str(picked[0].get(field))) if picked else None for field in ("right", "answer"))
    return None if right is None or answer is None else (right, answer)  # None of another run's matrix


def _cell_picker(tested: TestedRun, counts: npt.NDArray[np.int64], clicked: Cell | None) -> Cell | None:
    """Draws the choice among the cells with samples, for the keyboard, and returns the chosen or clicked one."""
    filled = [(int(right), int(answer)) for right, answer in np.argwhere(counts)]
    mistakes_first = sorted(filled, key=lambda cell: (cell[0] == cell[1], -counts[cell]))
    cells: list[Cell] = list(dict.fromkeys([*([clicked] if clicked else []), *mistakes_first]))
    return st.selectbox(
        "Cell",
        cells,
        index=None if clicked is None else 0,
        format_func=lambda cell: _cell_text(tested.predictions.classes, cell, int(counts[cell])),
        placeholder="Choose a cell: the most frequent mistakes come first",
        key=f"cell-{tested.run_id}-{clicked}",  # another widget after a click, which begins with the clicked cell
        width=420,
    )


def _cell_text(classes: Sequence[str], cell: Cell, count: int) -> str:
    right, answer = (classes[number] for number in cell)
    return f"{count} × {right}, {'recognised' if right == answer else f'mistaken for {answer}'}"


def _cell_samples(tested: TestedRun, cell: Cell) -> None:
    """Draws the samples of a cell."""
    rows = samples_in_cell(tested.predictions, *cell)
    story = escape_markdown(_cell_text(tested.predictions.classes, cell, len(rows)))
    st.subheader(story, anchor=False)
    if is_news(SHOWN_CELL_KEY, (tested.run_id, story)):  # the samples may be below the edge of the window
        st.toast(f"{story}: below the matrix.", icon=":material/arrow_downward:")
    sample_gallery(tested, rows, f"cell-{cell[0]}-{cell[1]}")


def _class_metrics_view(tested: TestedRun) -> None:
    metrics = class_metrics(tested.predictions)
    table = pd.DataFrame(
        {
            "class": pd.array(list(tested.predictions.classes), dtype="str"),
            "precision": metrics.precision,
            "recall": metrics.recall,
            "F1": metrics.f1,
            "samples": metrics.support,
        }
    ).sort_values("F1", kind="stable")
    dataframe(
        table,
        key=f"classes-{tested.run_id}",
        hide_index=True,
        height="content" if len(table) <= MAX_TABLE_ROWS else 35 * MAX_TABLE_ROWS,
        column_config={
            "class": st.column_config.TextColumn("Class", pinned=True),
            "precision": _share_column(
                "Precision", "Of the samples that got this answer, the share that belongs to this class."
            ),
            "recall": _share_column("Recall", "Of the samples of this class, the share that was recognised."),
            "F1": _share_column("F1", "The harmonic mean of precision and recall."),
            "samples": st.column_config.NumberColumn("Test samples"),
        },
    )
    st.caption(
        "The weakest classes come first. A class that is answered too often has a"
        " low precision, one that is often missed has a low recall."
    )


def _share_column(label: str, meaning: str) -> Any:
    return st.column_config.ProgressColumn(label, help=meaning, format="%.3f", min_value=0.0, max_value=1.0)


def _samples_view(tested: TestedRun) -> None:
    wrong, doubtful = most_confident_mistakes(tested.predictions), least_confident_hits(tested.predictions)
    st.subheader(f"The worst of {len(wrong):,} mistakes", anchor=False)
    has_sound = tested.content is not None and tested.content.sounds is not None
    listen = " and listen" * has_sound
    st.caption(f"The most confident mistakes first. Some may be wrong labels or bad samples: look{listen}.")
    sample_gallery(tested, wrong, "worst")
    st.subheader("The least certain right answers", anchor=False)
    st.caption("Right answers, those with the lowest probability first.")
    sample_gallery(tested, doubtful, "doubtful")


def _calibration_view(tested: TestedRun) -> None:
    calibration_result = calibration(tested.predictions)
    vega_chart(
        calibration_spec(),
        calibration_tables(calibration_result),
        key=f"certainty-{tested.run_id}",
        alt="reliability diagram: share of right answers over the probability that the net gave them",
    )
    mean_confidence = float(tested.predictions.probabilities.max(axis=1).mean())
    accuracy = float((tested.predictions.predicted == tested.predictions.y).mean())
    claims = {1: "overconfident", -1: "underconfident", 0: "well calibrated"}
    claim = claims[
        int(mean_confidence > accuracy + CONFIDENCE_TOLERANCE) - int(mean_confidence < accuracy - CONFIDENCE_TOLERANCE)
    ]
    st.caption(
        "Where a bar meets the dashed line, the net is right as often as it claims; numbers count samples. On"
        " average it"
        f" claims {mean_confidence:.3f} and is right in {accuracy:.3f}: **{claim}**. The mean distance from the line,"
        " by samples, is"
        f" {calibration_result.expected_error:.3f} (expected calibration error; [Guo et al. 2017](https://arxiv.org/abs/1706.04599))."
    )


def _speakers_view(tested: TestedRun) -> None:
    speaker_groups = group_accuracies(tested.predictions, tested.speakers or ())
    vega_chart(
        groups_spec(len(speaker_groups)),
        {POINTS: groups_table(speaker_groups)},
        key=f"speakers-{tested.run_id}",
        alt="accuracy on the test samples of each speaker",
    )
    st.caption("The speakers of the test samples, the least understood first. Few samples make a wide interval.")


SPEAKERS = "Speakers"
VIEWS: dict[str, Callable[[TestedRun], None]] = {
    "Matrix": _confusion_view,
    "Classes": _class_metrics_view,
    "Samples": _samples_view,
    "Certainty": _calibration_view,
    SPEAKERS: _speakers_view,
}
"""Every view of the predictions by what it is called."""
