"""A PostgreSQL server for tests: in a temporary folder, reached by a socket in it, ended with the tests."""

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

POSTGRES_FOLDER = Path("/usr/lib/postgresql")
NOT_INSTALLED = (
    f"There is no PostgreSQL in {POSTGRES_FOLDER}. Install it (`apt-get install --no-install-recommends postgresql`), "
    "or leave these tests out, as pytest does without `-m postgres`."
)


class Postgres:
    """One server with any number of databases; it can die and come back."""

    def __init__(self) -> None:
        servers = sorted(POSTGRES_FOLDER.glob("*/bin/postgres"), key=lambda file: int(file.parts[-3]))
        assert servers, NOT_INSTALLED
        self._bin = servers[-1].parent
        self._numbers = count()
        self.folder = Path(tempfile.mkdtemp(prefix="cnnviz-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run_program(
            "initdb", "--username=cnnviz", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"
        )
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it takes connections."""
        log = str(self.folder / "log")
        self._run_program(
            "pg_ctl", "start", "--wait", f"--log={log}", f"--options=-k {self.folder} -c listen_addresses=''"
        )

    def stop(self, mode: str = "fast") -> None:
        """Stops the server and waits for its end; after a crash ("immediate") it recovers from its log at the start."""
        self._run_program("pg_ctl", "stop", "--wait", f"--mode={mode}")

    def remove(self) -> None:
        """Stops the server and removes its files."""
        self.stop()
        shutil.rmtree(self.folder)

    def database(self) -> str:
        """Creates an empty database and returns its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str, user: str = "cnnviz") -> str:
        """Returns the value of CNNVIZ_DATABASE_URL for a database; the server asks for no password."""
        return f"postgresql://{user}:secret@/{name}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Executes a statement as the owner of the server."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run_program(self, program: str, *options: str) -> None:
        # the server refuses to run as root
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        command = [*user, self._bin / program, f"--pgdata={self.folder / 'data'}", *options]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
