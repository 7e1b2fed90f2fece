"""What can be done with a run on the Train page, and the search for a learning rate."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.training.config import TrainConfig
from cnnviz.ui.workbench import Workbench
from tests.pages.conftest import wait_for

OpenPage = Callable[..., AppTest]
DIGITS = PRESETS["digits-convnet"].architecture
ENDLESS = TrainConfig(dataset="digits", epochs=1000)
SHORT = ENDLESS.changed(epochs=2)


def labels(app: AppTest) -> dict[str, bool]:
    """The buttons of the run by their label, and whether they can be pressed."""
    return {button.label: not button.disabled for button in app.button}


def badge(app: AppTest) -> str:
    return " ".join(markdown.value for markdown in app.markdown)


def remark(app: AppTest) -> str:
    return app.warning[0].value.replace("\\", "")


def started(app: AppTest, server: Cluster) -> Run:
    app.button("train").click().run()
    run_id = app.session_state["run"]
    wait_for(lambda: server.store.points(run_id))
    run = server.store.run(run_id)
    assert run
    app.run()
    return run


def status(server: Cluster, run: Run) -> Status:
    stored_run = server.store.run(run.id)
    assert stored_run
    return stored_run.status


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    return open_page("train", workbench=Workbench(DIGITS), config=ENDLESS)


def test_a_run_is_paused_resumed_and_stopped(app: AppTest, server: Cluster) -> None:
    run = started(app, server)
    assert labels(app) | {"Pause": True, "Stop": True} == labels(app)
    app.button(f"pause-{run.id}").click().run()
    wait_for(lambda: status(server, run) == Status.PAUSED)
    app.run()
    assert "paused" in badge(app)
    assert labels(app) | {"Resume": True, "Stop": True} == labels(app)
    shown = len(server.store.points(run.id))
    app.button(f"resume-{run.id}").click().run()
    wait_for(lambda: len(server.store.points(run.id)) > shown)
    app.run()
    app.button(f"stop-{run.id}").click().run()
    wait_for(lambda: status(server, run) == Status.STOPPED)
    app.run()
    assert not app.exception
    assert "Resume" not in labels(app)
    assert not labels(app)["Stop"]


def test_a_run_that_ended_is_trained_further(open_page: OpenPage, server: Cluster) -> None:
    app = open_page("train", workbench=Workbench(DIGITS), config=SHORT)
    run = started(app, server)
    wait_for(lambda: status(server, run) == Status.DONE)
    app.run()
    app.text_input(f"epochs-{run.id}").set_value("3").run()
    app.button(f"further-{run.id}").click().run()
    wait_for(lambda: status(server, run) == Status.DONE)
    stored_run = server.store.run(run.id)
    assert stored_run
    assert stored_run.config.epochs == 5
    assert max(point.epoch for _, point in server.store.points(run.id)) == 5
    app.run()
    assert not app.exception
    assert "epoch **5** of 5" in badge(app)


def test_net_and_settings_of_a_run_are_taken_back_to_the_desk(open_page: OpenPage, server: Cluster) -> None:
    app = open_page("train", workbench=Workbench(DIGITS), config=SHORT)
    run = started(app, server)
    other = PRESETS["lab-convnet"].architecture
    app.session_state["config"] = TrainConfig()
    app.session_state["workbench"] = app.session_state["workbench"].restructure(other, (0,))
    app.run()
    app.button(f"clone-{run.id}").click().run()
    assert not app.exception
    assert app.session_state["workbench"].architecture == DIGITS
    assert app.session_state["config"] == SHORT
    app.button("train").click().run()
    again = server.store.run(app.session_state["run"])
    assert again
    assert again.id != run.id
    assert (again.architecture, again.config) == (run.architecture, run.config)
    assert (run.parent, again.parent) == (None, run.id)


def test_a_rate_that_was_found_is_used_by_a_click_and_remembered_with_what_it_is_for(
    app: AppTest, open_page: OpenPage, server: Cluster
) -> None:
    app.button("find").click().run()
    run_id = app.session_state["run"]
    wait_for(lambda: not server.store.run(run_id).active)
    app.run()
    assert not app.exception
    result = server.store.facts(run_id).lr_finder
    assert result is not None
    assert f"Suggested learning rate: **{result.suggestion:g}**" in badge(app)
    assert labels(app)[f"Use {result.suggestion:g}"]
    (trial,) = result.trials
    assert trial.falls
    fall = f"from {trial.start:.2f} to {trial.end:.2f}"
    assert f"Tried out, 60 steps from the same start: at {trial.rate:g} the loss fell {fall}" in badge(app)
    app.button(f"use-tried-{result.suggestion:g}-{run_id}").click().run()
    assert app.session_state["config"].learning_rate == result.suggestion
    app.button(f"use-ignite-{result.steepest:g}-{run_id}").click().run()
    assert app.session_state["config"].learning_rate == result.steepest
    assert {"Pause", "Train further", "Resume"}.isdisjoint(labels(app))
    assert not app.warning
    app.session_state["workbench"] = Workbench(DIGITS.update_layer(0, out_channels=8))
    app.run()
    assert f"{result.steepest:g} was found for another net (ConvNet for handwritten digits)" in remark(app)
    again = open_page("train", owner=app.session_state["owner"], workbench=Workbench(DIGITS))
    assert not again.warning
    again.session_state["config"] = again.session_state["config"].changed(optimizer="Adam")
    again.run()
    assert "was found for the optimizer SGD" in remark(again)


def test_a_run_that_is_held_says_for_what_it_waits(app: AppTest, server: Cluster) -> None:
    runs = [started(app, server) for _ in range(2)]
    for _ in range(2):
        app.button("train").click().run()
    assert "waits until one of your other runs has ended" in badge(app)
    assert not app.exception
    for run in server.store.runs_of(app.session_state["owner"]):
        server.stop(run.owner, run.id)
    for run in runs:
        wait_for(lambda run=run: status(server, run) == Status.STOPPED)
