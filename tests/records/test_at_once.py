"""What several processes do to the same rows at the same instant; the databases differ most where writers meet."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from sqlalchemy import func, select

from records.command_log import CommandLog
from records.database import Database
from records.escalations import Escalations
from records.idempotency import Fresh, Idempotency, Pending
from records.problems import Problems, locked
from records.tables import messages, timeline
from records.transitions import Transitions
from tests.postgres import Postgres
from tests.records.conftest import Open
from tests.records.samples import NOW, applied, at, command, line, message, transition
from tests.records.taught import cause, closes, explained, lessons_of

ROUNDS = 20


def at_once(*deeds: Callable[[], object]) -> None:
    """Let every deed begin at the same instant, each on a thread of its own; raises what one of them raises."""
    start = Barrier(len(deeds), timeout=20)

    def begins(deed: Callable[[], object]) -> None:
        start.wait()
        deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        list(threads.map(begins, deeds))


def count(database: Database) -> tuple[int | None, int | None]:
    with database.read() as connection:
        tables = (timeline, messages)
        lines, told = (connection.scalar(select(func.count()).select_from(table)) for table in tables)
    return lines, told


def test_two_workers_that_record_the_same_transition_record_it_once(open_database: Open) -> None:
    """A record that was given up at its time-out may still be under way when its retry comes."""
    one, other = open_database(), open_database()
    CommandLog(one).queue(command(), "zendesk-1", 1)
    for version in range(1, ROUNDS + 1):
        told = message(f"dana-{version}/sms")
        same = transition(version, timeline=(line(version),), messages=(told,), settled=(applied(),))
        at_once(partial(Transitions(one).record, same, at(1)), partial(Transitions(other).record, same, at(2)))
        assert count(one) == (version, version)
    found = CommandLog(other).find("c1")
    assert found is not None
    assert found.status == "applied"


def test_transitions_that_overtake_each_other_lose_no_line_and_end_with_the_newest(open_database: Open) -> None:
    one, other = open_database(), open_database()
    for number in range(1, ROUNDS + 1):
        earlier, later = (transition(version, timeline=(line(version),)) for version in (2 * number - 1, 2 * number))
        at_once(partial(Transitions(one).record, earlier, at(1)), partial(Transitions(other).record, later, at(1)))
        shown = Escalations(one).latest("zendesk-1")
        assert shown is not None
        assert shown["version"] == 2 * number
    assert [entry.seq for entry in Escalations(one).timeline("zendesk-1", 1)] == list(range(1, 2 * ROUNDS + 1))


def test_a_case_that_is_linked_by_hand_while_it_closes_is_linked_once_and_nobody_waits_for_each_other(
    open_database: Open,
) -> None:
    one, other = open_database(), open_database()
    lessons = lessons_of(one)
    for number in (1, 2):
        lessons.record_recurrence(closes(one, number, number), NOW)
    for number in range(3, ROUNDS + 3):
        case = (f"zendesk-{number}", 1)
        by_hand = partial(Problems(other).link, "P-1", case, "lee", at(number))
        at_once(partial(lessons.record_recurrence, closes(one, number, number), NOW), by_hand)
        assert len(Problems(one).cases("P-1")) == number


def test_who_holds_a_problem_keeps_no_root_cause_waiting_that_names_it(postgres: Postgres) -> None:
    """Else who links a case by hand would wait for the case, and the case for the problem. SQLite has one writer anyway."""
    with postgres.database() as url, ThreadPoolExecutor(1) as thread:
        store = Database(url)
        lessons = lessons_of(store)
        for number in (1, 2):
            lessons.record_recurrence(closes(store, number, number), NOW)
        with store.write() as connection:
            locked(connection, "P-1")
            thread.submit(explained, store, cause(problem="P-1"), id="zendesk-3", status="resolved").result(10)
        assert len(Problems(store).cases("P-1")) == 3
        store.close()


def test_a_key_that_is_let_go_while_a_retry_asks_for_it_is_fresh_or_pending(open_database: Open) -> None:
    same = ("owner", "POST", "/v1/escalations", "retry-1")

    def asks_and_lets_go(store: Idempotency) -> None:
        for _ in range(ROUNDS * 5):
            assert isinstance(store.begin(*same, "hash", NOW), (Fresh, Pending))
            store.release(*same)

    at_once(*(partial(asks_and_lets_go, Idempotency(open_database())) for _ in range(3)))
