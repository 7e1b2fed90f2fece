"""The page of searches: what may vary, a search that is started, followed and stopped."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.searches.searches import searches
from cnnviz.secret_key import new_owner
from cnnviz.training.config import TrainConfig
from cnnviz.ui.workbench import Workbench
from tests.pages.conftest import wait_for

OpenPage = Callable[..., AppTest]
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.fixture
def digits() -> dict[str, object]:
    """A student with the net for digits."""
    design = Workbench(PRESETS["digits-convnet"].architecture)
    return {"owner": new_owner(), "workbench": design, "config": TrainConfig(dataset="digits")}


def start(app: AppTest) -> AppTest:
    app.button(key="start-search").click().run()
    assert not app.exception
    return app


def test_a_net_that_does_not_fit_the_data_is_told(open_page: OpenPage, digits: dict[str, object]) -> None:
    app = open_page("search", **digits | {"config": TrainConfig()})
    assert app.button(key="start-search").disabled
    assert any("1 × 8 × 8" in warning.value for warning in app.warning)


def test_bounds_are_checked_where_they_stand(open_page: OpenPage, digits: dict[str, object]) -> None:
    app = open_page("search", **digits)
    app.text_input(key="space-goal").set_value("1.5").run()
    assert any("Goal" in each.value and "1.5" in each.value for each in app.markdown)
    assert app.button(key="start-search").disabled


def test_a_search_is_followed_and_stopped(server: Cluster, open_page: OpenPage, digits: dict[str, object]) -> None:
    app = open_page("search", **digits)
    app.text_input(key="space-goal").set_value("1.0").run()
    app.text_input(key="space-epochs").set_value("2").run()
    app.toggle(key="space-optimizer").set_value(False).run()
    start(app)
    name = app.session_state["search"]
    owner = str(digits["owner"])
    assert not searches().search(owner, name).space["optimizer"]
    wait_for(lambda: len([run for run in server.store.runs_of_search(name) if run.score.epoch]) >= 2)
    app.run()
    assert not app.exception
    assert len(app.get("vega_lite_chart")) >= 2
    table = app.dataframe[0].value
    assert len(table) >= 2
    assert "optimizer" not in table.columns
    app.button(key=f"halt-{name}").click().run()
    assert not app.exception
    assert searches().search(owner, name).status == "stopped"
    app.button(key=f"open-best-{name}").click().run()
    assert not app.exception
    best = max(server.store.runs_of_search(name), key=lambda run: run.score.accuracy or 0)
    assert app.session_state["workbench"].architecture == best.architecture
