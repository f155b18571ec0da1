"""Closings by day: the SQL, on both databases, counts what the facts of the same cases say."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import insert

from domain.facts import Facts
from domain.periods import Period, pieces
from records.closings import closings
from records.database import Database
from records.facts import facts_row
from records.rows import escalation_row
from records.tables import escalations, facts
from tests.records.made_up import made_up
from tests.records.samples import document

WHOLE = Period(datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC), "Europe/Berlin")


@pytest.fixture
def made(database: Database) -> list[Facts]:
    chance = Random(7)  # noqa: S311 - made-up cases, no secrets
    found = [_perhaps_closed(chance, made_up(chance, number)) for number in range(150)]
    with database.write() as connection:
        for one in found:
            closed = one.closed_at and one.closed_at.isoformat()
            shown = document(
                one.id, one.episode, status=one.status, opened_at=one.opened_at.isoformat(), closed_at=closed
            )
            connection.execute(insert(escalations), {**escalation_row(shown, 1, one.opened_at), "search": one.id})
        connection.execute(insert(facts), [facts_row(one) for one in found])
    return found


def _perhaps_closed(chance: Random, one: Facts) -> Facts:
    at = one.opened_at + timedelta(seconds=chance.randrange(2_000_000))
    return one.model_copy(update={"closed_at": at if chance.random() < 0.8 else None})


@pytest.mark.parametrize(
    "filters", [{}, {"team": "support"}, {"product": ""}, {"customer": "acme", "priority": "high"}]
)
@pytest.mark.parametrize("cut", ["day", "month"])
def test_every_piece_has_those_that_were_closed_in_it(
    database: Database, made: list[Facts], filters: dict[str, str], cut: str
) -> None:
    found = pieces(WHOLE, cut)  # type: ignore[arg-type] # one of the cuts
    fitting = [one for one in made if all((getattr(one, name) or "") == value for name, value in filters.items())]
    expected = [
        sum(one.closed_at is not None and piece.begin <= one.closed_at < piece.end for one in fitting)
        for piece in found
    ]
    assert sum(expected) > 0
    assert closings(database, found, filters) == expected


def test_a_case_closed_at_the_edge_belongs_to_the_day_that_begins(database: Database) -> None:
    first, second = pieces(Period(WHOLE.begin, datetime(2026, 2, 2, 23, tzinfo=UTC), WHOLE.timezone), "day")
    shown = document("zendesk-1", 1, status="closed", closed_at=second.begin.isoformat())
    with database.write() as connection:
        connection.execute(insert(escalations), {**escalation_row(shown, 1, second.begin), "search": ""})
    assert closings(database, [first, second], {}) == [0, 1]


def test_nothing_was_closed_in_an_empty_store(database: Database) -> None:
    assert closings(database, pieces(WHOLE, "month"), {}) == [0, 0]
