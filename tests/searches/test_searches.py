"""Searches with a real cluster, a real worker and Optuna's tables in the same database."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from cnnviz.errors import CnnvizError, DesignError, LimitError
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Status
from cnnviz.runs.search import Search
from cnnviz.runs.store import Store
from cnnviz.search.space import Space
from cnnviz.searches.search_driver import RunSubmitter, SearchDriver
from cnnviz.searches.searches import Searches
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import TEST
from tests.conftest import WaitFor
from tests.designs import ANNA, BERT

CONVNET = PRESETS["digits-convnet"].architecture
DIGITS = TrainConfig(dataset="digits", batch_size=64)
HARD = {"goal": 1.0, "epochs": 30, "runs": 50}
"""A search that goes on for long."""
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


class Server:
    """A cluster with its searches, as they are in a server."""

    def __init__(self, folder: Path) -> None:
        self.limits = Settings(data_dir=folder, devices="cpu")
        self.cluster = Cluster(self.limits)
        self.searches = Searches(self.cluster, self.cluster.store, self.limits, tick=0.05)
        self.searches.open()

    def close(self) -> None:
        self.searches.close()
        self.cluster.close()

    def search(self, search_id: str) -> Search:
        return self.searches.search(ANNA, search_id)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Server]]:
    """Start a server in the same folder again and again."""
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CNNVIZ_THREADS", "1")
    settings.cache_clear()
    running: list[Server] = []

    def begin() -> Server:
        while running:
            running.pop().close()
        running.append(Server(tmp_path))
        return running[-1]

    yield begin
    while running:
        running.pop().close()
    settings.cache_clear()


@pytest.fixture(autouse=True)
def no_task_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.ERROR)
    yield
    assert caplog.records == []


def test_a_search_ends_at_the_goal_with_one_test_of_the_winner(start: Callable[[], Server], wait_for: WaitFor) -> None:
    server = start()
    name = server.searches.start(ANNA, CONVNET, DIGITS, Space(goal=0.5, epochs=2, runs=6))
    wait_for(lambda: not server.search(name).active)
    search, progress = server.search(name), server.searches.progress(ANNA, name)
    assert search.status == Status.DONE
    assert progress.winner
    won = next(trial for trial in progress.trials if trial.number == progress.winner)
    run = server.cluster.run(ANNA, won.run_id or "")
    assert (run.status, run.search) == (Status.DONE, name)
    assert run.score.accuracy
    assert run.score.accuracy >= 0.5
    assert f"On the test samples, used once, it has {run.score.test:.3f}." in search.message
    asked = [
        point for _, point in server.cluster.store.points(run.id) if (point.split, point.metric) == (TEST, "accuracy")
    ]
    assert [point.value for point in asked] == [run.score.test]
    wait_for(lambda: not any(each.active for each in server.cluster.store.runs_of_search(name)))
    stopped = [each for each in server.cluster.store.runs_of_search(name) if each.status == Status.STOPPED]
    assert all(
        each.score.test is None for each in stopped
    )  # others that ended by themselves are tested as all runs are


def test_a_search_keeps_to_the_share_of_its_student_and_stops_with_all_its_runs(
    start: Callable[[], Server], wait_for: WaitFor
) -> None:
    server = start()
    name = server.searches.start(ANNA, CONVNET, DIGITS, Space(**HARD))
    with pytest.raises(LimitError, match="You have a search under way"):
        server.searches.start(ANNA, CONVNET, DIGITS, Space(**HARD))
    wait_for(lambda: len(server.cluster.store.runs_of_search(name)) >= 3)
    active = [run for run in server.cluster.store.runs_of_search(name) if run.active]
    assert len(active) <= server.limits.max_running_runs
    with pytest.raises(DesignError, match="no such search of yours"):
        server.searches.stop(BERT, name)
    server.searches.stop(ANNA, name)
    assert server.search(name).status == Status.STOPPED
    wait_for(lambda: not any(run.active for run in server.cluster.store.runs_of_search(name)))
    server.searches.stop(ANNA, name)


def test_a_search_goes_on_after_a_restart_with_what_it_knew(start: Callable[[], Server], wait_for: WaitFor) -> None:
    server = start()
    name = server.searches.start(ANNA, CONVNET, DIGITS, Space(**HARD))
    wait_for(lambda: len(server.cluster.store.runs_of_search(name)) >= 2)
    before = {run.id for run in server.cluster.store.runs_of_search(name)}
    server = start()
    assert server.search(name).active
    assert before <= {trial.run_id for trial in server.searches.progress(ANNA, name).trials}
    wait_for(lambda: len(server.cluster.store.runs_of_search(name)) > len(before))
    numbers = [trial.number for trial in server.searches.progress(ANNA, name).trials]
    assert numbers == list(range(1, len(numbers) + 1))
    server.searches.stop(ANNA, name)


def test_what_cannot_be_searched_is_refused(start: Callable[[], Server]) -> None:
    server = start()
    nothing = Space(**{name: False for name, value in Space().model_dump().items() if value is True})
    with pytest.raises(CnnvizError, match="Nothing may vary"):
        server.searches.start(ANNA, CONVNET, DIGITS, nothing)
    with pytest.raises(CnnvizError, match="takes samples of 1 × 8 × 8"):
        server.searches.start(ANNA, CONVNET, TrainConfig(dataset="words"), Space())
    assert server.searches.searches_of(ANNA) == []


def test_a_search_that_breaks_ends_and_leaves_the_others_alone(
    tmp_path: Path, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would be tried again and again, or stay under way for ever, and its student could not start another."""
    store, limits = Store(tmp_path), Settings(data_dir=tmp_path)
    unreadable = Search("0" * 32, BERT, 1.0, CONVNET, DIGITS, {"a later version's": True})
    store.add_search(unreadable)
    halted: list[str] = []
    monkeypatch.setattr(SearchDriver, "step", lambda driver: 1 / 0)
    monkeypatch.setattr(SearchDriver, "stop_runs", lambda driver: halted.append(driver.search.id))
    running = Searches(cast(RunSubmitter, None), store, limits)
    running.open()
    for _ in range(2):
        name = running.start(ANNA, CONVNET, DIGITS, Space())
        wait_for(lambda name=name: not running.search(ANNA, name).active)
        assert running.search(ANNA, name).status == Status.FAILED
        assert name in halted, "its runs are stopped first"
    broken = running.search(BERT, unreadable.id)
    assert (broken.status, "another version" in broken.message) == (Status.FAILED, True)
    running.close()
    store.close()
    assert len(caplog.records) == 3
    caplog.clear()
