"""What the Train page draws of a run, from points that stand in the store."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.ui.training.chart_options import DEVICE, GRADIENTS, TOP5_F1

OpenPage = Callable[..., AppTest]
DIGITS = PRESETS["digits-convnet"].architecture
EPOCHS, STEPS = 4, 10


def epoch_points(epoch: int) -> Iterator[Point]:
    """Yields the points that are measured after an epoch."""
    step = epoch * STEPS
    for split in ("train", "validation"):
        for metric, value in (("loss", 1 / epoch), ("accuracy", 1 - 0.4 / epoch), ("top-5", 0.9), ("macro F1", 0.8)):
            yield Point(step, epoch, split, metric, value)
    for layer in ("1", "5"):
        yield Point(step, epoch, layer, "gradient_norm", 0.1)
        yield Point(step, epoch, layer, "update_ratio", 1e-3)
    yield Point(step, epoch, "device", "samples_per_second", 5000.0)


def points_of(metrics: set[str] | None = None, memory: bool = False) -> list[Point]:
    points = [Point(step, 1 + (step - 1) // STEPS, "batch", "loss", 2.0) for step in range(1, EPOCHS * STEPS + 1)]
    points += [point for epoch in range(1, EPOCHS + 1) for point in epoch_points(epoch)]
    if memory:
        points.append(Point(STEPS, 1, "device", "memory_bytes", 3 * 2.0**20))
    return [point for point in points if metrics is None or point.metric in metrics]


@pytest.fixture
def owner() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def store_run(server: Cluster, owner: str) -> Callable[..., str]:
    """Returns a function that stores a run that has ended, and returns its id."""

    def store_(points: list[Point], rate: float = 0.01) -> str:
        config = TrainConfig(dataset="digits", epochs=EPOCHS, learning_rate=rate)
        now = time.time()
        run = Run(uuid.uuid4().hex, owner, "cpu", DIGITS, config, Status.DONE, now, "", EPOCHS * STEPS, now, now)
        server.store.add_run(run)
        server.store.append_points(run.id, points)
        return run.id

    return store_


def charts(app: AppTest) -> list[Any]:
    return [element.proto for element in app.get("vega_lite_chart")]


def tables(app: AppTest, place: int) -> dict[str, list[dict[str, Any]]]:
    """The data sets of a chart."""
    return {
        dataset.name: pa.ipc.open_stream(dataset.data.data).read_pandas().to_dict("records")
        for dataset in charts(app)[place].datasets
    }


def choose(app: AppTest, view: str) -> None:
    app.session_state["look-view"] = view
    app.run()
    assert not app.exception


def test_accuracy_and_loss_are_drawn_with_the_goal(
    open_page: OpenPage, store_run: Callable[..., str], owner: str
) -> None:
    store_run(points_of())
    app = open_page("train", owner=owner)
    assert len(charts(app)) == 2
    (goal,) = tables(app, 0)["goal"]
    assert goal == {"epoch": 4.0, "value": 0.9, "goal": 0.9, "label": "0.90 reached: epoch 4"}
    assert any("0.90: reached in epoch 4, with 0.900" in caption.value for caption in app.caption)
    app.text_input("look-goal").set_value("0.95").run()
    assert any("0.95: not reached." in caption.value for caption in app.caption)


def test_top_5_and_f1_are_drawn_on_both_splits(open_page: OpenPage, store_run: Callable[..., str], owner: str) -> None:
    store_run(points_of())
    app = open_page("train", owner=owner)
    choose(app, TOP5_F1)
    values = [{row["split"]: row["value"] for row in tables(app, place)["points"]} for place in (0, 1)]
    assert [value["validation"] for value in values] == [0.9, 0.8]


def test_gradients_have_a_line_for_each_layer_by_name(
    open_page: OpenPage, store_run: Callable[..., str], owner: str
) -> None:
    store_run(points_of())
    app = open_page("train", owner=owner)
    choose(app, GRADIENTS)
    assert len(charts(app)) == 2
    assert not app.exception
    (by_layer,) = app.get("plotly_chart")[-1:]
    assert '"type":"log"' in by_layer.proto.spec.replace(" ", "")
    names = [f"{number} {DIGITS.layers[int(number) - 1].kind}" for number in ("1", "5")]
    assert list(dict.fromkeys(row["line"] for row in tables(app, 0)["points"])) == names
    assert any("10⁻³ is usual" in caption.value for caption in app.caption)


@pytest.mark.parametrize("memory", [True, False])
def test_memory_is_drawn_where_it_was_measured(
    open_page: OpenPage, store_run: Callable[..., str], owner: str, memory: bool
) -> None:
    store_run(points_of(memory=memory))
    app = open_page("train", owner=owner)
    choose(app, DEVICE)
    assert len(charts(app)) == 1 + memory
    assert any("on CUDA devices only" in caption.value for caption in app.caption) is not memory
    if memory:
        assert [row["value"] for row in tables(app, 1)["points"]] == [3.0]


@pytest.mark.parametrize("view", [TOP5_F1, GRADIENTS, DEVICE])
def test_a_run_of_an_older_version_says_what_it_lacks(
    open_page: OpenPage, store_run: Callable[..., str], owner: str, view: str
) -> None:
    store_run(points_of({"loss", "accuracy"}))
    app = open_page("train", owner=owner)
    choose(app, view)
    assert not charts(app)
    assert any("This run has no such curves" in info.value for info in app.info)


@pytest.mark.parametrize("points", [[], [Point(1, 1, "batch", "loss", 2.0)]])
def test_a_run_with_hardly_a_point_is_drawn_with_every_option(
    open_page: OpenPage, store_run: Callable[..., str], owner: str, points: list[Point]
) -> None:
    store_run(points)
    app = open_page("train", owner=owner)
    app.toggle("look-log").set_value(True).run()
    app.slider("look-smoothing").set_value(0.9).run()
    assert not app.exception
    assert len(charts(app)) == 2


def test_options_are_kept_when_another_run_is_looked_at(
    open_page: OpenPage, store_run: Callable[..., str], owner: str
) -> None:
    first, second, third = (store_run(points_of(), rate) for rate in (0.01, 0.02, 0.03))
    app = open_page("train", owner=owner)
    assert app.session_state["run"] == third
    app.multiselect("look-compared").set_value([first, second]).run()
    assert not app.exception
    app.slider("look-smoothing").set_value(0.9).run()
    drawn_runs = {row["run"] for row in tables(app, 1)["points"]}
    assert len(drawn_runs) == 3
    assert {row["split"] for row in tables(app, 1)["points"]} >= {"smoothed"}
    app.selectbox("run").set_value(second).run()
    assert not app.exception
    assert app.multiselect("look-compared").value == [first]
    assert app.slider("look-smoothing").value == 0.9
    assert len({row["run"] for row in tables(app, 0)["points"]}) == 2
