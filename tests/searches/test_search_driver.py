"""One search, step by step, with runs that each test scripts; Optuna and the store are real."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from cnnviz.architecture import Architecture
from cnnviz.errors import DataError, LimitError
from cnnviz.presets import PRESETS
from cnnviz.runs.run import STOPPED_BY_STUDENT, Ending, Run, Status
from cnnviz.runs.search import Search
from cnnviz.runs.store import Store
from cnnviz.search.space import Space, search_parameters
from cnnviz.searches.search_driver import MAX_REFUSED_TRIALS, SearchDriver
from cnnviz.searches.study import Study, open_storage
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import Point
from tests.designs import ANNA, make_run

CONVNET = PRESETS["digits-convnet"].architecture
CONFIG = TrainConfig(dataset="digits")
LAST = 4
"""Epochs of each run."""


class Trainer:
    """Takes runs as a cluster does, and trains them when a test calls `train`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reasons: dict[str, str] = {}
        self.full = False

    def submit(
        self, owner: str, architecture: Architecture, config: TrainConfig, *, title: str = "", search: str | None = None
    ) -> Run:
        if self.full:
            raise LimitError("You have enough runs.")
        run = make_run(owner, architecture=architecture, config=config, title=title, search=search)
        self.store.add_run(replace(run, status=Status.RUNNING))
        return run

    def stop(self, owner: str, run_id: str, wait: float = 0.0, ending: Ending = STOPPED_BY_STUDENT) -> None:
        assert ending.reason == EndReason.SEARCH
        self.reasons[run_id] = ending.message
        self.store.update_run(run_id, status=Status.STOPPED, message=ending.message, end_reason=ending.reason)

    def train(self, run: Run, *accuracies: float, test: float | None = None, status: Status | None = None) -> None:
        """Lets a run reach these accuracies, one per epoch, and then end."""
        last_epoch = self.store.run(run.id).score.epoch  # type: ignore[union-attr]
        for epoch, accuracy in enumerate(accuracies, last_epoch + 1):
            values = (("accuracy", accuracy), ("loss", 1 - accuracy))
            self.store.append_points(run.id, [Point(epoch, epoch, "validation", *value) for value in values])
        if test is not None:
            self.store.append_points(run.id, [Point(LAST, LAST, "test", "accuracy", test)])
        if status:
            self.store.update_run(run.id, status=status)


class Room:
    """A store with a search in it, and the trainer that takes its runs."""

    def __init__(self, folder: Path) -> None:
        self.limits = Settings(data_dir=folder)
        self.store = Store(folder)
        self.storage = open_storage(self.limits)
        self.trainer = Trainer(self.store)

    def make_driver(self, *, begin: bool = True, search: Search | None = None, **space: object) -> SearchDriver:
        """Returns a driver that begins a search, or resumes it."""
        requested_space = Space(**{"goal": 0.9, "epochs": LAST, "runs": 20} | space)
        search = search or Search(uuid.uuid4().hex, ANNA, 1.0, CONVNET, CONFIG, requested_space.model_dump())
        parameters = search_parameters(Space.model_validate(search.space), search.architecture, search.config)
        driver = SearchDriver(search, Study(self.storage, search.id, parameters), self.trainer, self.store, self.limits)
        if begin:
            self.store.add_search(search)
            driver.enqueue_start(parameters)
        else:
            driver.resume()
        return driver

    def active(self, driver: SearchDriver) -> list[Run]:
        return [run for run in self.store.runs_of_search(driver.search.id) if run.active]

    def close(self) -> None:
        self.storage.remove_session()
        self.storage.engine.dispose()
        self.store.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    opened = Room(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def driver(room: Room) -> SearchDriver:
    """A search with its first two runs."""
    driver = room.make_driver()
    assert driver.step() is None
    return driver


def test_the_first_run_is_the_design_as_it_is_and_the_share_is_filled(room: Room, driver: SearchDriver) -> None:
    first, second = room.active(driver)
    assert (first.title, first.architecture) == ("Search 1, run 1", CONVNET)
    assert first.config == CONFIG.model_copy(update={"epochs": LAST, "schedule": "one-cycle"})
    assert second.title == "Search 1, run 2"
    assert driver.step() is None
    assert len(room.active(driver)) == room.limits.max_running_runs


def test_other_runs_of_the_student_come_first(room: Room) -> None:
    for _ in range(room.limits.max_running_runs):
        room.store.add_run(make_run(ANNA))
    driver = room.make_driver()
    assert driver.step() is None
    assert room.active(driver) == []


def test_choices_wait_while_a_limit_refuses_their_run(
    room: Room, driver: SearchDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = room.active(driver)
    room.trainer.train(first, 0.5, status=Status.DONE)
    room.trainer.full = True
    assert driver.step() is None
    assert [trial.run_id is None for trial in driver.progress().trials] == [False, False, True]
    monkeypatch.setattr(driver, "_submit_not_before", 0.0)
    room.trainer.full = False
    assert driver.step() is None
    assert len(driver.progress().trials) == 3
    assert all(trial.run_id for trial in driver.progress().trials)


def test_a_run_that_falls_behind_is_stopped_with_the_reason_and_makes_room(room: Room, driver: SearchDriver) -> None:
    first, second = room.active(driver)
    room.trainer.train(first, 0.5, 0.8)
    driver.step()
    room.trainer.train(second, 0.1, 0.2)
    driver.step()
    assert "after epoch 2: with 0.200 on validation" in room.trainer.reasons[second.id]
    assert [trial.pruned for trial in driver.progress().trials[:2]] == [False, True]
    assert [run.title for run in room.active(driver)] == ["Search 1, run 1", "Search 1, run 3"]


@pytest.fixture
def later(room: Room, driver: SearchDriver) -> tuple[Run, Run, Run]:
    """The first run, a finished one, and a third that has reached the goal, with the message of the search."""
    first, second = room.active(driver)
    room.trainer.train(second, 0.3, status=Status.DONE)
    driver.step()
    _, third = room.active(driver)
    room.trainer.train(first, 0.7)
    room.trainer.train(third, 0.5, 0.92)
    assert driver.step() is None
    return first, second, third


def test_at_the_goal_the_winner_and_the_net_as_it_is_train_to_their_ends(
    room: Room, driver: SearchDriver, later: tuple[Run, Run, Run]
) -> None:
    first, _, third = later
    assert room.trainer.reasons == {}
    assert [run.id for run in room.active(driver)] == [first.id, third.id]
    (search,) = room.store.searches(ANNA)
    assert search.message.startswith("Run 3 reached 0.920 on validation")
    assert search.message.endswith("Run 1, your net as it is, trains to its end, too: only a better one replaces it.")
    room.trainer.train(third, 0.91, 0.94, test=0.93, status=Status.DONE)
    assert driver.step() is None
    room.trainer.train(first, 0.8, 0.8, status=Status.DONE)
    ending = driver.step()
    assert ending
    assert ending.status == Status.DONE
    assert ending.message == (
        "Run 3 of 3 has 0.940 on validation; the goal was 0.90. On the test samples, used once, it has 0.930."
    )


def test_a_search_never_ends_below_the_net_that_it_began_with(
    room: Room, driver: SearchDriver, later: tuple[Run, Run, Run]
) -> None:
    """The first run was stopped when another reached the goal, though its own end was better."""
    first, _, third = later
    room.trainer.train(third, status=Status.DONE)
    room.trainer.train(first, 0.9, 0.96, test=0.95, status=Status.DONE)
    ending = driver.step()
    assert ending
    assert ending.message.startswith("Run 1 of 3, your net as it is, has 0.960 on validation; the goal was 0.90.")
    assert driver.progress().winner == 1


def test_all_others_stop_at_the_goal(room: Room, driver: SearchDriver) -> None:
    first, second = room.active(driver)
    room.trainer.train(first, 0.95)
    driver.step()
    assert room.trainer.reasons == {second.id: "Stopped: run 1 of its search reached the goal."}


def test_a_run_is_not_stopped_after_its_last_epoch(room: Room, driver: SearchDriver) -> None:
    """It had all its epochs behind it, and was stopped before it was tested."""
    first, second = room.active(driver)
    room.trainer.train(first, 0.5, 0.8, 0.8, 0.8)
    driver.step()
    room.trainer.train(second, 0.5, 0.8, 0.8, 0.7)
    driver.step()
    room.trainer.train(room.active(driver)[1], status=Status.DONE)
    driver.step()
    third = room.active(driver)[1]
    room.trainer.train(third, 0.5, 0.1, 0.1)
    driver.step()
    assert list(room.trainer.reasons) == [third.id]
    fourth = room.active(driver)[1]
    room.trainer.train(fourth, 0.1, 0.2, 0.2, 0.2)
    driver.step()
    assert list(room.trainer.reasons) == [third.id]


def test_the_net_as_it_is_trains_to_its_end_however_it_does(room: Room, driver: SearchDriver) -> None:
    first, second = room.active(driver)
    room.trainer.train(second, 0.5, 0.8)
    driver.step()
    room.trainer.train(first, 0.1, 0.2)
    driver.step()
    assert room.trainer.reasons == {}


def test_of_two_that_reach_the_goal_at_once_one_wins(room: Room, driver: SearchDriver) -> None:
    for run in room.active(driver):
        room.trainer.train(run, 0.95)
    driver.step()
    assert driver.progress().winner == 1
    assert len(room.active(driver)) == 1


def test_a_winner_that_is_stopped_before_its_end_was_not_tested(room: Room, driver: SearchDriver) -> None:
    first, _ = room.active(driver)
    room.trainer.train(first, 0.95, status=Status.STOPPED)
    ending = driver.step()
    assert ending
    assert ending.message.endswith("It ended before it was tested.")


@pytest.mark.parametrize("remove", [lambda room, run: room.store.delete_run(run.id), lambda room, run: None])
def test_a_search_ends_when_all_its_runs_are_used_up(room: Room, remove: Callable[[Room, Run], None]) -> None:
    driver = room.make_driver(runs=3)
    driver.step()
    first, second = room.active(driver)
    room.trainer.train(first, 0.3, 0.6, 0.6, 0.6, status=Status.DONE)
    room.trainer.train(second, status=Status.FAILED)
    assert driver.step() is None
    (third,) = room.active(driver)
    room.trainer.train(third, 0.1, status=Status.STOPPED)
    remove(room, third)
    ending = driver.step()
    assert ending
    assert ending.message == (
        "None of 3 runs reached 0.90 on validation. Run 1 came nearest, with 0.600: it is your net as it is. Let more"
        " vary, or allow more epochs or runs."
    )


def test_designs_that_cannot_be_trained_end_the_search_with_the_reason(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed(*_: object) -> None:
        raise DataError("This data set was removed.")

    driver = room.make_driver()
    monkeypatch.setattr("cnnviz.searches.search_driver.find_dataset", removed)
    ending = driver.step()
    assert ending == (
        Status.FAILED,
        f"{MAX_REFUSED_TRIALS} designs in a row could not be trained. This data set was removed.",
    )
    assert room.store.runs_of_search(driver.search.id) == []


def test_after_a_restart_runs_are_followed_from_where_they_were(room: Room, driver: SearchDriver) -> None:
    first, second = room.active(driver)
    room.trainer.train(first, 0.5)
    driver.step()
    room.trainer.train(first, 0.6, 0.7, 0.7, test=0.6, status=Status.DONE)  # while nobody looks
    room.trainer.train(second, 0.8)
    again = room.make_driver(begin=False, search=driver.search)
    assert again.step() is None
    assert [trial.run_id for trial in again.progress().trials[:2]] == [first.id, second.id]
    assert [run.title for run in room.active(again)] == ["Search 1, run 2", "Search 1, run 3"]
    room.trainer.train(second, 0.97)
    again.step()
    assert again.progress().winner == 2
    once_more = room.make_driver(begin=False, search=driver.search)
    assert once_more.step() is None
    room.trainer.train(second, test=0.9, status=Status.DONE)
    assert once_more.step() is not None


def test_a_run_that_no_search_knows_of_is_stopped_after_a_restart(room: Room, driver: SearchDriver) -> None:
    unknown_run = room.trainer.submit(ANNA, CONVNET, CONFIG, search=driver.search.id)
    room.make_driver(begin=False, search=driver.search)
    assert list(room.trainer.reasons) == [unknown_run.id]


def test_the_halt_stops_all_runs(room: Room, driver: SearchDriver) -> None:
    driver.stop_runs()
    driver.stop_runs()
    assert room.active(driver) == []
    assert set(room.trainer.reasons.values()) == {"Stopped with its search."}


def test_importances_are_told_when_enough_runs_have_ended(room: Room) -> None:
    driver = room.make_driver(goal=1.0)
    for accuracy in (0.2, 0.4, 0.5, 0.6, 0.7, 0.8):
        driver.step()
        assert driver.progress().importances == {} or accuracy > 0.6
        room.trainer.train(room.active(driver)[0], *[accuracy] * LAST, status=Status.DONE)
    driver.step()
    assert sum(driver.progress().importances.values()) == pytest.approx(1)


def refuse_next_write(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Makes the database refuse the next call of one of Optuna's methods that write."""
    write = getattr(RDBStorage, name)

    def refuse(*_: object, **__: object) -> None:
        monkeypatch.setattr(RDBStorage, name, write)
        raise StorageInternalError("locked")

    monkeypatch.setattr(RDBStorage, name, refuse)


def test_which_run_it_is_is_noted_again_where_the_database_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = room.make_driver()
    refuse_next_write(monkeypatch, "set_trial_user_attr")
    with pytest.raises(StorageInternalError):
        driver.step()
    assert driver.step() is None
    runs = {run.id for run in room.active(driver)}
    assert {trial.run_id for trial in driver.progress().trials} == runs


def test_a_winner_is_not_lost_where_the_database_refused(
    room: Room, driver: SearchDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = room.active(driver)
    room.trainer.train(first, 0.5, 0.95, test=0.9, status=Status.DONE)
    refuse_next_write(monkeypatch, "set_study_user_attr")
    with pytest.raises(StorageInternalError):
        driver.step()
    driver.step()
    assert driver.progress().winner == 1
