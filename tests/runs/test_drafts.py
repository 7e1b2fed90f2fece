"""What a student leaves on the desk, over a store whose writing waits until the test lets it."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from cnnviz.runs.drafts import Draft, Drafts
from cnnviz.runs.store import Store
from cnnviz.search.space import Space
from cnnviz.training.config import TrainConfig
from tests.designs import ANNA, BERT, DIVERGING, NET

DRAFT = Draft(architecture=NET, past=(DIVERGING, NET.remove_layer(2)))
SPACE = Space(goal=0.985, dropout=False, runs=7)
CONFIG = TrainConfig(epochs=1000, seed=5, loss="CrossEntropyLoss")

Tasks = list[Callable[[], None]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def tasks() -> Tasks:
    return []


def make_drafts(store: Store, tasks: Tasks) -> Drafts:
    """Drafts whose tasks, now or in a second, wait until the test does them."""
    return Drafts(store, tasks.append, lambda _seconds, task: tasks.append(task))


@pytest.fixture
def drafts(store: Store, tasks: Tasks) -> Drafts:
    return make_drafts(store, tasks)


def test_one_tab_learns_of_anothers_changes(drafts: Drafts) -> None:
    assert drafts.draft_version(ANNA) == ""
    assert drafts.save_draft(ANNA, DRAFT, "", "one")
    assert drafts.save_draft(BERT, DRAFT, "", "his")
    assert not drafts.save_draft(ANNA, Draft(architecture=NET), "", "late")  # made of what is no longer there
    assert (drafts.draft(ANNA), drafts.draft_version(ANNA)) == (DRAFT, "one")
    assert drafts.save_draft(ANNA, Draft(architecture=NET), "one", "two")
    assert drafts.draft_version(ANNA) == "two"


def run_tasks(tasks: Tasks) -> None:
    while tasks:
        tasks.pop(0)()


@pytest.mark.parametrize("written", [False, True])
def test_design_way_back_and_settings_are_found_again_by_their_owner(
    store: Store, drafts: Drafts, tasks: Tasks, written: bool
) -> None:
    assert (drafts.draft(ANNA), drafts.config(ANNA), drafts.space(ANNA)) == (None, None, None)
    drafts.save_draft(ANNA, DRAFT, "", "one")
    drafts.save_config(ANNA, CONFIG)
    drafts.save_space(ANNA, SPACE)
    if written:
        run_tasks(tasks)
        drafts = make_drafts(store, tasks)  # after a restart
    assert (drafts.draft(ANNA), drafts.config(ANNA), drafts.space(ANNA)) == (DRAFT, CONFIG, SPACE)
    assert (drafts.draft(BERT), drafts.config(BERT), drafts.space(BERT)) == (None, None, None)


def test_of_several_changes_that_wait_the_last_is_written_once(
    store: Store, drafts: Drafts, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(store, "save_draft", lambda owner, name, content: written.append(content))
    for seed in range(5):
        drafts.save_config(ANNA, TrainConfig(seed=seed))
    run_tasks(tasks)
    assert written == [TrainConfig(seed=4).model_dump_json()]


def test_a_change_while_the_last_one_is_written_is_written_too(
    store: Store, drafts: Drafts, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = store.save_draft

    def slow(owner: str, name: str, content: str) -> None:
        if not tasks:
            drafts.save_config(owner, TrainConfig(seed=2))
        keep(owner, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(store, "save_draft", slow)
        drafts.save_config(ANNA, TrainConfig(seed=1))
        tasks.pop(0)()
    assert drafts.config(ANNA) == TrainConfig(seed=2)
    run_tasks(tasks)
    assert make_drafts(store, tasks).config(ANNA) == TrainConfig(seed=2)


def test_what_a_full_disk_refused_is_told_found_and_written_once_there_is_room(
    store: Store, drafts: Drafts, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not tried again, and gone after a restart without a word."""

    def refuse(*_: object) -> None:
        raise OperationalError("", {}, Exception("disk full"))

    drafts.save_config(ANNA, TrainConfig(seed=1))
    drafts.save_draft(ANNA, DRAFT, "", "one")
    with monkeypatch.context() as patch:
        patch.setattr(store, "save_draft", refuse)
        for _ in range(6):
            tasks.pop(0)()
            assert drafts.is_unsaved(ANNA)
            assert len(tasks) == 2  # one more try for each, however often
        drafts.save_config(ANNA, TrainConfig(seed=2))
        tasks.pop()()
        assert len(tasks) == 2
    assert not drafts.is_unsaved(BERT)
    assert (drafts.config(ANNA), drafts.draft(ANNA)) == (TrainConfig(seed=2), DRAFT)
    run_tasks(tasks)
    assert not drafts.is_unsaved(ANNA)
    after = make_drafts(store, tasks)
    assert (after.config(ANNA), after.draft(ANNA)) == (TrainConfig(seed=2), DRAFT)


@pytest.mark.parametrize("text", ['{"epochs": 0}', '{"epochs": "30"}', '{"nonsense": 1}', "[", ""])
def test_settings_that_are_none_any_more_are_forgotten(store: Store, drafts: Drafts, text: str) -> None:
    store.save_draft(ANNA, "config", text)
    assert drafts.config(ANNA) is None


def test_settings_without_a_field_that_came_later_are_read(store: Store, drafts: Drafts) -> None:
    store.save_draft(ANNA, "config", '{"dataset":"digits","epochs":7,"batch_size":64,"optimizer":"SGD"}')
    assert drafts.config(ANNA) == TrainConfig(dataset="digits", epochs=7)


def test_a_way_back_that_cannot_be_read_costs_not_the_design(store: Store, drafts: Drafts) -> None:
    text = f'{{"architecture": {NET.model_dump_json()}, "past": [{{"layers": "old"}}]}}'
    store.save_draft(ANNA, "draft", text)
    assert drafts.draft(ANNA) == Draft(architecture=NET)
    store.save_draft(ANNA, "draft", '{"architecture": {"layers": "old"}}')
    assert drafts.draft(ANNA) is None


def test_a_database_of_the_older_schema_opens_with_its_drafts(tmp_path: Path, tasks: Tasks) -> None:
    with sqlite3.connect(tmp_path / "cnnviz.sqlite") as connection:
        connection.execute("CREATE TABLE drafts (owner VARCHAR(32) PRIMARY KEY, architecture TEXT NOT NULL)")
        for owner, text in ((ANNA, NET.model_dump_json()), (BERT, '{"layers": "older"}')):
            connection.execute("INSERT INTO drafts VALUES (?, ?)", (owner, text))
    connection.close()
    store = Store(tmp_path)
    drafts = make_drafts(store, tasks)
    assert drafts.draft(ANNA) == Draft(architecture=NET)
    assert drafts.draft(BERT) is None
    drafts.save_draft(ANNA, DRAFT, "", "one")
    run_tasks(tasks)
    assert make_drafts(store, tasks).draft(ANNA) == DRAFT
    store.close()
