"""A backup as docs/operations.md makes it: the folder of a stopped server, copied and put in place elsewhere.

With PostgreSQL, what is in its database is dumped and put back by the commands of that page.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.checks import ValidationAccuracy
from cnnviz.classroom.submission import SubmissionStatus
from cnnviz.data import DATASETS, available_datasets, own_uploads
from cnnviz.data.content import Content
from cnnviz.data.uploads import UploadInfo
from cnnviz.identity.account import Account, login_of_name
from cnnviz.identity.person import Person, Role
from cnnviz.runs.assignment_data import HiddenSource
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Status
from cnnviz.runs.sharing import CLASS
from cnnviz.secret_key import secret_key
from cnnviz.settings import Settings, settings
from tests.conftest import Ended, WaitFor
from tests.designs import ANNA, BERT, NET, SHORT
from tests.points import without_device_points
from tests.runs.undisturbed import undisturbed_curve

pytest_plugins = ["tests.runs.databases"]
OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"
TEACHER, STUDENT = Person(ANNA, "Anna", Role.TEACHER), Person(BERT, "Bert")


@pytest.fixture
def other_url(url: str, request: pytest.FixtureRequest) -> str:
    """An empty database to put the backup into."""
    return request.getfixturevalue("postgres").database() if url else ""


@pytest.fixture
def open_cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path, str], Cluster]]:
    def open_(folder: Path, url: str) -> Cluster:
        monkeypatch.setenv("CNNVIZ_DATA_DIR", str(folder))
        settings.cache_clear()
        return Cluster(Settings(devices="cpu", database_url=url))

    yield open_
    settings.cache_clear()


def run_documented(program: str, folder: Path, url: str) -> None:
    """Runs the command of docs/operations.md that begins with a program."""
    (command,) = re.findall(rf"^{program} .*$", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)
    subprocess.run(["bash", "-c", command], cwd=folder, check=True, env=os.environ | {"CNNVIZ_DATABASE_URL": url})


def upload(owner: str, title: str) -> str:
    """The name of a data set that somebody has uploaded."""
    x = np.random.default_rng(7).normal(size=(200, 1, 8, 8)).astype(np.float32)
    content = Content(x=x, y=np.arange(200) % 10, classes=DATASETS["digits"].classes)
    return own_uploads().add(owner, content, UploadInfo(title)).name


def samples_of(owner: str, title: str) -> NDArray[np.float32]:
    (dataset,) = [each for each in available_datasets(owner).values() if each.title == title]
    return np.array(dataset.load_content().x)


def test_what_was_backed_up_is_all_there_and_a_run_goes_on(
    tmp_path: Path,
    open_cluster: Callable[[Path, str], Cluster],
    ended: Ended,
    wait_for: WaitFor,
    url: str,
    other_url: str,
) -> None:
    home, backup, restored = tmp_path / "home", tmp_path / "backup", tmp_path / "restored"
    config = SHORT.changed(epochs=100)
    accounts = [Account(person, login_of_name(person.name), "a hash", created=1.5) for person in (TEACHER, STUDENT)]
    task = Assignment(title="Digits", design=NET, config=SHORT, checks=(ValidationAccuracy(at_least=0.5),))
    with closing(open_cluster(home, url)) as server:
        for account in accounts:
            server.store.people.add(account)
        code = server.store.people.class_code()
        server.drafts.save_config(ANNA, SHORT)
        done = ended(server.store, server.submit(BERT, NET, SHORT).id)
        points, weights = server.store.points(done.id), server.store.weights(done.id)
        upload(BERT, "Bert's own")
        own = samples_of(BERT, "Bert's own")
        kept_back = upload(ANNA, "Kept back")
        about_it = task.changed(config=SHORT.changed(dataset=kept_back))
        hidden = server.assignments.add(TEACHER, about_it, HiddenSource(kept_back, 0.25))
        given = samples_of(BERT, "Kept back")
        plain = server.assignments.add(TEACHER, task)
        submission = server.assignments.hand_in(STUDENT, plain, done.id)
        wait_for(lambda: server.assignments.submissions(TEACHER, plain)[0].status == SubmissionStatus.SCORED)
        submitted = server.assignments.submissions(TEACHER, plain)
        signed_zip = server.assignments.signed_zip(TEACHER, submitted[0])
        server.sharing.share_run(BERT, done.id, CLASS)
        going_on = server.submit(ANNA, NET, config)
        wait_for(lambda: len(server.store.points(going_on.id)) > 20)
    assert weights
    shutil.copytree(home, backup)
    if url:
        run_documented("pg_dump", tmp_path, url)
    shutil.rmtree(home)
    shutil.copytree(backup, restored)
    if url:
        run_documented("pg_restore", tmp_path, other_url)
    with closing(open_cluster(restored, other_url)) as server:
        assert server.store.people.all() == accounts
        assert server.store.people.class_code() == code
        assert server.drafts.config(ANNA) == SHORT
        assert server.store.points(done.id) == points
        assert server.store.weights(done.id) == weights
        assert np.array_equal(samples_of(BERT, "Bert's own"), own)
        assert np.array_equal(samples_of(BERT, "Kept back"), given)
        assert list(server.assignments.all()) == ["lab", hidden, plain]
        assert server.assignments.hidden_sample_count(hidden) == 200 - len(given) == 50
        assert server.assignments.submissions(TEACHER, plain) == submitted
        assert server.assignments.signed_zip(TEACHER, submitted[0]) == signed_zip
        assert submission.id == submitted[0].id
        assert [share.run and share.run.id for share in server.sharing.received(ANNA)] == [done.id]
        assert ended(server.store, going_on.id).status == Status.DONE
        assert without_device_points(point for _, point in server.store.points(going_on.id)) == undisturbed_curve(
            config
        )
    assert secret_key(restored) == secret_key(backup)  # so that logins and cookies are still good
