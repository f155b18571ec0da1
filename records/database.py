"""One database, several processes: how a transaction begins and how the schema gets there.

SQLite is opened in WAL mode, and a transaction that writes takes the write lock when it begins (BEGIN IMMEDIATE): it
waits its turn at the door and can never fail half way for a lock it asked for too late. PostgreSQL locks rows instead;
where a rule spans rows, `exclusive` names what must happen one at a time.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL

MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_SECONDS = 5.0  # our write transactions last milliseconds; a longer wait means something is stuck
POOL_SIZE = 5
POOL_OVERFLOW = 40  # the API runs handlers on up to 40 threads; none should wait for a connection
_WRITES = "tierline_writes"

_one_migration = Lock()  # Alembic keeps its context in module globals


class Database:
    """A pool of connections to the store at `url`; make one per process and `close` it at the end."""

    def __init__(self, url: str) -> None:
        address = _with_driver(make_url(url))
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self.engine = create_engine(
            address,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,  # errors are logged and kept in histories: no customer in their text
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare)
            event.listen(self.engine, "begin", _begin)
        self._writing: Engine = self.engine.execution_options(**{_WRITES: True})
        self._turn = (
            Lock() if self.is_sqlite else nullcontext()
        )  # one writer at a time anyway; so nobody starves in a rush

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it never waits for a writer."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end of the block, rolled back when it raises."""
        with self._turn, self._writing.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema to the newest revision; of processes that start together, one does it, the others wait."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with _one_migration, self.write() as connection:
            exclusive(connection, "migrate")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def ping(self) -> None:
        """Raises SQLAlchemy's OperationalError when the database does not answer."""
        with self.read() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()


def exclusive(connection: Connection, what: str) -> None:
    """Until the end of this write transaction nobody else is inside `exclusive(what)`."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"tierline:{what}", 0))))


def insert_or_ignore(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many of `rows` were new; a row whose primary key is taken stays as it is."""
    keys = list(table.primary_key)
    inserts = (_insert(connection, table, row).on_conflict_do_nothing(index_elements=keys) for row in rows)
    return sum(connection.execute(one).rowcount for one in inserts)  # drivers cannot count the rows of an executemany


def upsert_newer(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert `row`, or overwrite the one with its key when `version` is higher; False when it is not."""
    insert = _insert(connection, table, row)
    keys = list(table.primary_key)
    changes = {column.name: insert.excluded[column.name] for column in table.c if column not in keys}
    newer = table.c.version < insert.excluded.version
    upsert = insert.on_conflict_do_update(index_elements=keys, set_=changes, where=newer)
    return connection.execute(upsert).rowcount == 1


def _insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> "sqlite.Insert | postgresql.Insert":
    """The dialect's own insert. Without `preserve_rowcount` SQLAlchemy forgets how many rows an insert made."""
    insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    return insert.values(**row).execution_options(preserve_rowcount=True)


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
