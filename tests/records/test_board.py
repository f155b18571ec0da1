"""What a board asks the store: counts, changes, open cases by an index of their own, views with a name. On both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from domain.errors import NotAllowed
from domain.state import LIVE
from records.board import MOST_CHANGES, OVERLAP, Board, Counts
from records.database import Database
from records.ended_sessions import EndedSessions
from records.escalations import Escalations, Filters
from records.keys import Keys
from records.rows import escalation_row
from records.tables import escalations
from records.views import MOST, View, Views
from tests.records.samples import NOW, document, target
from tests.records.samples import text as written

OPEN = Filters(status=",".join(LIVE))


def stores(database: Database, id: str, version: int = 1, at: timedelta = timedelta(0), **changes: Any) -> None:
    assert Escalations(database).save_document(document(id, version=version, **changes), version, NOW + at)


def test_counts_are_over_every_open_case(database: Database) -> None:
    assert Board(database).counts() == Counts(0, 0, 0, 0, 0, ())
    stores(database, "zendesk-1", tier={"index": 1, "name": "Experts"}, owner="dana")
    stores(database, "zendesk-2", status="paused", owner="dana")
    stores(database, "zendesk-3", targets=[target("acknowledge", tier="L1", breached=True)])
    stores(database, "zendesk-4", status="resolved")
    stores(database, "zendesk-5", status="closed", closed_at=written(NOW))
    stores(database, "zendesk-6", status="cancelled", targets=[target("acknowledge", tier="L1", breached=True)])
    assert Board(database).counts() == Counts(
        open=4, overdue=1, unowned=2, paused=1, resolved=1, tiers=("L1", "Experts")
    )


def test_changes_are_what_was_written_since(database: Database) -> None:
    board = Board(database)
    assert (board.changes(None).versions, board.changes(None).latest) == ({}, None)
    stores(database, "zendesk-1")
    stores(database, "zendesk-2", at=timedelta(minutes=1))
    assert board.changes(None).versions == {("zendesk-1", 1): 1, ("zendesk-2", 1): 1}
    assert board.changes(NOW).versions == {("zendesk-2", 1): 1}
    latest = board.changes(None).latest
    assert latest == NOW + timedelta(minutes=1)
    stores(database, "zendesk-1", 2, at=timedelta(minutes=2))
    assert board.changes(latest - OVERLAP).versions == {("zendesk-1", 1): 2, ("zendesk-2", 1): 1}
    assert board.changes(NOW + timedelta(hours=1)).versions == {}


def test_changes_bring_the_documents_that_are_newer_than_what_is_known(database: Database) -> None:
    board = Board(database)
    stores(database, "zendesk-1")
    stores(database, "zendesk-2", at=timedelta(minutes=1), owner="dana")
    assert board.changes(None).documents == {}
    found = board.changes(NOW - OVERLAP, NOW)
    assert (set(found.lines), set(found.documents)) == ({("zendesk-1", 1), ("zendesk-2", 1)}, {("zendesk-2", 1)})
    assert (found.lines["zendesk-2", 1].owner, found.documents["zendesk-2", 1]["owner"]) == ("dana", "dana")


def test_documents_are_those_that_are_asked_for_and_there(database: Database) -> None:
    for id in ("zendesk-1", "zendesk-2"):
        stores(database, id)
    found = Board(database).documents([("zendesk-2", 1), ("zendesk-2", 2), ("zendesk-3", 1)])
    assert {key: one["id"] for key, one in found.items()} == {("zendesk-2", 1): "zendesk-2"}
    assert Board(database).documents([]) == {}


def test_changes_count_the_sessions_that_were_signed_out_of(database: Database) -> None:
    EndedSessions(database).end("mine", NOW)
    assert Board(database).changes(NOW).signed_out == 1
    assert EndedSessions(database).among({"mine", "another's"}) == {"mine"}


def test_changes_count_the_keys_that_were_revoked(database: Database) -> None:
    keys = Keys(database)
    id, _ = keys.create("viewer", None, "a wall", NOW)
    assert Board(database).changes(NOW).revoked == 0
    keys.revoke(id, NOW)
    assert Board(database).changes(NOW).revoked == 1


def test_a_rush_is_told_by_its_latest(database: Database) -> None:
    rows = [escalation_row(document(f"zendesk-{n}"), 1, NOW + timedelta(seconds=n)) for n in range(MOST_CHANGES + 5)]
    with database.write() as connection:
        connection.execute(insert(escalations), rows)
    versions = Board(database).changes(None).versions
    assert (len(versions), ("zendesk-4", 1) in versions, ("zendesk-5", 1) in versions) == (MOST_CHANGES, False, True)


def test_open_cases_without_an_owner_can_be_asked_for(database: Database) -> None:
    stores(database, "zendesk-1", owner="dana")
    stores(database, "zendesk-2")
    found, _ = Escalations(database).list_page(Filters(owner=""))
    assert [one["id"] for one in found] == ["zendesk-2"]


@pytest.mark.parametrize("sort", ["next_due_at", "-priority", "-opened_at", "-updated_at"])
def test_open_cases_are_found_by_an_index_of_their_own_however_many_are_closed(database: Database, sort: str) -> None:
    closed: dict[str, Any] = {"status": "closed", "closed_at": written(NOW)}
    rows = [escalation_row(document(f"zendesk-{n}", **(closed if n % 100 else {})), 1, NOW) for n in range(3_000)]
    with database.write() as connection:
        connection.execute(insert(escalations), rows)
        connection.execute(text("ANALYZE"))
    asked = _asked(database)
    found, _ = Escalations(database).list_page(OPEN, sort, 10)
    Board(database).counts()
    plans = [_plan(database, *one) for one in asked if one[0].startswith("SELECT")]
    assert len(found) == 10
    assert len(plans) == 2
    assert all("ix_escalations_live" in plan for plan in plans), plans


def test_a_page_of_closed_cases_is_read_from_an_index_in_its_order_also_where_nobody_counted_rows(
    database: Database,
) -> None:
    closed: dict[str, Any] = {"status": "closed", "closed_at": written(NOW)}
    times = [written(NOW + timedelta(minutes=number)) for number in range(3_000)]
    rows = [escalation_row(document(f"zendesk-{at}", opened_at=at, **closed), 1, NOW) for at in times]
    with database.write() as connection:
        connection.execute(insert(escalations), rows)
        if not database.is_sqlite:  # which does so by itself after a while
            connection.execute(text("ANALYZE"))
    asked = _asked(database)
    Escalations(database).list_page(Filters(status="closed"), "-opened_at", 10)
    [plan] = [_plan(database, *one) for one in asked if one[0].startswith("SELECT")]
    page = plan.split("anon_1" if database.is_sqlite else "Limit")[1]
    assert "opened_at" in page
    assert ("RIGHT PART OF ORDER BY" if database.is_sqlite else "Presorted Key: escalations_1.opened_at") in page


def _asked(database: Database) -> list[tuple[str, Any]]:
    """Every statement with its values, from now on."""
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    return asked


def _plan(database: Database, statement: str, given: Any) -> str:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.read() as connection:
        return "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {statement}", given))


def test_a_case_with_the_longest_names_fits_the_index(database: Database) -> None:
    longest: dict[str, Any] = {
        "ticket": {"system": "z" * 32, "id": "4" * 190, "subject": "ä" * 500},
        "owner": "d" * 64,
        "team": "t" * 64,
    }
    stores(database, f"{'z' * 32}-{'4' * 190}", tier={"index": 0, "name": "L" * 64}, **longest)
    assert Board(database).counts().open == 1


def test_views_are_their_owners_and_one_of_a_name_is_replaced(database: Database) -> None:
    views = Views(database)
    views.save("person:dana", View("mine", "owner=mine"), NOW)
    views.save("person:dana", View("late", "overdue=true"), NOW)
    views.save("person:dana", View("mine", "owner=mine&tier=L1"), NOW)
    views.save("person:sam", View("mine", ""), NOW)
    assert views.of("person:dana") == [View("late", "overdue=true"), View("mine", "owner=mine&tier=L1")]
    views.forget("person:sam", "late")
    views.forget("person:dana", "late")
    assert (views.of("person:dana"), views.of("person:sam")) == (
        [View("mine", "owner=mine&tier=L1")],
        [View("mine", "")],
    )


def test_there_are_only_so_many_views(database: Database) -> None:
    views = Views(database)
    for number in range(MOST):
        views.save("key:a", View(str(number), ""), NOW)
    with pytest.raises(NotAllowed) as refused:
        views.save("key:a", View("one more", ""), NOW)
    assert refused.value.code == "too_many_views"
    views.save("key:a", View("3", "tier=L1"), NOW)
    assert len(views.of("key:a")) == MOST
