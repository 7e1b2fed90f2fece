"""Accounts, options of the class and one-time links, in either database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sql

from cnnviz.identity.account import Account, LoginError, login_of_name
from cnnviz.identity.person import Person, Role
from cnnviz.runs.people import LastTeacherError, PeopleStore
from cnnviz.runs.store import Store
from cnnviz.secret_key import new_owner
from tests.conftest import WaitFor
from tests.runs.postgres import Postgres

pytest_plugins = ["tests.runs.databases"]


def make_account(name: str) -> Account:
    return Account(Person(new_owner(), name), login_of_name(name), email="a@example.org", created=1.5)


def test_what_is_kept_is_found_by_owner_and_by_name(tmp_path: Path, url: str) -> None:
    store = Store(tmp_path, url)
    anna = make_account("Anna")
    store.people.add(anna)
    with pytest.raises(LoginError, match="taken this name"):
        store.people.add(make_account("ANNA"))
    for people in (store.people, PeopleStore(store._engine)):  # as it was put there, and as another process reads it
        assert people.find(anna.owner) == people.find_login("name:anna") == anna
        assert people.find(new_owner()) is None
    store.people.change(anna.owner, role=Role.TEACHER, name="Anna W.")
    assert store.people.has_teacher()
    assert store.people.all() == [anna.changed(role=Role.TEACHER, name="Anna W.")]
    assert store.people.find(anna.owner) == store.people.all()[0]  # at once
    store.people.end_logins(anna.owner)
    store.people.reset_pin(anna.owner, "a hash")
    assert [(account.generation, account.pin_hash) for account in store.people.all()] == [(2, "a hash")]
    assert not store.people.set_first_pin(anna.owner, "another")
    store.people.change(anna.owner, role=Role.TEACHER, email="anna@example.org")  # who is one already
    store.people.change(new_owner(), role=Role.STUDENT)  # who is nobody
    for leave in (store.people.remove, lambda owner: store.people.change(owner, role=Role.STUDENT)):
        with pytest.raises(LastTeacherError, match="only teacher"):
            leave(anna.owner)
    bert = make_account("Bert")
    store.people.add(bert)
    store.people.change(bert.owner, role=Role.TEACHER)
    store.people.change(anna.owner, role=Role.STUDENT)
    store.people.remove(anna.owner)
    assert store.people.find(anna.owner) is None
    store.close()


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["demoted", "removed"])
def test_of_two_teachers_who_put_each_other_out_at_the_same_instant_one_stays(
    tmp_path: Path, postgres: Postgres, wait_for: WaitFor, how: str
) -> None:
    """Each had seen the other as the teacher who is left: in PostgreSQL, nobody sees what is not committed yet."""
    url = postgres.database()
    stores = [Store(tmp_path / "one", url), Store(tmp_path / "other", url)]
    teachers = [make_account(name).changed(role=Role.TEACHER) for name in ("Anna", "Bert")]
    for account in teachers:
        stores[0].people.add(account)
    written, released = threading.Event(), threading.Event()

    @sql.event.listens_for(stores[0].engine, "after_cursor_execute")
    def hold(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("UPDATE", "DELETE FROM people")):
            written.set()
            assert released.wait(60)

    def put_out(people: PeopleStore, owner: str) -> str:
        try:
            people.remove(owner) if how == "removed" else people.change(owner, role=Role.STUDENT)
        except LastTeacherError as error:
            return str(error)
        return ""

    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def is_waiting() -> bool:
        with stores[1].engine.connect() as connection:
            return bool(connection.scalar(sql.text(waiting)))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(put_out, stores[0].people, teachers[1].owner)
        assert written.wait(60)
        second = pool.submit(put_out, stores[1].people, teachers[0].owner)
        wait_for(lambda: second.done() or is_waiting())
        released.set()
        assert (first.result(), second.result()[:24]) == ("", "This is the only teacher")
    assert [account.owner for account in stores[0].people.all() if account.person.is_teacher] == [teachers[0].owner]
    for store in stores:
        store.close()


def test_the_class_has_one_code_until_it_gets_another(tmp_path: Path, url: str) -> None:
    store = Store(tmp_path, url)
    code = store.people.class_code()
    assert code == PeopleStore(store._engine).class_code()
    store.people.set_class_code("NEW-CODE")
    assert store.people.class_code() == "NEW-CODE"
    assert store.people.list_is_open()
    for is_open in (False, True, False):
        store.people.open_list(is_open)
        assert store.people.list_is_open() == is_open
    store.close()


def test_a_link_is_used_once(tmp_path: Path, url: str) -> None:
    store = Store(tmp_path, url)
    first, second = store.people.new_teacher_link(), store.people.new_teacher_link()
    assert store.people.use_teacher_link(first)
    assert not store.people.use_teacher_link(first)
    assert not store.people.is_teacher_link(first)
    assert store.people.is_teacher_link(second)
    store.close()
