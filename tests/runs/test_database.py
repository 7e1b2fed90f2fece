"""The schema, its migrations, and the server that it is on."""

import logging
import sqlite3
import traceback
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from threading import Barrier

import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy.exc import OperationalError

from cnnviz.errors import CnnvizError
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdicts import find_verdicts
from cnnviz.runs import database
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.facts import RunFacts
from cnnviz.runs.migrations import VERSION
from cnnviz.runs.run import Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.store import Store
from cnnviz.runs.tables import METADATA
from cnnviz.settings import Settings
from cnnviz.training.end_reason import reason_from_message
from cnnviz.training.point import Point
from tests.child_processes import SERVER_MODULE, piped_child
from tests.conftest import DEADLINE, Ended, WaitFor
from tests.designs import ANNA, BERT, NET, SHORT, make_run, tensor_file
from tests.runs.postgres import Postgres

pytest_plugins = ["tests.runs.databases"]

POINTS = [Point(step, 1, "batch", "loss", 1 / step) for step in range(1, 6)]
EPOCHS = [
    Point(2 * epoch, epoch, split, metric, value)
    for epoch, split, metric, value in [
        (1, "validation", "loss", 0.9),
        (1, "validation", "accuracy", 0.75),
        (2, "validation", "loss", 0.5),
        (2, "validation", "accuracy", 0.75),
        (3, "train", "accuracy", 0.9),
        (3, "validation", "loss", 0.2),
        (3, "validation", "accuracy", 0.5),
        (2, "test", "accuracy", 0.7),
    ]
]
BEFORE_MIGRATIONS = """
    CREATE TABLE runs (
        id VARCHAR(32) NOT NULL, owner VARCHAR(32) NOT NULL, device VARCHAR(32) NOT NULL, architecture TEXT NOT NULL,
        config TEXT NOT NULL, status VARCHAR(16) NOT NULL, message TEXT NOT NULL, steps INTEGER NOT NULL,
        created FLOAT NOT NULL, started FLOAT, finished FLOAT, PRIMARY KEY (id));
    CREATE INDEX ix_runs_status ON runs (status);
    CREATE INDEX ix_runs_owner ON runs (owner);
    CREATE TABLE points (
        id INTEGER NOT NULL, run_id VARCHAR(32) NOT NULL, step INTEGER NOT NULL, epoch INTEGER NOT NULL,
        split VARCHAR(16) NOT NULL, metric VARCHAR(32) NOT NULL, value FLOAT NOT NULL, PRIMARY KEY (id));
    CREATE INDEX points_of_run ON points (run_id, id);
    CREATE TABLE facts (
        run_id VARCHAR(32) NOT NULL, name VARCHAR(32) NOT NULL, content TEXT NOT NULL, PRIMARY KEY (run_id, name));
    CREATE TABLE checkpoints (
        run_id VARCHAR(32) NOT NULL, epoch INTEGER NOT NULL, file VARCHAR(80) NOT NULL, PRIMARY KEY (run_id));
    CREATE TABLE drafts (owner VARCHAR(32) NOT NULL, architecture TEXT NOT NULL, PRIMARY KEY (owner));
    CREATE TABLE desks (
        owner VARCHAR(32) NOT NULL, name VARCHAR(16) NOT NULL, content TEXT NOT NULL, PRIMARY KEY (owner, name));
"""


@contextmanager
def opened(folder: Path, url: str = "") -> Iterator[Store]:
    with closing(Store(folder, url)) as store:
        yield store


def differences(store: Store, types: bool = True) -> list[object]:
    """What Alembic would change to bring the database to the tables of store.py."""
    with store._engine.connect() as connection:
        options = {"compare_type": types, "compare_server_default": True, "version_table": VERSION}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)


# ── migrations ──


def test_the_migrations_lead_to_the_tables_of_the_store(tmp_path: Path, url: str) -> None:
    with opened(tmp_path, url) as store:
        assert differences(store) == []
        with store._engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN worked")
        assert len(differences(store)) == 1, "a difference would be found"


def test_a_database_from_before_migrations_opens_with_everything_in_it(tmp_path: Path) -> None:
    run = make_run(status=Status.DONE, message="é", steps=7, created=1.1, started=2.2, finished=3.3)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "file").write_bytes(tensor_file("weights"))
    with closing(sqlite3.connect(tmp_path / "cnnviz.sqlite")) as connection, connection:
        connection.executescript(BEFORE_MIGRATIONS)
        row = (run.id, ANNA, "cpu", NET.model_dump_json(), SHORT.model_dump_json(), "done", "é", 7, 1.1, 2.2, 3.3)
        connection.execute(f"INSERT INTO runs VALUES ({', '.join('?' * 11)})", row)  # noqa: S608
        for number, point in enumerate(POINTS, start=1):
            connection.execute("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?)", (number, run.id, *point))
        connection.execute("INSERT INTO facts VALUES (?, 'parts', '[8, 1, 1]')", (run.id,))
        connection.execute("INSERT INTO checkpoints VALUES (?, 2, 'file')", (run.id,))
        connection.execute("INSERT INTO drafts VALUES (?, 'older')", (BERT,))
        connection.execute("INSERT INTO desks VALUES (?, 'draft', '{}')", (ANNA,))
    for _ in range(2):  # the second time there is nothing to migrate
        with opened(tmp_path) as store:
            assert store.run(run.id) == run
            assert (run.kind, run.worked) == ("train", 0.0)
            assert store.points(run.id) == list(enumerate(POINTS, start=1))
            assert store.facts(run.id) == RunFacts(parts=(8, 1, 1))
            assert store.weights(run.id) == tensor_file("weights")
            assert (store.legacy_design(BERT), store.read_draft(ANNA, "draft")) == ("older", "{}")
            assert differences(store, types=False) == []  # SQLite has FLOAT and DOUBLE for the same 8 bytes


def test_runs_of_before_there_were_scores_get_theirs_from_their_points(tmp_path: Path, url: str) -> None:
    run, other = make_run(), make_run()
    with opened(tmp_path, url) as store:
        store.add_run(run)
        store.add_run(other)
        store.append_points(run.id, EPOCHS)
        stored_run = store.run(run.id)
        with store._engine.begin() as connection:  # back to how it was
            for column in ("epoch", "best_epoch", "best_accuracy", "best_loss", "test_accuracy", "deleted", "title"):
                connection.exec_driver_sql(f"ALTER TABLE runs DROP COLUMN {column}")
            connection.exec_driver_sql("DROP INDEX ix_runs_search")
            for column in ("starred", "tags", "search", "end_reason", "parent", "seed_group"):
                connection.exec_driver_sql(f"ALTER TABLE runs DROP COLUMN {column}")
            connection.exec_driver_sql("DROP INDEX points_of_epochs")
            for table in METADATA.tables.keys() - {"runs", "points", "facts", "checkpoints", "drafts", "desks"}:
                connection.exec_driver_sql(f"DROP TABLE {table}")
            connection.exec_driver_sql(f"DROP TABLE {VERSION}")
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0002')")
    with opened(tmp_path, url) as store:
        assert stored_run
        assert stored_run.score == Score(epoch=3, best_epoch=2, accuracy=0.75, loss=0.5, test=0.7)
        assert (store.run(run.id), store.run(other.id)) == (stored_run, other)
        assert differences(store) == []
        with store._engine.connect() as connection:
            assert not sql.inspect(connection).has_table("alembic_version"), "it is left to Optuna"


ENDINGS = [
    ("failed", "The batch loss stopped being a number at step 3 (epoch 1): the training diverged. Try …", "diverged"),
    ("failed", "The training needs more memory than this device has free. Use a smaller …", "out-of-memory"),
    ("failed", "The training process was killed, most likely because the machine ran out of memory. …", "worker-died"),
    ("failed", "The training process ended unexpectedly (signal 11). Start the run again.", "worker-died"),
    ("failed", "The training stopped on an error inside cnnviz (oops). The design is safe; …", "internal-error"),
    ("failed", "There is no data set “upload-1” here any more.", "none"),
    ("stopped", "", "student"),
    ("stopped", "Stopped before it began.", "student"),
    ("stopped", "Stopped after 3,600 seconds of the device's time, as many as this server gives …", "time-limit"),
    ("stopped", "Stopped by its search after epoch 4: with 0.2 on validation it was not …", "search"),
    ("stopped", "Stopped: run 2 of its search reached the goal.", "search"),
    ("stopped", "Stopped with its search.", "search"),
    ("done", "", "none"),
    ("done", "Ended after epoch 9: no better one came for 5 epochs.", "early-stopping"),
    ("queued", "", "none"),
]
"""Status and message of runs in a database without reasons, and the reasons that they get."""


def migrated_to(folder: Path, url: str, version: str, monkeypatch: pytest.MonkeyPatch) -> sql.Engine:
    """A database as an older cnnviz left it."""
    with monkeypatch.context() as patch:
        walk = ScriptDirectory.walk_revisions

        def older(scripts: ScriptDirectory) -> Iterator[Script]:
            return (script for script in walk(scripts) if script.revision <= version)

        patch.setattr(ScriptDirectory, "walk_revisions", older)
        return database.open_database(folder, url)


def test_runs_of_before_there_were_reasons_get_theirs_from_their_messages(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = migrated_to(tmp_path, url, "0003", monkeypatch)
    ids = {uuid.uuid4().hex: ending for ending in ENDINGS}
    with engine.begin() as connection:
        assert "end_reason" not in {column["name"] for column in sql.inspect(connection).get_columns("runs")}
        for run_id, (status, message, _) in ids.items():
            row = {"id": run_id, "owner": ANNA, "device": "cpu", "status": status, "message": message, "steps": 1}
            row |= {"architecture": NET.model_dump_json(), "config": SHORT.model_dump_json(), "created": 1.0}
            connection.execute(
                sql.text(f"INSERT INTO runs ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"),  # noqa: S608
                row,
            )
    engine.dispose()
    for _ in range(2):  # the second time there is nothing to migrate
        with opened(tmp_path, url) as store:
            runs = store.runs_of(ANNA)
            assert {run.id: (run.status, run.message, run.end_reason) for run in runs} == ids
            assert differences(store) == []
    for run in runs:
        assert reason_from_message(run.status, run.message) == run.end_reason, (
            "an archive without a reason gets the same"
        )
        titles = [verdict.title for verdict in find_verdicts(build_summary(run))]
        assert (titles == ["The learning rate is too high"]) == ("diverged" in run.message)


def build_summary(run: Run) -> RunSummary:
    return RunSummary(architecture=run.architecture, config=run.config, end_reason=run.end_reason, message=run.message)


def test_a_database_of_a_newer_cnnviz_is_refused(tmp_path: Path, url: str) -> None:
    with opened(tmp_path, url) as store, store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cnnviz_version SET version_num = '9999'")
    with pytest.raises(CnnvizError, match=r"A newer cnnviz .* 9999, .* up to 0\d+\. Install the newer cnnviz"):
        Store(tmp_path, url)


def damage_start(file: Path) -> None:
    file.write_bytes(b"no database" * 1000)


def damage_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2 :] = bytes(range(256)) * (len(content) // 512)
    file.write_bytes(content)


def replace_by_foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE runs (distance REAL)")
        connection.commit()


@pytest.mark.parametrize("harm", [damage_start, damage_middle, replace_by_foreign])
def test_a_damaged_or_foreign_file_is_told_and_left_as_it_is(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    with opened(tmp_path) as store:
        store.add_run(make_run())
    file = tmp_path / "cnnviz.sqlite"
    for beside in tmp_path.glob("cnnviz.sqlite-*"):
        beside.unlink()
    harm(file)
    content = file.read_bytes()
    for _ in range(2):
        with pytest.raises(CnnvizError, match=r"^The database .*cnnviz\.sqlite cannot be used: .*It was left as it is"):
            Store(tmp_path)
    if harm is replace_by_foreign:  # whose header may say by now how it is written
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]
    else:
        assert file.read_bytes() == content


def test_a_migration_that_fails_leaves_nothing_behind(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
        with pytest.raises(OSError, match="No space left"):
            Store(tmp_path, url)
    engine = sql.create_engine(url.replace(":", "+psycopg:", 1) or f"sqlite:///{tmp_path / 'cnnviz.sqlite'}")
    assert sql.inspect(engine).get_table_names() == []
    engine.dispose()
    with opened(tmp_path, url) as store:
        assert differences(store) == []


def test_opening_changes_nothing_but_the_database(tmp_path: Path, url: str) -> None:
    root, other = logging.getLogger(), logging.getLogger("other")
    before = (list(root.handlers), root.level, other.disabled)
    with opened(tmp_path, url):
        assert (root.handlers, root.level, other.disabled) == before
    assert {file.name for file in tmp_path.iterdir()} == {"weights", "predictions"} | (
        {"cnnviz.sqlite"} if not url else set()
    )


def test_servers_that_start_at_once_migrate_once(tmp_path: Path, url: str) -> None:
    with ExitStack() as stack, TemporaryFile() as errors:
        servers = [
            stack.enter_context(piped_child(SERVER_MODULE, "open_store", str(tmp_path), url, stderr=errors.fileno()))
            for _ in range(3)
        ]
        for server in servers:
            assert server.stdout.readline() == b"ready\n"
        for server in servers:
            server.stdin.write(b"\n")
            server.stdin.flush()
        codes = [server.process.wait(DEADLINE) for server in servers]
        errors.seek(0)
        assert errors.read() == b""
        assert codes == [0] * 3
        assert [server.stdout.read() for server in servers] == [b""] * 3
    with opened(tmp_path, url) as store:
        assert differences(store) == []


def test_a_new_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    """SQLite refuses some of them at once, as they all begin its log; in few of a hundred files."""

    def open_file(folder: Path, together: Barrier) -> str:
        engine = database.connect(folder, "")
        together.wait()
        with engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        engine.dispose()
        return str(mode)

    with ThreadPoolExecutor(6) as pool:
        for number in range(150):
            (folder := tmp_path / str(number)).mkdir()
            assert set(pool.map(open_file, [folder] * 6, [Barrier(6)] * 6)) == {"wal"}


def test_threads_may_open_stores_at_once(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abcd"]
    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(Store, folders):
            assert differences(store) == []
            store.close()


# ── addresses ──


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("somewhere", "CNNVIZ_DATABASE_URL is not the address of a database. It should be postgresql://USER:"),
        ("postgresql://anna:secret@host:port/db", "CNNVIZ_DATABASE_URL is not the address of a database. It should be"),
        ("mysql://anna:secret@host/db", "CNNVIZ_DATABASE_URL begins with mysql, which cnnviz does not know. It should"),
        ("postgresql://anna:pass@secret@host/db", "CNNVIZ_DATABASE_URL has more than one @. Write %40 for"),
        ("postgresql://anna:secret@127.0.0.1:1/db", "cannot be opened: connection to server at .* refused. Start its"),
        ("postgres://anna:secret@127.0.0.1:1/db", "cannot be opened: connection to server at .* refused. Start its"),
        ("postgresql://anna:secret@127.0.0.1:1/db?colour=red", 'cannot be opened: invalid .* option "colour".'),
    ],
)
def test_a_wrong_address_is_told_without_the_password(tmp_path: Path, wrong: str, sentence: str) -> None:
    with pytest.raises(CnnvizError, match=sentence) as error_info:
        Store(tmp_path, wrong)
    assert "secret" not in "".join(traceback.format_exception(error_info.value))


def test_settings_do_not_show_the_address() -> None:
    assert "secret" not in repr(Settings(database_url="postgresql://anna:secret@host/db"))


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_told(tmp_path: Path, postgres: Postgres) -> None:
    with pytest.raises(
        CnnvizError, match=r'cannot be opened: .* database "nowhere" does not exist. Start its'
    ) as error_info:
        Store(tmp_path, postgres.url("nowhere"))
    assert "secret" not in str(error_info.value)


@pytest.mark.postgres
def test_a_user_without_rights_is_told_how_to_get_them(tmp_path: Path, postgres: Postgres) -> None:
    postgres.execute("CREATE ROLE bert LOGIN")
    name = sql.make_url(postgres.database()).database
    assert name
    with pytest.raises(CnnvizError, match=f'may not create tables .* ALTER DATABASE "{name}" OWNER TO "bert"'):
        Store(tmp_path, postgres.url(name, user="bert"))


# ── a server that dies ──


@pytest.mark.postgres
def test_every_committed_point_survives_the_death_of_the_server(
    tmp_path: Path, postgres: Postgres, wait_for: WaitFor
) -> None:
    committed: list[Point] = []
    url = postgres.database()

    def write(store: Store) -> None:
        while True:
            points = [Point(len(committed) + i, 1, "batch", "loss", 1 / (len(committed) + i)) for i in range(1, 11)]
            store.append_points("one", points)
            committed.extend(points)

    with opened(tmp_path, url) as store, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write, store)
        wait_for(lambda: len(committed) > 200 or writing.done())
        postgres.stop("immediate")
        with pytest.raises(OperationalError):
            writing.result(60)
        with pytest.raises(OperationalError):
            store.points("one")
        with pytest.raises(CnnvizError, match=r"cannot be opened: .* Start its server"):
            Store(tmp_path, url)
        postgres.start()
        stored_points = [point for _, point in store.points("one")]
        assert stored_points[: len(committed)] == committed
        assert len(stored_points) in (len(committed), len(committed) + 10), "a commit counts whole, answered or not"
        store.append_points("two", POINTS)
    with opened(tmp_path, url) as again:
        assert [point for _, point in again.points("one")] == stored_points
        assert [point for _, point in again.points("two")] == POINTS


@pytest.mark.postgres
def test_a_broken_connection_is_replaced_unnoticed(tmp_path: Path, postgres: Postgres) -> None:
    with opened(tmp_path, postgres.database()) as store:
        store.append_points("one", POINTS)
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")
        assert [point for _, point in store.points("one")] == POINTS
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")
        store.append_points("two", POINTS)
        assert len(store.points("two")) == len(POINTS)


@pytest.mark.postgres
def test_a_run_is_trained_with_its_points_in_postgresql(tmp_path: Path, postgres: Postgres, ended: Ended) -> None:
    url = postgres.database()
    cluster = Cluster(Settings(data_dir=tmp_path, devices="cpu", database_url=url))
    try:
        run = ended(cluster.store, cluster.submit(ANNA, NET, SHORT).id)
        assert run.status is Status.DONE
    finally:
        cluster.close()
    assert not (tmp_path / "cnnviz.sqlite").exists()
    with opened(tmp_path, url) as store:
        assert store.run(run.id) == run
        assert {point.epoch for _, point in store.points(run.id)} >= {1, 2}
        assert store.weights(run.id)


@pytest.mark.postgres
def test_a_second_server_with_a_data_directory_of_its_own_is_refused_until_the_first_has_gone(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would have taken the runs of the living server for those that a dead one left, and trained them as well."""
    monkeypatch.setattr(database, "CLAIM_TIMEOUT_SECONDS", 0.05)
    url = postgres.database()
    first, second = Store(tmp_path / "one", url), Store(tmp_path / "two", url)
    first.claim()
    with pytest.raises(CnnvizError, match=r"^Another cnnviz server works in the database of CNNVIZ_DATABASE_URL\."):
        second.claim()
    first.close()
    second.claim()
    second.close()
