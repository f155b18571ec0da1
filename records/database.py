"""One database, several processes: how a transaction begins, how long it may wait, how the schema gets there.

SQLite is opened in WAL mode, and a transaction that writes takes the write lock when it begins (BEGIN IMMEDIATE): it
waits its turn at the door and can never fail half way for a lock it asked for too late. PostgreSQL locks rows instead;
where a rule spans rows, `exclusive` names what must happen one at a time. On both every wait has an end: for a lock, for a
connection, for a server that fell silent.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as WaitedTooLong

MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_SECONDS = 5.0  # our write transactions last milliseconds; a longer wait means something is stuck
POOL_SIZE = 10  # under load a connection above it is opened and closed each time
POOL_OVERFLOW = 35  # the API runs handlers on up to 40 threads; none should wait for a connection
_WRITES = "tierline_writes"

# libpq's own words. A server that vanished without a goodbye is given up after 10 s; the system's default is 15 minutes.
_SILENCE = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "tcp_user_timeout": 10_000}

_one_migration = Lock()  # Alembic keeps its context in module globals


class DatabaseAway(Exception):
    """The database cannot be opened; the text, for people, says which and why, without its password."""


class Database:
    """A pool of connections to the store at `url`; make one per process and `close` it at the end."""

    def __init__(self, url: str) -> None:
        address = _with_driver(make_url(url))
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self.engine = create_engine(
            address,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=BUSY_SECONDS,
            pool_pre_ping=not self.is_sqlite,
            connect_args={} if self.is_sqlite else {key: _SILENCE[key] for key in _SILENCE if key not in address.query},
            hide_parameters=True,  # errors are logged and kept in histories: no customer in their text
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare)
            event.listen(self.engine, "begin", _begin)
        else:
            event.listen(self.engine, "connect", _limit_waits)
        self._writing: Engine = self.engine.execution_options(**{_WRITES: True})
        self._turn = Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it never waits for a writer."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end of the block, rolled back when it raises."""
        with self._in_turn(), self._writing.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema to the newest revision; of processes that start together, one does it, the others wait.

        Raises DatabaseAway when it cannot be reached.
        """
        self.reach()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with _one_migration, self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text("SET LOCAL lock_timeout = 0"))  # the one who does it may need minutes
            exclusive(connection, "migrate")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def reach(self) -> None:
        """Raises DatabaseAway when the database does not answer or cannot be made."""
        try:
            self.ping()
        except OperationalError as error:
            where = self.engine.url.render_as_string(hide_password=True)
            why = str(error.orig).strip().partition("\n")[0]
            raise DatabaseAway(
                f"the database at {where} (TIERLINE_DATABASE_URL) cannot be opened: {why}. Start it, or set the address"
            ) from error

    def ping(self) -> None:
        """Raises SQLAlchemy's OperationalError when the database does not answer."""
        with self.read() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """SQLite has one writer at a time anyway; a queue inside the process lets nobody starve in a rush.

        The wait for one's turn ends as the wait for the file's lock does, else a stuck lock would hold the last of ten
        writers ten times as long as the first.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise WaitedTooLong("the writers before this one did not come to an end")
        try:
            yield
        finally:
            self._turn.release()


def exclusive(connection: Connection, what: str) -> None:
    """Until the end of this write transaction nobody else is inside `exclusive(what)`."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"tierline:{what}", 0))))


def insert_or_ignore(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many of `rows` were new; a row whose primary key is taken stays as it is."""
    insert = _insert_or_ignore(connection.dialect.name, table)
    return sum(connection.execute(insert, row).rowcount for row in rows)  # drivers cannot count those of an executemany


def upsert_newer(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert `row`, or overwrite the one with its key when `version` is higher; False when it is not.

    A column that `row` does not name stays as it is.
    """
    upsert = _upsert_newer(connection.dialect.name, table, frozenset(row))
    return connection.execute(upsert, row).rowcount == 1


@cache  # making a statement takes longer than running it
def _insert_or_ignore(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    return _insert(dialect, table).on_conflict_do_nothing(index_elements=list(table.primary_key))


@cache
def _upsert_newer(dialect: str, table: Table, named: frozenset[str]) -> "sqlite.Insert | postgresql.Insert":
    insert = _insert(dialect, table)
    keys = list(table.primary_key)
    changed = [column for column in table.c if column not in keys and column.name in named]
    changes = {column.name: insert.excluded[column.name] for column in changed}
    newer = table.c.version < insert.excluded.version
    return insert.on_conflict_do_update(index_elements=keys, set_=changes, where=newer)


def _insert(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """The dialect's own insert. Without `preserve_rowcount` SQLAlchemy forgets how many rows an insert made."""
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.execution_options(preserve_rowcount=True)


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own; `_begin` does
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(
        "PRAGMA synchronous = NORMAL"
    )  # with WAL: safe when a process dies, and far fewer waits for the disk
    _switch_to_wal(connection)


def _limit_waits(connection: DBAPIConnection, _record: object) -> None:
    """Nobody waits for a lock longer than on SQLite, such as while somebody alters a table."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.close()
    connection.commit()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The mode stays in the file. SQLite does not wait by itself when another process switches at the same moment."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
