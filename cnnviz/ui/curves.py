"""The live curves of a run: those that were chosen, exact where a student zooms in."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from cnnviz.architecture.design import number
from cnnviz.charts.axes import GOAL, POINTS
from cnnviz.charts.curve import MOST_POINTS, Curve, Window, drawable, reached, smoothed, within
from cnnviz.charts.learning import COLOURS, SMOOTHED, goal_table, learning_spec, learning_table
from cnnviz.charts.lines import lines_spec, lines_table
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import Run
from cnnviz.ui.chart import chart
from cnnviz.ui.followed import Followed, only, read
from cnnviz.ui.look import DEVICE, GRADIENTS, LEARNING, SHARES, Look
from cnnviz.ui.student import owner
from cnnviz.words import as_share

FEWEST_POINTS = 100
"""Points of a line that are drawn even where there are many lines."""
MIB = 2**20
GRADIENT_STORY = (
    "Each line is a layer with weights. **A gradient that vanishes** shows as a fan: the first layers lie orders of"
    " magnitude below the last ones, and hardly learn. A 0 has no place on a log axis."
)
UPDATE_STORY = (
    "How far one step moves the weights of a layer, as a share of their norm. About 10⁻³ is usual; far above, the"
    " learning rate is too high, far below, too low"
    " ([CS231n](https://cs231n.github.io/neural-networks-3/#ratio-of-weightsupdates))."
)


def curves(run: Run, points: History, look: Look) -> None:
    """Draw what was chosen of one run."""
    others = {name: Followed(cluster().run(owner(), each), read(each)) for each, name in look.compared.items()}
    only({run.id, *look.compared})
    with st.container(key="curves"):  # of however many elements, they are one to those below
        _DRAWN[look.view](Followed(run, points), others, look)


def _learning(followed: Followed, others: Mapping[str, Followed], look: Look) -> None:
    there = reached(followed.curve("validation", "accuracy"), look.goal)
    goal = {GOAL: goal_table(look.goal, there)}
    _measured(followed, others, look, metric="accuracy", marks=goal)
    told = f"reached in epoch {there[0]:.0f}, with {there[1]:.3f}" if there else "not reached"
    st.caption(
        f"Goal for the validation accuracy, {as_share(look.goal)}: {told}{' yet' * _waits(followed, there)}. The best"
        " epoch has the highest validation accuracy; of several, the lowest validation loss."
    )
    _measured(followed, others, look, metric="loss")
    _handling()


def _shares(followed: Followed, others: Mapping[str, Followed], look: Look) -> None:
    if not followed.history.splits("top-5"):
        _none(followed)
        return
    for metric in ("top-5", "macro F1"):
        _measured(followed, others, look, metric=metric)
    st.caption(
        "Top-5: the right class is among the five with the highest scores. Macro F1: the harmonic mean of precision and"
        " recall of each class, averaged over classes, so that rare ones count as much as frequent ones."
    )
    _handling()


def _gradients(followed: Followed, _others: Mapping[str, Followed], _look: Look) -> None:
    layers = {number(path): f"{number(path)} {layer.kind}" for path, layer in followed.run.architecture.every()}
    if not followed.history.splits("gradient_norm"):
        _none(followed)
        return
    for metric, title, story in (
        ("gradient_norm", "norm of the gradient", GRADIENT_STORY),
        ("update_ratio", "update / weights", UPDATE_STORY),
    ):
        measured = followed.history.splits(metric)
        names = {split: name for split, name in layers.items() if split in measured}
        lines = {name: followed.curve(split, metric) for split, name in names.items()}
        _lines(followed, title, lines, log=True)
        st.caption(story)
    _handling()


def _device(followed: Followed, _others: Mapping[str, Followed], _look: Look) -> None:
    speed, memory = (followed.curve("device", metric) for metric in ("samples_per_second", "memory_bytes"))
    if not len(speed.values):
        _none(followed)
        return
    _lines(followed, "training samples per second", {"throughput": speed})
    st.caption(
        f"Trained on `{followed.run.device}`. Counted are the steps of an epoch, without its evaluation; where that is"
        " a matter of hundredths of a second, whatever else the machine does makes it jump."
    )
    if len(memory.values):
        _lines(followed, "memory in MiB", {"memory": Curve(memory.epochs, memory.values / MIB)})
    else:
        st.caption("Memory is measured on CUDA devices only.")
    _handling()


_DRAWN: dict[str, Callable[[Followed, Mapping[str, Followed], Look], None]] = {
    LEARNING: _learning,
    SHARES: _shares,
    GRADIENTS: _gradients,
    DEVICE: _device,
}


def _measured(
    followed: Followed,
    others: Mapping[str, Followed],
    look: Look,
    *,
    metric: str,
    marks: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """One metric on every split, of other runs where it tells most."""
    key = _key(followed, metric)
    window, log, smooth = _window(key), look.log and metric == "loss", look.smoothing > 0 and metric == "loss"

    def line(curve: Curve) -> Curve:
        return within(drawable(curve, log=log), window)

    lines = {split: line(followed.curve(split, metric)) for split in COLOURS}
    if smooth:
        lines[SMOOTHED] = line(smoothed(followed.curve("batch", metric), look.smoothing))
    compared = ("train", "validation") if metric == "loss" else ("validation",)
    beside = {name: {split: line(other.curve(split, metric)) for split in compared} for name, other in others.items()}
    epochs = max(each.run.config.epochs for each in (followed, *others.values()))
    spec = learning_spec(metric, epochs, log=log, smooth=smooth, others=list(others), goal=bool(marks))
    data = {POINTS: learning_table(lines, beside), **(marks or {})}
    chart(spec, data, key=key, alt=f"{metric} over the epochs of this run")


def _lines(followed: Followed, title: str, lines: Mapping[str, Curve], *, log: bool = False) -> None:
    key = _key(followed, title)
    most = max(4 * MOST_POINTS // len(lines), FEWEST_POINTS)
    drawn = {name: within(drawable(curve, log=log), _window(key), most) for name, curve in lines.items()}
    spec = lines_spec(title, followed.run.config.epochs, list(lines), log=log)
    chart(spec, {POINTS: lines_table(drawn)}, key=key, alt=f"{title} over the epochs of this run")


def _key(followed: Followed, what: str) -> str:
    return f"chart-{what}-{followed.run.id}"


def _window(key: str) -> Window | None:
    """The epochs that a student has zoomed to in this chart."""
    selection = (st.session_state.get(key) or {}).get("selection", {})
    match selection.get("zoom", {}).get("epoch"):
        case [int() | float() as first, int() | float() as last]:
            return min(first, last), max(first, last)
    return None


def _waits(followed: Followed, there: object) -> bool:
    return there is None and followed.run.active


def _none(followed: Followed) -> None:
    st.info(
        "These points come at the end of the first epoch."
        if followed.run.active
        else "This run has none of these points: it ended within its first epoch, or before they were measured.",
        icon=":material/show_chart:",
    )


def _handling() -> None:
    st.caption(
        "Ctrl + wheel zooms, dragging moves, a double click goes back. Of a long line, the points that show its shape"
        " are drawn; zoomed in, all of those in sight."
    )
