"""Databases in trouble: locked, or out of room, as each of the two really is then."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from records.database import Database
from records.tables import metadata

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""

# PostgreSQL has no size to reach; a trigger raises the server's own error in the middle of a transaction.
NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
FULL_FOR = ("timeline", "commands")


@contextmanager
def disk_full(database: Database) -> Iterator[None]:
    """No room for more until the end of the block, for everybody who uses this pool."""
    with _sqlite_full(database) if database.is_sqlite else _postgres_full(database):
        yield


@contextmanager
def _sqlite_full(database: Database) -> Iterator[None]:
    """The file may not grow (a limit of 1 means: what it has already), and the free pages inside it are used up."""
    with database.write() as connection:
        connection.execute(text("CREATE TABLE filler (bytes BLOB)"))
    with _every_connection_begins(database, "PRAGMA max_page_count = 1"):
        with suppress(OperationalError):  # that is when it is full
            while True:
                with database.write() as connection:
                    connection.execute(text("INSERT INTO filler VALUES (zeroblob(3000))"))
        yield
    with database.write() as connection:
        connection.execute(text("DROP TABLE filler"))


@contextmanager
def _every_connection_begins(database: Database, command: str) -> Iterator[None]:
    """It counts for one connection, so the pool begins anew before and after."""

    def begin(connection: Any, _record: object) -> None:
        connection.execute(command)
        connection.commit()

    event.listen(database.engine, "connect", begin)
    database.engine.dispose()
    try:
        yield
    finally:
        event.remove(database.engine, "connect", begin)
        database.engine.dispose()


@contextmanager
def _postgres_full(database: Database) -> Iterator[None]:
    with database.write() as connection:
        connection.execute(text(NO_ROOM))
        for table in FULL_FOR:
            name = f"no_room_for_{table}"
            connection.execute(text(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()"))
    try:
        yield
    finally:
        with database.write() as connection:
            connection.execute(text("DROP FUNCTION no_room CASCADE"))


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """The server has become a stand-by, the file belongs to somebody else."""
    command = "PRAGMA query_only = ON" if database.is_sqlite else "SET default_transaction_read_only = on"
    with _every_connection_begins(database, command):
        yield


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another process is in the middle of something, and stays there."""
    if database.is_sqlite:
        command = [sys.executable, "-c", HOLD, str(database.engine.url.database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            yield
            other.communicate()
        return
    with database.engine.connect() as other_session, other_session.begin():
        other_session.execute(text("LOCK TABLE escalations IN ACCESS EXCLUSIVE MODE"))
        yield


def everything(database: Database) -> dict[str, int | None]:
    """How many rows each table has."""
    with database.read() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) for name, table in metadata.tables.items()
        }
