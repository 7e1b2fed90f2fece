"""Optuna's tables beside those of cnnviz, in the same database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from cnnviz.runs.store import Store
from cnnviz.search.space import CategoricalParameter, RangeParameter
from cnnviz.searches.study import Study, Trial, open_storage
from cnnviz.settings import Settings
from tests.designs import make_run

pytest_plugins = ["tests.runs.databases"]
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
PARAMETERS = {
    "learning_rate": RangeParameter(1e-4, 1e-1, 1e-2, is_log=True),
    "width": CategoricalParameter((0.5, 1.0, 2.0), 1.0),
}
START = {"learning_rate": 1e-2, "width": 1.0}


@contextmanager
def storage_of(folder: Path, url: str) -> Iterator[RDBStorage]:
    storage = open_storage(Settings(data_dir=folder, database_url=url))
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def test_a_study_goes_on_where_it_was_and_leaves_the_runs_alone(tmp_path: Path, url: str) -> None:
    store = Store(tmp_path, url)
    run = make_run()
    store.add_run(run)
    with storage_of(tmp_path, url) as storage:
        study = Study(storage, "one", PARAMETERS)
        study.enqueue(START)
        first = study.ask()
        assert first == Trial(1, START, None)
        study.set_run(1, run.id)
        study.report(1, 1, 0.5)
        study.complete(1, 0.5)
        second = study.ask()
        study.set_run(second.number, "later")
    store.close()
    store = Store(tmp_path, url)  # which finds its own version, regardless of Optuna's own version table
    assert store.run(run.id) == run
    store.close()
    with storage_of(tmp_path, url) as storage:
        study = Study(storage, "one", PARAMETERS)
        assert study.trials() == (Trial(1, START, run.id), Trial(2, second.params, "later"))
        assert study.running_trials() == (Trial(2, second.params, "later"),)
        assert study.reported_accuracies(1) == {1: 0.5}
        study.winner = 2
        assert study.winner == 2
        assert Study(storage, "another", PARAMETERS).trials() == ()


def test_no_choice_exceeds_the_bound_that_goes_with_another_choice(tmp_path: Path) -> None:
    rates = RangeParameter(1e-4, 1e-1, 1e-2, is_log=True, depends_on="optimizer", highs=(("Adam", 1e-2),))
    parameters = {"learning_rate": rates, "optimizer": CategoricalParameter(("SGD", "Adam"), "SGD")}
    Store(tmp_path).close()
    with storage_of(tmp_path, "") as storage:
        study = Study(storage, "one", parameters)
        for _ in range(30):
            trial = study.ask()
            study.complete(trial.number, float(trial.params["learning_rate"] or 0))  # the highest are best
        tried = {
            optimizer: [
                trial.params["learning_rate"] for trial in study.trials() if trial.params["optimizer"] == optimizer
            ]
            for optimizer in ("SGD", "Adam")
        }
        assert 0 < max(tried["Adam"]) <= 1e-2 < max(tried["SGD"]) <= 1e-1  # type: ignore[type-var]
        assert study.importances().keys() == parameters.keys()


def test_a_run_falls_behind_that_is_not_in_the_better_half_of_those_that_came_as_far(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with storage_of(tmp_path, "") as storage:
        study = Study(storage, "one", PARAMETERS)
        for accuracy in (0.5, 0.8, 0.2):
            number = study.ask().number
            for epoch in (1, 2):
                study.report(number, epoch, accuracy * epoch / 2)
            behind = study.falls_behind(number)
            assert behind == (accuracy == 0.2)
        study.prune(3, behind=True)
        assert [trial.pruned for trial in study.trials()] == [False, False, True]
