"""A case is entered among the closed ones in the moment it closes, once, and is gone when its closing never happened."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from domain.errors import Invalid
from domain.outcome import Transition
from domain.similar import question
from records.closures import ClosureFilters, Closures
from records.database import Database
from records.rows import save
from records.tables import closures
from records.transitions import Transitions
from tests.records.closed import close, closed
from tests.records.conftest import upgrade
from tests.records.samples import NOW, at, document

EVERYTHING = ClosureFilters()


def listed(database: Database, filters: ClosureFilters = EVERYTHING) -> list[str]:
    return [one.id for one in Closures(database).list_page(filters)[0]]


def found(database: Database, words: str) -> list[str]:
    return [one.closure.id for one in Closures(database).similar(question(words), NOW)]


def test_a_case_that_closes_can_be_found_with_its_cause_and_its_fix(database: Database) -> None:
    close(database, closed(product="shop", category="outage", description="Nobody can pay"))
    [only] = Closures(database).list_page(EVERYTHING)[0]
    assert (only.id, only.episode, only.closed_at, only.customer) == ("zendesk-1", 1, NOW, "acme")
    assert (only.subject, only.cause, only.fix) == ("Checkout is down", "Certificate expired", "Renewed")
    assert (only.product, only.category, only.cause_category, only.origin) == ("shop", "outage", "certificate", "ours")
    assert (only.priority, only.language) == ("high", "en")
    assert found(database, "paying is impossible") == ["zendesk-1"]  # by its description


@pytest.mark.parametrize("status", ["open", "resolved", "cancelled"])
def test_only_closing_enters_a_case(database: Database, status: str) -> None:
    close(database, closed() | {"status": status})
    assert listed(database) == []


def test_recording_the_closing_twice_enters_it_once(database: Database) -> None:
    close(database, closed(), closed())
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(closures)) == 1
    assert found(database, "checkout") == ["zendesk-1"]


def test_a_closing_that_never_happened_is_taken_back_with_its_row(database: Database) -> None:
    """The task that closed it died; the one after it went another way, and the index knows that, too."""
    transitions = Transitions(database)
    transitions.record(Transition(document=document(version=1), version=1, as_of=at(0), after=at(-1)), NOW)
    ends = closed(version=2)
    transitions.record(Transition(document=ends, version=2, as_of=at(1), after=at(0)), NOW)
    assert found(database, "checkout") == ["zendesk-1"]
    instead = document(version=2, status="acknowledged")
    transitions.record(Transition(document=instead, version=2, as_of=at(2), after=at(0)), NOW)
    assert (listed(database), found(database, "checkout")) == ([], [])
    again = closed(version=3, subject="Checkout works")
    transitions.record(Transition(document=again, version=3, as_of=at(3), after=at(2)), NOW)
    assert found(database, "checkout") == ["zendesk-1"]


def test_each_episode_is_a_case_of_its_own(database: Database) -> None:
    close(database, closed(), closed(episode=2, fix="Replaced"))
    assert {(one.episode, one.fix) for one in Closures(database).list_page(EVERYTHING)[0]} == {
        (1, "Renewed"),
        (2, "Replaced"),
    }


def test_neither_name_nor_address_of_a_customer_is_kept_or_searched(database: Database) -> None:
    said = "Ada Lovelace (ada@example.org, +49 30 1234567) cannot pay"
    close(database, closed(name="Ada Lovelace", customer="c-17", description=said))
    assert found(database, "Lovelace") == []
    assert found(database, "ada@example.org 1234567") == []
    with database.read() as connection:
        row = connection.execute(select(closures)).one()
    kept = " ".join(str(value).casefold() for value in row)
    assert [word for word in ("ada", "lovelace", "example.org", "1234567") if word in kept] == []


def test_a_long_text_is_shortened_and_a_hostile_one_is_only_text(database: Database) -> None:
    hostile = "<script>alert('\"; DROP TABLE closures; --')</script> \u202eabc " + "x" * 10_000
    close(database, closed(subject='it\'s "down" OR NEAR(a b) *', cause=hostile, fix=hostile))
    [only] = Closures(database).list_page(ClosureFilters(q="\"down' AND ) NEAR("))[0]
    assert only.subject == 'it\'s "down" OR NEAR(a b) *'
    assert only.cause is not None
    assert len(only.cause) <= 2_000
    assert found(database, "down' | ! & <-> :* script") == ["zendesk-1"]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (ClosureFilters(q="Rechnung"), ["zendesk-3"]),
        (ClosureFilters(q="payment failing"), ["zendesk-2"]),
        (ClosureFilters(q="payment Rechnung"), []),
        (ClosureFilters(q="the"), ["zendesk-3", "zendesk-2", "zendesk-1"]),
        (ClosureFilters(product="shop"), ["zendesk-2", "zendesk-1"]),
        (ClosureFilters(category="outage"), ["zendesk-1"]),
        (ClosureFilters(cause_category="certificate", customer="beta"), ["zendesk-3"]),
        (ClosureFilters(origin="customer"), ["zendesk-2"]),
        (ClosureFilters(since=NOW + timedelta(days=1)), ["zendesk-3", "zendesk-2"]),
        (ClosureFilters(until=NOW + timedelta(days=1)), ["zendesk-1"]),
    ],
)
def test_a_list_shows_what_fits_closed_last_first(database: Database, filters: ClosureFilters, ids: list[str]) -> None:
    close(database, closed("zendesk-2", "Payments fail", days=1, product="shop", origin="customer"))
    close(database, closed(product="shop", category="outage"))
    close(database, closed("zendesk-3", "Doppelte Rechnungen", days=2, customer="beta"))
    assert listed(database, filters) == ids


def test_pages_neither_repeat_nor_leave_out(database: Database) -> None:
    close(database, *(closed(f"zendesk-{number}", days=number // 2) for number in range(7)))
    store, seen, cursor = Closures(database), [], None
    for _ in range(4):
        page, cursor = store.list_page(EVERYTHING, 2, cursor)
        seen += [one.id for one in page]
    assert cursor is None
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize(
    "cursor", ["", "x", "e30", "WyIyMDI2LTAzLTA2IiwxXQ", "WyIyMDI2LTAzLTA2VDE4OjAwOjAwWiIsLTFd", "é"]
)
def test_a_cursor_of_somebody_else_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        Closures(database).list_page(EVERYTHING, 2, cursor)
    assert refused.value.code == "bad_cursor"


@pytest.mark.parametrize("limit", [0, 201])
def test_a_page_has_up_to_two_hundred(database: Database, limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        Closures(database).list_page(EVERYTHING, limit)
    assert refused.value.code == "bad_limit"


def test_cases_closed_before_the_upgrade_are_entered_by_it(empty_url: str) -> None:
    database = Database(empty_url)
    upgrade(database, "0007")
    with database.write() as connection:
        for one in (closed(), closed("zendesk-2", "Rechnungen doppelt"), document("zendesk-3")):
            save(connection, one, 1, NOW)
    database.migrate()
    assert sorted(listed(database)) == ["zendesk-1", "zendesk-2"]
    assert found(database, "doppelte Rechnung") == ["zendesk-2"]
    database.close()
