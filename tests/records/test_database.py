"""How transactions begin, what times become, and how the schema gets there."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from records.database import Database, exclusive
from records.tables import inbound_events, metadata, roster, timeline
from tests.records.conftest import Open
from tests.records.samples import NOW

MIGRATE = (
    "import sys; from records.database import Database; d = Database(sys.argv[1]); d.migrate(); d.migrate(); d.close()"
)


def test_two_processes_migrating_at_once_both_succeed(empty_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", MIGRATE, empty_url]
    root = Path(__file__).parents[2]
    started = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE) for _ in range(2)]
    faults = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0], faults
    database = Database(empty_url)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(timeline)) == 0
    database.close()


def test_threads_that_migrate_at_once_both_succeed(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(Database.migrate, databases))
    with databases[0].read() as connection:
        assert connection.execute(select(roster)).all() == []
    for database in databases:
        database.close()


def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _on_both})
        assert compare_metadata(context, metadata) == []


def _on_both(thing: Any, name: str | None, kind: str, reflected: bool, _: Any) -> bool:
    """Each database has its own full-text index: SQLite tables of its own making, PostgreSQL an index of its own kind."""
    of_sqlite = kind == "table" and str(name).startswith("closure_words")
    of_postgresql = kind == "index" and "gin" in thing.dialect_kwargs.values() and not reflected
    return not of_sqlite and not of_postgresql


def test_times_come_back_aware_in_utc(database: Database) -> None:
    tokyo = datetime(2026, 3, 7, 2, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    with database.write() as connection:
        connection.execute(insert(roster).values(version=1, document={}, created_at=tokyo))
        found = connection.scalar(select(roster.c.created_at))
    assert found == tokyo
    assert found is not None
    assert found.tzinfo is UTC


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError), database.write() as connection:
        connection.execute(insert(roster).values(version=1, document={}, created_at=datetime(2026, 3, 6)))


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as connection:
            connection.execute(insert(roster).values(version=1, document={}, created_at=NOW))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(roster)) == 0


def test_foreign_keys_are_on(database: Database) -> None:
    orphan = {
        "id": "zendesk-9",
        "episode": 1,
        "seq": 1,
        "at": NOW,
        "kind": "opened",
        "actor": "x",
        "text": "",
        "data": {},
    }
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(timeline).values(orphan))


def test_reading_then_writing_in_one_transaction_never_fails_for_a_lock(open_database: Open) -> None:
    """Without BEGIN IMMEDIATE this ends in `database is locked` at once, whatever the time-out."""
    databases = [open_database(), open_database()]
    start = Barrier(8)

    def count_up(number: int) -> None:
        start.wait()
        for _ in range(10):
            with databases[number % 2].write() as connection:
                exclusive(connection, "test")
                last = connection.scalar(select(func.count()).select_from(inbound_events))
                connection.execute(
                    insert(inbound_events).values(source="t", event_id=str(last), received_at=NOW, body={})
                )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count_up, range(8)))
    with databases[0].read() as connection:
        assert connection.scalar(select(func.count()).select_from(inbound_events)) == 80


def test_readers_and_a_writer_do_not_wait_for_each_other(open_database: Open) -> None:
    one, other = open_database(), open_database()
    began = time.monotonic()
    with one.read() as reading:
        assert reading.scalar(select(func.count()).select_from(roster)) == 0
        with other.write() as writing:
            writing.execute(insert(roster).values(version=1, document={}, created_at=NOW))
            with one.read() as second:
                assert second.scalar(select(func.count()).select_from(roster)) == 0
    assert time.monotonic() - began < 2


def test_an_error_of_the_database_does_not_repeat_what_was_written(database: Database) -> None:
    without_body = insert(inbound_events).values(source="zendesk", event_id="it@acme.example", received_at=NOW)
    with database.write() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(without_body)
    ours = str(caught.value).split("DETAIL:")[0]  # PostgreSQL adds the row itself; our logs hold no texts of exceptions
    assert "acme" not in ours
