"""People in a database of their own, and the doors to them."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sql

from cnnviz.identity.attempts import Attempts
from cnnviz.identity.class_code import ClassCodeDoor
from cnnviz.identity.pin import PinHasher
from cnnviz.identity.teacher_link import TeacherLinkDoor
from cnnviz.runs.people import PeopleStore
from cnnviz.runs.store import Store
from cnnviz.runs.tables import CLASS_OPTIONS, PEOPLE, TEACHER_LINKS


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("people"))
    yield store
    store.close()


@pytest.fixture
def people(store: Store) -> PeopleStore:
    """Nobody yet; a new database for each test would take most of its time."""
    with store._engine.begin() as connection:
        for table in (PEOPLE, CLASS_OPTIONS, TEACHER_LINKS):
            connection.execute(sql.delete(table))
    return PeopleStore(store._engine)


@pytest.fixture(scope="session")
def pins() -> PinHasher:
    return PinHasher(b"a key of this server")


@pytest.fixture
def code_door(people: PeopleStore, pins: PinHasher) -> ClassCodeDoor:
    return ClassCodeDoor(people, pins, Attempts())


@pytest.fixture
def teacher_door(people: PeopleStore, pins: PinHasher) -> TeacherLinkDoor:
    return TeacherLinkDoor(people, pins, Attempts())
