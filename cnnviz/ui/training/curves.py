"""The live curves of a run, exact where a student zooms in."""

from collections.abc import Callable, Mapping

import pyarrow as pa
import streamlit as st

from cnnviz.architecture.design import layer_number
from cnnviz.charts.axes import GOAL, POINTS
from cnnviz.charts.curve import (
    MAX_POINTS,
    Curve,
    EpochRange,
    downsample_in_range,
    drop_undrawable,
    first_reaching,
    smooth_curve,
)
from cnnviz.charts.experiments import gradients_by_layer_figure
from cnnviz.charts.learning import SMOOTHED, SPLIT_COLOURS, goal_table, learning_spec, learning_table
from cnnviz.charts.lines import lines_spec, lines_table
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import Run
from cnnviz.ui.state import current_owner, session_dict
from cnnviz.ui.training.chart_options import DEVICE, GRADIENTS, LEARNING, TOP5_F1, ChartOptions
from cnnviz.ui.training.run_history import RunHistory, forget_other_histories, read_history
from cnnviz.ui.widgets.chart import plotly_chart, vega_chart
from cnnviz.words import format_share

MIN_POINTS = 100
"""Points of a line that are drawn even where there are many lines."""
MIB = 2**20
GRADIENT_STORY = (
    "Each line is a layer with weights. **A vanishing gradient** looks like a fan: the first layers are orders of"
    " magnitude below the last ones and hardly learn. A value of 0 cannot be drawn on a log axis."
)
UPDATE_STORY = (
    "How far one step moves the weights of a layer, as a share of their norm. About 10⁻³ is usual; far above it, the"
    " learning rate is too high, far below it too low"
    " ([CS231n](https://cs231n.github.io/neural-networks-3/#ratio-of-weightsupdates))."
)


def run_curves(run: Run, history: History, options: ChartOptions) -> None:
    """Draws the chosen curves of a run."""
    compared = {name: cluster().run(current_owner(), run_id) for run_id, name in options.compared.items()}
    others = {name: RunHistory(other, read_history(other)) for name, other in compared.items()}
    forget_other_histories({run.id, *options.compared})
    with st.container(
        key="curves"
    ):  # one container, so that what is below stays in place however many elements there are
        _VIEWS[options.view](RunHistory(run, history), others, options)


def _learning_view(run_history: RunHistory, others: Mapping[str, RunHistory], options: ChartOptions) -> None:
    goal_point = first_reaching(run_history.curve("validation", "accuracy"), options.goal)
    goal = {GOAL: goal_table(options.goal, goal_point)}
    _metric_chart(run_history, others, options, metric="accuracy", marks=goal)
    outcome = f"reached in epoch {goal_point[0]:.0f}, with {goal_point[1]:.3f}" if goal_point else "not reached"
    st.caption(
        f"Goal for the validation accuracy, {format_share(options.goal)}:"
        f" {outcome}{' yet' * _is_waiting(run_history, goal_point)}. The best"
        " epoch has the highest validation accuracy and, among equals, the lowest validation loss."
    )
    _metric_chart(run_history, others, options, metric="loss")
    if (every := run_history.history.every) > 1:
        st.caption(f"The batch loss is drawn for one step in {every:,}; the files below have all.")
    _zoom_help()


def _top5_f1_view(run_history: RunHistory, others: Mapping[str, RunHistory], options: ChartOptions) -> None:
    if not run_history.history.splits("top-5"):
        _no_points_notice(run_history)
        return
    for metric in ("top-5", "macro F1"):
        _metric_chart(run_history, others, options, metric=metric)
    st.caption(
        "Top-5: the right class is among the five with the highest scores. Macro F1: the harmonic mean of precision and"
        " recall of each class, averaged over classes, so that rare ones count as much as frequent ones."
    )
    _zoom_help()


def _gradients_view(run_history: RunHistory, _others: Mapping[str, RunHistory], _options: ChartOptions) -> None:
    layers = {
        layer_number(path): f"{layer_number(path)} {layer.kind}"
        for path, layer in run_history.run.architecture.iter_layers()
    }
    if not run_history.history.splits("gradient_norm"):
        _no_points_notice(run_history)
        return
    _gradients_by_layer(run_history, layers)
    for metric, title, story in (
        ("gradient_norm", "norm of the gradient", GRADIENT_STORY),
        ("update_ratio", "update / weights", UPDATE_STORY),
    ):
        measured = run_history.history.splits(metric)
        names = {split: name for split, name in layers.items() if split in measured}
        lines = {name: run_history.curve(split, metric) for split, name in names.items()}
        _lines_chart(run_history, title, lines, log=True)
        st.caption(story)
    _zoom_help()


def _gradients_by_layer(run_history: RunHistory, layers: Mapping[str, str]) -> None:
    """Draws the gradient of every layer, side by side, at the last step of the first and of the newest epoch."""
    measured = run_history.history.splits("gradient_norm")
    curves = {name: run_history.curve(split, "gradient_norm") for split, name in layers.items() if split in measured}
    curves = {name: curve for name, curve in curves.items() if len(curve.values)}
    newest = [float(curve.values[-1]) for curve in curves.values()]
    first = [float(curve.values[0]) for curve in curves.values()]
    figure = gradients_by_layer_figure(newest, list(curves), kept={"first epoch": first})
    plotly_chart(figure, key=_chart_key(run_history, "gradients-by-layer"), alt="Gradient norm of every layer")
    st.caption(
        "Layer by layer, at the last step of the newest epoch: dots from the first layer, blue, to the last, orange."
    )


def _device_view(run_history: RunHistory, _others: Mapping[str, RunHistory], _options: ChartOptions) -> None:
    speed, memory = (run_history.curve("device", metric) for metric in ("samples_per_second", "memory_bytes"))
    if not len(speed.values):
        _no_points_notice(run_history)
        return
    _lines_chart(run_history, "training samples per second", {"throughput": speed})
    st.caption(
        f"Trained on `{run_history.run.device}`. The steps of each epoch are timed, without its evaluation; where that"
        " is"
        " only takes hundredths of a second, anything else the machine does makes the curve jump."
    )
    if len(memory.values):
        _lines_chart(run_history, "memory in MiB", {"memory": Curve(memory.epochs, memory.values / MIB)})
    else:
        st.caption("Memory is measured on CUDA devices only.")
    _zoom_help()


_VIEWS: dict[str, Callable[[RunHistory, Mapping[str, RunHistory], ChartOptions], None]] = {
    LEARNING: _learning_view,
    TOP5_F1: _top5_f1_view,
    GRADIENTS: _gradients_view,
    DEVICE: _device_view,
}


def _metric_chart(
    run_history: RunHistory,
    others: Mapping[str, RunHistory],
    options: ChartOptions,
    *,
    metric: str,
    marks: Mapping[str, pa.Table] | None = None,
) -> None:
    """Draws one metric on every split, and on the most telling splits of other runs."""
    key = _chart_key(run_history, metric)
    epoch_range, log, smooth = (
        _zoomed_range(key),
        options.log_axis and metric == "loss",
        options.smoothing > 0 and metric == "loss",
    )

    def visible_curve(curve: Curve) -> Curve:
        return downsample_in_range(drop_undrawable(curve, log=log), epoch_range)

    lines = {split: visible_curve(run_history.curve(split, metric)) for split in SPLIT_COLOURS}
    if smooth:
        lines[SMOOTHED] = visible_curve(smooth_curve(run_history.curve("batch", metric), options.smoothing))
    compared_splits = ("train", "validation") if metric == "loss" else ("validation",)
    other_lines = {
        name: {split: visible_curve(other.curve(split, metric)) for split in compared_splits}
        for name, other in others.items()
    }
    epochs = max(shown_run.axis_epochs for shown_run in (run_history, *others.values()))
    epochs, is_tested = _chart_frame(key, epochs, is_tested=bool(len(run_history.curve("test", metric).values)))
    spec = learning_spec(
        metric, epochs, log=log, smooth=smooth, others=list(others), goal=bool(marks), tested=is_tested
    )
    data = {POINTS: learning_table(lines, other_lines), **(marks or {})}
    vega_chart(spec, data, key=key, alt=f"{metric} over the epochs of this run")


def _lines_chart(run_history: RunHistory, title: str, lines: Mapping[str, Curve], *, log: bool = False) -> None:
    key = _chart_key(run_history, title)
    max_points = max(4 * MAX_POINTS // len(lines), MIN_POINTS)
    visible_lines = {
        name: downsample_in_range(drop_undrawable(curve, log=log), _zoomed_range(key), max_points)
        for name, curve in lines.items()
    }
    epochs, _ = _chart_frame(key, run_history.axis_epochs)
    spec = lines_spec(title, epochs, list(lines), log=log)
    vega_chart(spec, {POINTS: lines_table(visible_lines)}, key=key, alt=f"{title} over the epochs of this run")


def _chart_key(run_history: RunHistory, name: str) -> str:
    return f"chart-{name}-{run_history.run.id}"


def _chart_frame(key: str, epochs: int, *, is_tested: bool = False) -> tuple[int, bool]:
    """Returns the epochs of a chart's axis, and whether its legend names the test.

    Both stay as they are while the student has zoomed: a run that ends would take the zoom away.
    """
    frames = session_dict("chart-frames")
    if _zoomed_range(key) is None or key not in frames:
        frames[key] = epochs, is_tested
    frame: tuple[int, bool] = frames[key]
    return frame


def _zoomed_range(key: str) -> EpochRange | None:
    """Returns the epochs that the student has zoomed to in a chart."""
    selection = (st.session_state.get(key) or {}).get("selection", {})
    match selection.get("zoom", {}).get("epoch"):
        case [int() | float() as first, int() | float() as last]:
            return min(first, last), max(first, last)
    return None


def _is_waiting(run_history: RunHistory, goal_point: object) -> bool:
    return goal_point is None and run_history.run.active


def _no_points_notice(run_history: RunHistory) -> None:
    st.info(
        "These curves start at the end of the first epoch."
        if run_history.run.active
        else "This run has no such curves: it ended during its first epoch, or it is older than these measurements.",
        icon=":material/show_chart:",
    )


def _zoom_help() -> None:
    st.caption(
        "Ctrl + wheel zooms, dragging moves, a double click resets the view. Of a long curve only the points"
        " that show its"
        " shape are drawn; zoom in to see them all."
    )
