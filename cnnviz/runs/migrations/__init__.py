"""The schema of the database, step by step: each module in versions/ leads from the one before it to its own."""

import threading

import sqlalchemy as sql
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cnnviz.errors import CnnvizError

VERSION = "cnnviz_version"
"""The table that holds the version; Optuna, which works in the same database, takes the usual name for its own."""
FIRST_VERSIONS = ("0001", "0002")
"""Those that were noted under the usual name."""
ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7310579)"}
"""How a transaction begins that no other server migrates beside; the number means cnnviz."""

_lock = threading.Lock()
"""Alembic keeps the migration at work in global variables."""


def upgrade(engine: sql.Engine) -> None:
    """Bring the schema of a database to the latest version, each migration in a transaction of its own.

    Raises CnnvizError for a database that has migrations which this cnnviz does not know.
    """
    config = Config()
    config.set_main_option("script_location", "cnnviz.runs:migrations")
    scripts = ScriptDirectory.from_config(config)
    versions = [script.revision for script in scripts.walk_revisions()][::-1]
    with _lock:
        with engine.begin() as connection:
            connection.exec_driver_sql(ALONE[engine.dialect.name])
            _move_version(connection, scripts)
        while _step(engine, config, versions):
            pass


def _step(engine: sql.Engine, config: Config, versions: list[str]) -> bool:
    """Do the next migration; False when there is none."""
    with engine.begin() as connection:
        connection.exec_driver_sql(ALONE[engine.dialect.name])
        now = MigrationContext.configure(connection, opts={"version_table": VERSION}).get_current_revision()
        if now is not None and now not in versions:
            raise CnnvizError(
                f"A newer cnnviz has worked in this database: its schema is {now}, and this cnnviz knows those up to "
                f"{versions[-1]}. Install the newer cnnviz, or choose another database or data directory."
            )
        following = versions[versions.index(now) + 1 :] if now else versions
        if following:
            config.attributes["connection"] = connection
            command.upgrade(config, following[0])
        return bool(following)


def _move_version(connection: sql.Connection, scripts: ScriptDirectory) -> None:
    """Note the version of an older cnnviz where it stands now; in a new table: a renamed one keeps its key's name."""
    there = sql.inspect(connection)
    if there.has_table(VERSION) or not there.has_table("alembic_version"):
        return
    now = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if now in FIRST_VERSIONS:
        connection.exec_driver_sql("DROP TABLE alembic_version")
        MigrationContext.configure(connection, opts={"version_table": VERSION}).stamp(scripts, now)
