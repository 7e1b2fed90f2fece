"""Runs and designs that are shared: seen by whom they are for, until they are revoked, in both databases."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cnnviz.errors import CnnvizError, DesignError, LimitError
from cnnviz.identity.account import Account
from cnnviz.identity.person import Person
from cnnviz.runs import sharing as sharing_module
from cnnviz.runs.run import Run, Status
from cnnviz.runs.sharing import CLASS, Sharing
from cnnviz.runs.store import Store
from cnnviz.runs.task_loop import TaskLoop
from tests.designs import ANNA, BERT, DIVERGING, NET, make_run

pytest_plugins = ["tests.runs.databases"]
CLARA, NOBODY = "s" + "c" * 31, "s" + "0" * 31


@pytest.fixture
def loop() -> Iterator[TaskLoop]:
    running = TaskLoop("writer")
    running.start()
    yield running
    running.call_soon(running.stop)
    running.join(10)


@pytest.fixture
def store(tmp_path: Path, url: str) -> Iterator[Store]:
    opened = Store(tmp_path, url)
    for owner, name in ((ANNA, "Anna"), (BERT, "Bert"), (CLARA, "Clara")):
        opened.people.add(Account(Person(owner, name), login=owner))
    yield opened
    opened.close()


@pytest.fixture
def sharing(store: Store, loop: TaskLoop) -> Sharing:
    return Sharing(store, loop)


@pytest.fixture
def run(store: Store) -> Run:
    """A run of Anna's."""
    added = make_run(ANNA, status=Status.DONE)
    store.add_run(added)
    return added


def refused(sharing: Sharing, viewer: str, share_id: int) -> bool:
    """Whether somebody finds nothing of a share, in a list or by its number, and is told so in a sentence."""
    with pytest.raises(DesignError, match=r"^This is not shared with you, or no longer\.$"):
        sharing.read(viewer, share_id)
    return share_id not in [share.id for share in sharing.received(viewer)]


def test_a_run_is_seen_by_the_one_for_whom_it_is_until_it_is_revoked(sharing: Sharing, run: Run) -> None:
    sharing.share_run(ANNA, run.id, BERT)
    (share,) = sharing.received(BERT)
    assert (share.owner, share.recipient, share.run, share.architecture) == (ANNA, BERT, run, run.architecture)
    assert sharing.read(BERT, share.id) == sharing.read(ANNA, share.id) == share
    assert sharing.given(ANNA, run.id) == [share]
    assert sharing.received(ANNA) == []
    for stranger in (CLARA, NOBODY, ""):
        assert refused(sharing, stranger, share.id)
    sharing.revoke(ANNA, share.id)
    assert sharing.given(ANNA, run.id) == []
    assert refused(sharing, BERT, share.id)


def test_the_class_is_whoever_has_an_account(sharing: Sharing, run: Run) -> None:
    sharing.share_run(ANNA, run.id, CLASS)
    (share,) = sharing.received(BERT)
    assert sharing.received(CLARA) == [share]
    for nobody in (NOBODY, CLASS):
        assert refused(sharing, nobody, share.id)


def test_a_design_is_shared_as_it_is_now(sharing: Sharing) -> None:
    sharing.share_design(ANNA, NET, CLASS)
    sharing.share_design(ANNA, DIVERGING, BERT)
    assert [(share.architecture, share.run) for share in sharing.received(BERT)] == [(DIVERGING, None), (NET, None)]
    assert [share.architecture for share in sharing.received(CLARA)] == [NET]
    assert len(sharing.given(ANNA)) == 2
    assert refused(sharing, CLARA, sharing.given(ANNA)[0].id)


def test_nobody_shares_or_revokes_what_is_not_theirs(sharing: Sharing, run: Run) -> None:
    with pytest.raises(DesignError, match=r"^There is no such run of yours\.$"):
        sharing.share_run(BERT, run.id, CLASS)
    for recipient in (NOBODY, ANNA, "everybody"):
        with pytest.raises(DesignError, match=r"^There is no such classmate\."):
            sharing.share_run(ANNA, run.id, recipient)
    with pytest.raises(DesignError, match=r"^Log in before you share something\.$"):
        sharing.share_design(NOBODY, NET, CLASS)
    sharing.share_run(ANNA, run.id, CLASS)
    (share,) = sharing.given(ANNA, run.id)
    sharing.revoke(BERT, share.id)
    assert sharing.received(BERT) == [share]


def test_the_same_is_shared_once_and_not_without_end(
    sharing: Sharing, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing_module, "MAX_SHARES_PER_OWNER", 2)
    for _ in range(3):
        sharing.share_run(ANNA, run.id, CLASS)
    sharing.share_design(ANNA, NET, CLASS)
    assert len(sharing.received(BERT)) == 2
    with pytest.raises(LimitError, match=r"^You share 2 things already"):
        sharing.share_design(ANNA, DIVERGING, CLASS)


@pytest.mark.parametrize("way", ["put away", "for good"])
def test_a_deleted_run_is_shared_no_more_even_when_it_comes_back(
    store: Store, sharing: Sharing, run: Run, way: str
) -> None:
    sharing.share_run(ANNA, run.id, BERT)
    (share,) = sharing.received(BERT)
    if way == "put away":
        store.update_run(run.id, deleted=time.time())
        assert refused(sharing, BERT, share.id)
        with pytest.raises(DesignError, match=r"^This run is deleted\."):
            sharing.share_run(ANNA, run.id, BERT)
        store.update_run(run.id, deleted=None)
    else:
        store.delete_run(run.id)
        store.add_run(run)
    assert refused(sharing, BERT, share.id)
    assert sharing.given(ANNA, run.id) == []


@pytest.mark.parametrize("leaving", [ANNA, BERT])
def test_shares_end_with_the_account_of_either_side(store: Store, sharing: Sharing, run: Run, leaving: str) -> None:
    sharing.share_run(ANNA, run.id, BERT)
    (share,) = sharing.received(BERT)
    account = store.people.find(leaving)
    assert account
    store.people.remove(leaving)
    assert refused(sharing, BERT, share.id)
    store.people.add(account)
    assert refused(sharing, BERT, share.id)


def test_a_run_that_is_given_to_somebody_else_is_shared_by_nobody(store: Store, sharing: Sharing, run: Run) -> None:
    sharing.share_run(ANNA, run.id, BERT)
    (share,) = sharing.received(BERT)
    store.give(ANNA, CLARA)
    assert refused(sharing, BERT, share.id)
    assert sharing.given(CLARA, run.id) == []


def test_a_shared_run_is_seen_as_it_is_now(store: Store, sharing: Sharing, run: Run) -> None:
    sharing.share_run(ANNA, run.id, BERT)
    store.update_run(run.id, title="deeper")
    assert [share.run for share in sharing.received(BERT)] == [replace(run, title="deeper")]


def test_what_cannot_be_stored_is_told(store: Store, sharing: Sharing, run: Run) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE shares RENAME TO gone")
    with pytest.raises(CnnvizError, match=r"^The server cannot save anything just now\."):
        sharing.share_run(ANNA, run.id, BERT)
