"""Is it luck? The same net and settings with other seeds, drawn as a band."""

from collections.abc import Sequence
from functools import partial
from itertools import count, islice

import numpy as np
import streamlit as st

from cnnviz.charts.axes import GOAL, POINTS, goal_line_table
from cnnviz.charts.curve import Curve
from cnnviz.charts.seed_band import band_spec, band_table
from cnnviz.errors import CnnvizError
from cnnviz.insight.change_tree import SeedGroup, build_change_tree
from cnnviz.runs.cluster import cluster
from cnnviz.runs.label import fitting_title
from cnnviz.runs.run import Run, Status
from cnnviz.settings import settings
from cnnviz.training.point import VALIDATION
from cnnviz.ui.runs.compared_runs import (
    compared_run,
    differences_text,
    effect_badge,
    effect_verdict,
    run_setup,
    runs_of_setup,
)
from cnnviz.ui.runs.labels import run_name
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.live_fragment import live_fragment
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.words import count_label, format_duration

SEED_COUNTS = (2, 3, 4)
"""Numbers of further seeds that are offered."""
MAX_BAND_SEEDS = 20
REFRESH_SECONDS = 2.0
THIS, BEFORE = "this net and settings", "before the change"
"""Names of the bands."""


def seeds_view(run: Run) -> None:
    """Draws the band of all seeds, what it says about luck, and the button that trains more of them."""
    if run.active or run.status == Status.PAUSED:
        st.info("Once this run has ended, you can train it with other seeds here.", icon=":material/hourglass_empty:")
        return
    live_fragment(
        partial(_load_group, run),
        partial(_group_view, run),
        is_active=lambda group: any(other.active for other in group),
        watched=lambda group: [other.id for other in group],
        seconds=REFRESH_SECONDS,
    )


def _load_group(run: Run) -> list[Run]:
    return runs_of_setup(run_setup(run), cluster().store.runs_of(current_owner()))


def _group_view(run: Run, group: Sequence[Run]) -> None:
    seeds = SeedGroup(tuple(map(compared_run, group)))
    before = _group_before(run, seeds)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(
            "Another seed means other initial weights, another order of the samples and other dropout. The same net"
            " with several seeds shows how much that alone changes."
        )
        st.markdown(_luck_text(seeds))
        _more_seeds(run, group)
        if before is not None:
            st.markdown(before[1])
        active = sum(other.active for other in group)
        if active:
            st.caption(f"{count_label(active, 'run')} of these {'is' if active == 1 else 'are'} still under way.")
    with right:
        _band_chart(seeds, before[0] if before else None)


def _luck_text(seeds: SeedGroup) -> str:
    values = seeds.accuracies
    if len(values) < 2:
        done = f"One seed so far: **{values[0]:.3f}**" if values else "No seed has been trained to its end yet"
        return f"{done}. What another one would give is not known."
    return (
        f"**{len(values)} seeds: {min(values):.3f} to {max(values):.3f}**, mean {np.mean(values):.3f}, standard"
        f" deviation {np.std(values, ddof=1):.3f}. A difference within this band may be luck."
    )


def _group_before(run: Run, seeds: SeedGroup) -> tuple[SeedGroup, str] | None:
    """Returns the runs that these started from, and what was changed; None where that is not known."""
    parent_id = next(
        (other.parent for other in seeds.runs if other.parent not in (None, *(r.id for r in seeds.runs))), None
    )
    mine = cluster().store.runs_of(current_owner()) if parent_id else []
    parent = next((other for other in mine if other.id == parent_id), None)
    if parent is None:
        return None
    earlier = runs_of_setup(run_setup(parent), mine)
    nodes = build_change_tree((*map(compared_run, earlier), *seeds.runs))
    node = next((node for node in nodes if node.parent and node.group.runs[0].id == seeds.runs[0].id), None)
    if node is None or node.parent is None:
        return None
    brought = f": {effect_badge(node.effect)} {effect_verdict(node.effect)}" if node.effect else ""
    return node.parent, f"Changed since the run that it started from: {differences_text(node.differences)}{brought}."


def _band_chart(seeds: SeedGroup, before: SeedGroup | None) -> None:
    groups = {THIS: seeds} | ({BEFORE: before} if before else {})
    shown = {
        name: [run.id for run in group.runs if run.accuracy is not None][:MAX_BAND_SEEDS]
        for name, group in groups.items()
    }
    lines = cluster().store.epoch_series(
        [run_id for ids in shown.values() for run_id in ids], (VALIDATION,), ("accuracy",)
    )
    curves = {
        name: [
            Curve(series[0].astype(float), series[1])
            for run_id in ids
            if (series := lines.get((run_id, VALIDATION, "accuracy")))
        ]
        for name, ids in shown.items()
    }
    if not curves[THIS]:
        return
    epochs = max(run.setup.config.epochs for group in groups.values() for run in group.runs)
    tables = {POINTS: band_table(curves), GOAL: goal_line_table(settings().goal)}
    vega_chart(
        band_spec(epochs, list(groups)),
        tables,
        key="seed-band",
        alt="lowest, mean and highest validation accuracy over the epochs of runs with other seeds",
        selection_mode=(),
    )
    st.caption(
        "The line is the mean of the seeds that were trained to their end, the band reaches from the lowest to the"
        " highest."
    )


def _more_seeds(run: Run, group: Sequence[Run]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="more-seeds"):
        more = st.segmented_control(
            "Further seeds", SEED_COUNTS, default=SEED_COUNTS[0], required=True, key=f"seed-count-{run.id}"
        )
        number = int(more or SEED_COUNTS[0])
        if st.button(
            f"Train with {number} other seeds", type="primary", icon=":material/casino:", key=f"train-seeds-{run.id}"
        ):
            _train_seeds(run, group, number)
    if run.worked:
        st.caption(
            f"In the ordinary queue, about {format_duration(number * run.worked)} of the device's time: this run took"
            f" {format_duration(run.worked)}."
        )


def _train_seeds(run: Run, group: Sequence[Run], number: int) -> None:
    used = {other.config.seed for other in group}
    new = islice((seed for seed in count(1) if seed not in used), number)
    with notify_errors():
        for started, seed in enumerate(new):
            title = fitting_title(f"seed {seed}: {run_name(group[0])}")
            try:
                cluster().submit(
                    current_owner(), run.architecture, run.config.changed(seed=seed), title=title, parent=run.id
                )
            except CnnvizError as error:
                raise CnnvizError(f"{started} of {number} runs were started. {error}") from None
        st.toast(f"{number} runs wait for their turn.", icon=":material/check:")
    st.rerun()
