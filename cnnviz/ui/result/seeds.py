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
from cnnviz.insight.change_tree import ChangeNode, SeedGroup
from cnnviz.insight.seed_question import SeedAnswer
from cnnviz.runs.cluster import cluster
from cnnviz.runs.compared_runs import change_before, decided_answer, run_setup, runs_of_setup
from cnnviz.runs.label import fitting_title
from cnnviz.runs.run import Run, Status
from cnnviz.settings import settings
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import VALIDATION
from cnnviz.ui.runs.compared_runs import compared_run, differences_text, effect_badge, effect_verdict
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
    node = change_before(seeds, cluster().store.runs_of(current_owner()), cluster().store)
    answer = decided_answer(run, cluster().store)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(
            "Another seed means other initial weights, another order of the samples and other dropout. The same net"
            " with several seeds shows how much that alone changes."
        )
        st.markdown(_luck_text(seeds))
        _more_seeds(run, group, node, answer)
        if node is not None:
            st.markdown(_change_text(node))
        active = sum(other.active for other in group)
        if active:
            st.caption(f"{count_label(active, 'run')} of these {'is' if active == 1 else 'are'} still under way.")
    with right:
        _band_chart(seeds, node.parent if node else None)


def _luck_text(seeds: SeedGroup) -> str:
    values = seeds.accuracies
    if len(values) < 2:
        done = f"One seed so far: **{values[0]:.3f}**" if values else "No seed has been trained to its end yet"
        return f"{done}. What another one would give is not known."
    return (
        f"**{len(values)} seeds: {min(values):.3f} to {max(values):.3f}**, mean {np.mean(values):.3f}, standard"
        f" deviation {np.std(values, ddof=1):.3f}. A difference within this band may be luck."
    )


def _change_text(node: ChangeNode) -> str:
    brought = f": {effect_badge(node.effect)} {effect_verdict(node.effect)}" if node.effect else ""
    text = f"Changed since the run that it started from: {differences_text(node.differences)}{brought}."
    earlier_seeds = len(node.parent.accuracies) if node.parent else 0
    if node.effect and node.effect.is_within_chance and earlier_seeds < len(node.group.accuracies) - 1:
        text += f" That run has {count_label(earlier_seeds, 'seed')}: more seeds of it would narrow the ± most."
    return text


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


def _more_seeds(run: Run, group: Sequence[Run], node: ChangeNode | None, answer: SeedAnswer | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="more-seeds"):
        more = st.segmented_control(
            "Further seeds", SEED_COUNTS, default=SEED_COUNTS[0], required=True, key=f"seed-count-{run.id}"
        )
        number = int(more or SEED_COUNTS[0])
        if st.button(
            f"Train with {number} other seeds", type="primary", icon=":material/casino:", key=f"train-seeds-{run.id}"
        ):
            _train_seeds(run, group, number, are_all_trained=answer is not None)
    st.caption(" ".join(_plan_sentences(run, number, node, answer)))


def _plan_sentences(run: Run, number: int, node: ChangeNode | None, answer: SeedAnswer | None) -> list[str]:
    """Returns how so many further seeds are trained, and for how long."""
    together = cluster().trains_seeds_together(run)
    if answer:
        plan = [f"So far, {answer}. Further seeds are trained all the same, every one of them."]
    elif together:
        plan = ["All of them in one pass on the GPU."]
    elif node:
        plan = ["One after another, until they decide whether the change does more than chance; the rest is left out."]
        if node.parent and len(node.parent.accuracies) == 1:
            plan.append(
                "The run before the change has one seed: choose it under **Run** to narrow the ± from its side."
            )
    else:
        plan = ["One after another."]
    if run.worked:
        most = "at most " if (node or together) and not answer else ""
        plan.append(
            f"That takes {most}about {format_duration(number * run.worked)} of the device's time: this run took"
            f" {format_duration(run.worked)}."
        )
    return plan


def _train_seeds(run: Run, group: Sequence[Run], number: int, *, are_all_trained: bool) -> None:
    used = {other.config.seed for other in group if other.end_reason != EndReason.SEEDS_DECIDED}
    new = islice((seed for seed in count(1) if seed not in used), number)
    with notify_errors():
        for started, seed in enumerate(new):
            title = fitting_title(f"seed {seed}: {run_name(group[0])}")
            owner, config = current_owner(), run.config.changed(seed=seed)
            try:
                if are_all_trained:
                    cluster().submit(owner, run.architecture, config, title=title, parent=run.id)
                else:
                    cluster().submit_seed(owner, run, seed, title=title)
            except CnnvizError as error:
                raise CnnvizError(f"{started} of {number} runs were started. {error}") from None
        st.toast(f"{number} runs wait for their turn.", icon=":material/check:")
    st.rerun()
