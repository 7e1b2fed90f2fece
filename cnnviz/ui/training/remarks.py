"""What a student should know before a run starts, and while it trains."""

import numpy as np
import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.data.dataset import Dataset
from cnnviz.insight.live_remarks import LiveRemark, live_remarks
from cnnviz.presets import net_name
from cnnviz.runs.history import History
from cnnviz.runs.run import Run
from cnnviz.training.config import TrainConfig
from cnnviz.ui.runs.labels import REMOVED_LABEL
from cnnviz.ui.state import current_found_rate
from cnnviz.ui.widgets.fields import escape_markdown


def found_rate_remark(design: Architecture, config: TrainConfig, titles: dict[str, str]) -> None:
    """Says so, below the learning rate, where it was found for another net, other data or other settings."""
    found = current_found_rate()
    if found is None or not (changed := found.changed_conditions(design, config)):
        return
    before = found.config
    names = {
        "net": f"another net ({net_name(found.architecture)})",
        "dataset": f"another data set ({titles.get(before.dataset, REMOVED_LABEL)})",
        "normalization": "another normalization",
        "optimizer": f"the optimizer {before.optimizer}",
        "batch_size": f"batches of {before.batch_size:,}",
    }
    text = f"The learning rate {found.rate:g} was found for {' and '.join(names[name] for name in changed)}."
    st.warning(
        f"{escape_markdown(text)} Here it may be far too high or too low: press **Find a learning rate**.",
        icon=":material/troubleshoot:",
    )


def design_remarks(design: Architecture, config: TrainConfig, dataset: Dataset) -> None:
    """Draws what can be remarked on a run before it starts."""
    for remark in live_remarks(design, config, len(dataset.classes), np.array([])):
        _draw(remark)


def run_remarks(run: Run, history: History, classes: int | None) -> None:
    """Draws the remarks on a run so far."""
    for remark in live_remarks(run.architecture, run.config, classes, history.curve("train", "loss")[1]):
        _draw(remark)


def _draw(remark: LiveRemark) -> None:
    st.warning(
        f"**{escape_markdown(remark.title)}.** {escape_markdown(f'{remark.text} {remark.suggestion}')}",
        icon=":material/lightbulb:",
    )
