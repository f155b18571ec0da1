"""A store full of made-up cases to report on, and the question for a report."""

from random import Random
from typing import Any

from sqlalchemy import insert

from domain.facts import Facts
from records.facts import facts_row, tier_rows
from records.rows import escalation_row
from records.tables import escalations, facts, tier_facts
from tests.api.conftest import Api
from tests.records.made_up import made_up
from tests.records.samples import document

CASES = 120


def made_up_cases(api: Api) -> list[Facts]:
    """So many of them in the store, always the same."""
    chance = Random(6)  # noqa: S311 - made-up cases, no secrets
    made = [made_up(chance, number) for number in range(CASES)]
    keep(api, made)
    return made


def keep(api: Api, made: list[Facts]) -> None:
    """These cases in the store, each with its row, its document and its facts."""
    rows = [_row(one) for one in made]
    with api.services.database.write() as connection:
        connection.execute(insert(escalations), rows)
        connection.execute(insert(facts), [facts_row(one) for one in made])
        connection.execute(insert(tier_facts), [row for one in made for row in tier_rows(one)])


def _row(one: Facts) -> dict[str, Any]:
    shown = document(
        one.id,
        one.episode,
        status=one.status,
        team=one.team,
        owner=one.owner,
        priority=one.priority,
        opened_at=one.opened_at.isoformat(),
        closed_at=one.closed_at and one.closed_at.isoformat(),
        tier={"index": 0, "name": one.tier},
        customer={"id": one.customer, "name": one.customer},
    )
    return {**escalation_row(shown, 1, one.opened_at), "search": one.id}


async def report(api: Api, path: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/reports/{path}", "viewer")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
