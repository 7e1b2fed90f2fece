"""Fixtures for tests that hold for every database; a test module takes them by `pytest_plugins`.

PYTEST_DONT_REWRITE: there is no assertion here, and pytest has imported the module for its doctests before.
"""

from collections.abc import Iterator

import pytest

from tests.runs.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this session of tests."""
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """The value of CNNVIZ_DATABASE_URL: empty, or the address of an empty database."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres").database()
