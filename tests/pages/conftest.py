"""Pages run in this process, over a real cluster with a real worker and a data directory of its own."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.runs.cluster import Cluster, cluster
from cnnviz.searches.searches import searches
from cnnviz.secret_key import new_owner
from cnnviz.settings import settings
from cnnviz.ui.received_files import received_files

ROOT = Path(__file__).parents[2]
DEADLINE = 120.0


@pytest.fixture(scope="session", autouse=True)
def _quick_apps(packages_read_once: None) -> None:
    """Every test here opens pages."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        for cached in (settings, cluster, searches, received_files):
            cached.cache_clear()
        running = cluster()
        yield running
        if searches.cache_info().currsize:  # a test has looked at that page; they belong to this cluster
            searches().close()
        running.close()
    for cached in (settings, cluster, searches, received_files):
        cached.cache_clear()


@pytest.fixture
def open_page(server: Cluster) -> Callable[..., AppTest]:
    """Open a page of the app as a new student, with some session state."""

    def open_(page: str, **state: object) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in ({"owner": new_owner()} | state).items():
            app.session_state[name] = value
        app.run()
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        return app

    return open_


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.02)  # between two looks at another process
