"""A backup as docs/operations.md makes it: the folder of a stopped server, copied and put in place elsewhere."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cnnviz.identity.account import Account, login_of_name
from cnnviz.identity.person import Person, Role
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Status
from cnnviz.secret_key import secret_key
from cnnviz.settings import Settings, settings
from tests.conftest import Ended, WaitFor
from tests.designs import ANNA, NET, SHORT
from tests.points import without_device_points
from tests.runs.undisturbed import undisturbed_curve


@pytest.fixture
def open_cluster(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Cluster]:
    def open_(folder: Path) -> Cluster:
        monkeypatch.setenv("CNNVIZ_DATA_DIR", str(folder))
        settings.cache_clear()
        return Cluster(Settings(devices="cpu"))

    return open_


def test_what_was_backed_up_is_all_there_and_a_run_goes_on(
    tmp_path: Path, open_cluster: Callable[[Path], Cluster], ended: Ended, wait_for: WaitFor
) -> None:
    home, backup, restored = tmp_path / "home", tmp_path / "backup", tmp_path / "restored"
    config = SHORT.changed(epochs=150)
    anna = Account(Person(ANNA, "Anna", Role.TEACHER), login_of_name("Anna"), "a hash", created=1.5)
    with closing(open_cluster(home)) as server:
        server.store.people.add(anna)
        code = server.store.people.class_code()
        server.drafts.save_config(ANNA, SHORT)
        done = ended(server.store, server.submit(ANNA, NET, SHORT).id)
        points, weights = server.store.points(done.id), server.store.weights(done.id)
        going_on = server.submit(ANNA, NET, config)
        wait_for(lambda: len(server.store.points(going_on.id)) > 20)
    assert weights
    shutil.copytree(home, backup)
    shutil.rmtree(home)
    shutil.copytree(backup, restored)
    with closing(open_cluster(restored)) as server:
        assert server.store.people.all() == [anna]
        assert server.store.people.class_code() == code
        assert server.drafts.config(ANNA) == SHORT
        assert server.store.points(done.id) == points
        assert server.store.weights(done.id) == weights
        assert ended(server.store, going_on.id).status == Status.DONE
        assert without_device_points(point for _, point in server.store.points(going_on.id)) == undisturbed_curve(
            config
        )
    assert secret_key(restored) == secret_key(backup)  # so that logins and cookies are still good
    settings.cache_clear()
