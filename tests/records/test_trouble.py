"""A database that is full, locked or gone: an error within a limit, nothing half-written, and it serves again by itself."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

import records.database
from records.database import Database
from records.escalations import Escalations
from records.transitions import Transitions
from tests.postgres import Postgres, embedded
from tests.records.conftest import Open
from tests.records.samples import NOW, at, line, message, transition
from tests.records.troubles import disk_full, everything, locked

WAIT = 0.5  # seconds, in place of the five a transaction waits for a lock


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records.database, "BUSY_SECONDS", WAIT)


BIG = transition(
    2,
    subject="Checkout is still down",
    timeline=tuple(line(number, "x" * 500) for number in range(2, 100)),
    messages=(message("sam/sms"),),
)


def test_a_full_disk_stores_a_transition_whole_or_not_at_all(database: Database) -> None:
    transitions = Transitions(database)
    transitions.record(transition(timeline=(line(1),), messages=(message(),)), NOW)
    before = everything(database)
    with disk_full(database):
        for _ in range(2):
            with pytest.raises(OperationalError):
                transitions.record(BIG, at(1))
            assert everything(database) == before
        shown = Escalations(database).latest("zendesk-1")
        assert shown is not None
        assert shown["version"] == 1
    transitions.record(BIG, at(2))
    assert [entry.seq for entry in Escalations(database).timeline("zendesk-1", 1)] == list(range(1, 100))
    assert len(Escalations(database).messages("zendesk-1", 1)) == 2


@pytest.mark.usefixtures("short_waits")
def test_a_lock_that_is_not_let_go_ends_every_wait_within_a_limit(open_database: Open) -> None:
    """Ten writers in one process wait no longer than one does, and nothing of theirs is stored."""
    database = open_database()
    transitions = Transitions(database)
    transitions.record(transition(), NOW)
    before = everything(database)
    with ThreadPoolExecutor(10) as threads, locked(open_database()):
        began = time.monotonic()
        waiting = [threads.submit(transitions.record, BIG, at(1)) for _ in range(10)]
        for one in waiting:
            assert isinstance(one.exception(20), SQLAlchemyError)
        took = time.monotonic() - began
    assert took < 2 * WAIT + 2, f"the last of ten writers waited {took:.1f} s"
    assert everything(database) == before
    transitions.record(BIG, at(2))
    assert len(Escalations(database).timeline("zendesk-1", 1)) == 98


@pytest.mark.usefixtures("short_waits")
def test_a_reader_never_waits_for_a_stuck_writer_of_the_file(open_database: Open) -> None:
    database = open_database()
    Transitions(database).record(transition(), NOW)
    if not database.is_sqlite:
        with locked(open_database()), pytest.raises(OperationalError):
            Escalations(database).latest("zendesk-1")  # a table that is being altered: an end to this wait as well
        return
    with locked(open_database()):
        assert Escalations(database).latest("zendesk-1") is not None


def test_a_migration_waits_for_the_one_under_way_however_long_it_takes(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker and an API that start together: the second is not refused because the first needs its time."""
    monkeypatch.setattr(records.database, "BUSY_SECONDS", WAIT)
    with postgres.database() as url, ThreadPoolExecutor(1) as threads:
        first, second = Database(url), Database(url)
        with first.write() as connection:
            records.database.exclusive(connection, "migrate")
            started = threads.submit(second.migrate)
            with pytest.raises(TimeoutError):
                started.result(3 * WAIT)
        started.result(20)
        first.close()
        second.close()


def test_a_server_that_comes_back_is_spoken_to_again() -> None:
    """The connections of the pool are dead then; nobody restarts worker or API for that."""
    with embedded() as server, closing(Database(server.postgres.address("postgres"))) as database:
        database.migrate()
        transitions = Transitions(database)
        server.crashes()
        server.comes_back()
        transitions.record(transition(), NOW)  # nobody had noticed, and nobody does

        def in_the_middle() -> None:
            with database.write() as connection:
                connection.execute(text("DELETE FROM escalations"))
                server.crashes()
                connection.execute(text("SELECT 1"))

        with pytest.raises(DBAPIError) as cut_off:
            in_the_middle()
        assert cut_off.value.connection_invalidated
        later = transition(2, timeline=(line(1), line(2)))
        with pytest.raises(OperationalError):
            transitions.record(later, at(1))
        server.comes_back()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(partial(transitions.record, later), [at(2)] * 8))
        assert len(Escalations(database).timeline("zendesk-1", 1)) == 2
