"""The button that lets the design at hand learn one batch by heart, and what came of it."""

import numpy as np
import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.charts.experiments import loss_figure
from cnnviz.data.dataset import Dataset
from cnnviz.errors import CnnvizError, DataError
from cnnviz.training.config import TrainConfig
from cnnviz.training.overfit import LEARNED_LOSS, SAMPLES, OverfitResult, overfit_batch, what_to_look_at
from cnnviz.ui.data.content import cached_scale, load_content, split_indices
from cnnviz.ui.state import current_config, current_workbench, session_dict
from cnnviz.ui.widgets.chart import plotly_chart
from cnnviz.ui.widgets.fields import escape_markdown

RESULTS = "overfit-results"
"""Session dict with the last result, by the JSON of what was tried."""


def overfit_button(design: Architecture, config: TrainConfig, dataset: Dataset) -> None:
    """Draws the button, and lets the net learn where it is pressed."""
    if st.button(
        "Over-fit one batch",
        key="overfit",
        icon=":material/experiment:",
        width="stretch",
        help=f"Can this net learn {SAMPLES} samples by heart? A check of half a minute at most, before a long training:"
        " a net that cannot is broken somewhere. Nothing of it is kept.",
    ):
        results = session_dict(RESULTS)
        results.clear()
        try:
            with st.spinner(f"Learning {SAMPLES} samples by heart: half a minute at most."):
                results[_tried(design, config)] = _try(design, config, dataset)
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")


def overfit_result() -> None:
    """Draws what came of it, as long as net and settings are those that were tried."""
    result = session_dict(RESULTS).get(_tried(current_workbench().architecture, current_config()))
    if result is not None:
        with st.container(border=True, key="overfit-result"):
            _show(result)


def forget_overfit_result() -> None:
    """Makes room for a run that begins."""
    session_dict(RESULTS).clear()


def _tried(design: Architecture, config: TrainConfig) -> str:
    return f"{design.to_json()} {config.model_dump_json()}"


def _try(design: Architecture, config: TrainConfig, dataset: Dataset) -> OverfitResult:
    content = load_content(dataset)
    split_kind = dataset.split_kind(config.split_kind)
    rows = split_indices(content, split_kind, config.left_out)
    if rows is None:
        raise DataError("These data cannot be split so, so there is no training part.")
    scale = cached_scale(content, split_kind, config.floor, config.normalization, config.left_out)[0]
    chosen = np.sort(rows[0][:SAMPLES])
    x = scale.apply(np.array(content.x[chosen], np.float32))
    return overfit_batch(design, config, x, np.asarray(content.y[chosen], np.int64))


def _show(result: OverfitResult) -> None:
    steps = len(result.losses) - 1
    if result.verdict == "learned":
        st.success(
            f"**It can.** All {result.samples} samples are right after {steps} steps, with a loss below"
            f" {LEARNED_LOSS:g}. Data, net, loss and optimizer work together. Whether it learns more, training tells.",
            icon=":material/check_circle:",
        )
    else:
        right = round(result.accuracy * result.samples)
        reasons = "\n".join(f"- {sentence}" for sentence in what_to_look_at(result))
        st.warning(
            f"**It cannot** ({result.verdict}): {right} of {result.samples} samples are right after {steps} steps. "
            f"Before you train, look at this:\n{reasons}",
            icon=":material/build:",
        )
    if result.losses:
        plotly_chart(
            loss_figure({"loss of the batch": result.losses}),
            key="overfit-loss",
            alt=f"Loss of one batch, from {result.losses[0]:.3g} to {result.losses[-1]:.3g} in {steps} steps",
        )
