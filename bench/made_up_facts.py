"""A million cases that never were, as rows of `facts` and `tier_facts`: what reports are measured on.

Spread evenly over three years, so that 90 days have about 82,000. Names repeat as they do in life: a few customers, products and
causes have most of the cases.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from random import Random
from typing import Any, Final

from sqlalchemy import Table, insert

from domain.facts import TARGETS
from records.database import Database
from records.facts import EPOCH, QUARTER
from records.tables import facts, tier_facts

CASES: Final = 1_000_000
DAYS: Final = 1_100
BATCH: Final = 20_000
TIERS: Final = ("L1", "L2", "L3")
ORIGINS: Final = ("ours", "product", "third_party", "customer")

Row = dict[str, Any]


def fill(database: Database, until: datetime, cases: int = CASES) -> None:
    """Put them into an empty store, the last one opened just before `until`."""
    made = _cases(until, cases)
    while batch := list(islice(made, BATCH)):
        _insert(database, facts, [case for case, _ in batch])
        _insert(database, tier_facts, list(chain.from_iterable(rows for _, rows in batch)))
    if not database.is_sqlite:  # a server does this by itself after a while
        with database.write() as connection:
            connection.exec_driver_sql("ANALYZE")


def _insert(database: Database, table: Table, rows: Sequence[Row]) -> None:
    with database.write() as connection:
        if database.is_sqlite:
            connection.execute(insert(table), rows)
            return
        names = [column.name for column in table.c]
        cursor: Any = connection.connection.cursor()  # psycopg's, which can copy
        with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as into:
            for row in rows:
                into.write_row([row[name] for name in names])


def _cases(until: datetime, cases: int) -> Iterator[tuple[Row, list[Row]]]:
    chance, begin = Random(1), until - timedelta(days=DAYS)  # noqa: S311 - no secrets
    for number in range(cases):
        opened_at = begin + timedelta(days=DAYS) * (number / cases)
        waits = number > cases - cases // 100 and chance.random() < 0.9
        case = _case(chance, number, opened_at, waits)
        yield case, _stays(chance, case)


def _case(chance: Random, number: int, opened_at: datetime, waits: bool) -> Row:
    taken, fixed = int(chance.expovariate(1 / 1800)) + 20, int(chance.expovariate(1 / 90_000)) + 3600
    caused = not waits and chance.random() < 0.95
    resolved_at = None if waits else opened_at + timedelta(seconds=fixed)
    return {
        "id": f"zendesk-{number}",
        "episode": 1,
        "version": 20,
        "opened_at": opened_at,
        "opened_quarter": (opened_at - EPOCH) // QUARTER,
        "status": chance.choice(("open", "acknowledged", "paused")) if waits else "closed",
        "system": chance.choice(("zendesk", "jira", "hubspot")),
        **_named(chance),
        "cause": f"cause-{_often(chance, 40)}" if caused else None,
        "cause_at": resolved_at if caused else None,
        "origin": chance.choice(ORIGINS) if caused else None,
        "acknowledged_at": opened_at + timedelta(seconds=taken),
        "resolved_at": resolved_at,
        "closed_at": resolved_at and resolved_at + timedelta(days=2),
        "acknowledge_seconds": taken,
        "acknowledge_working": taken // 2,
        "resolve_seconds": None if waits else fixed,
        "resolve_working": None if waits else fixed // 3,
        **{f"{name}_met": int(chance.random() < 0.9) for name in TARGETS},
        **{f"{name}_breached": int(chance.random() < 0.1) for name in TARGETS},
        "promises_made": 3,
        "resolutions": 0 if waits else 1,
        "reopen_count": 0,
        "reopens": False,
        "came_back": not waits and chance.random() < 0.06,
        "survey_score": chance.choice((1, 2, 3, 4, 4, 5, 5, 5)) if chance.random() < 0.3 else None,
        "messages_sent": chance.randrange(3, 20),
        "messages_failed": int(chance.random() < 0.1),
        "nobody_on_duty": int(chance.random() < 0.02),
        "recurrence": caused and chance.random() < 0.5,
    }


def _named(chance: Random) -> Row:
    highest = chance.choice((0, 0, 0, 1, 1, 2))
    return {
        "team": f"team-{chance.randrange(8)}",
        "tier": TIERS[highest],
        "highest_tier": TIERS[highest],
        "climbs": highest,
        "priority": chance.choice(("low", "medium", "medium", "high", "critical")),
        "product": f"product-{_often(chance, 30)}",
        "category": f"category-{_often(chance, 12)}",
        "customer": f"customer-{_often(chance, 5_000)}",
        "owner": f"person-{chance.randrange(200)}",
    }


def _often(chance: Random, names: int) -> int:
    """The lower the number the more often."""
    return int(names * chance.random() ** 3)


def _stays(chance: Random, case: Row) -> list[Row]:
    same = {name: case[name] for name in ("id", "episode", "opened_at")}
    return [
        {**same, "tier": tier, "stays": 1, "seconds": chance.randrange(100_000), "breaches": int(chance.random() < 0.2)}
        for tier in TIERS[: TIERS.index(case["highest_tier"]) + 1]
    ]
