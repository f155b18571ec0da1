"""How long the reports take over their default 90 days, with a million cases in the store: on SQLite and on PostgreSQL.

Every report is asked for three times and the slowest counts. Nothing of Temporal is measured here, so there is no bare side.
Where PyPI has no PostgreSQL for this platform its figures are left out, which is said.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, get_args

import pytest

from bench import made_up_facts
from bench.figures import Figure
from bench.stage import Stage
from domain.periods import Period, period, pieces
from records.database import Database
from records.figures import Dimension, Figures, Wanted
from tests.postgres import embedded

AIMS: Final[Mapping[str, float]] = {"sqlite": 3.0, "postgresql": 1.0}  # seconds
TIMES: Final = 3
ZONE: Final = "Europe/Berlin"


async def reports(stage: Stage) -> list[Figure]:
    """The slowest of each kind of report over as many cases as `sizes.past_cases`, on each database."""
    figures: list[Figure] = []
    for name, opened in (("sqlite", _sqlite), ("postgresql", _postgresql)):
        try:
            with opened() as database:
                figures += await asyncio.to_thread(measured, database, name, stage.sizes.past_cases)
        except pytest.skip.Exception as why:
            stage.say(f"  {why}")
    return figures


def measured(database: Database, name: str, cases: int) -> list[Figure]:
    """Fill an empty store, and ask for every report."""
    now = datetime.now(UTC)
    made_up_facts.fill(database, now, cases)
    aim, found = AIMS[name], list[Figure]()
    for what, ask in _asked(Figures(database), period(None, None, ZONE, now), now):
        slowest = max(_seconds(ask) for _ in range(TIMES))
        key = f"report_{what.replace(' ', '_').replace('-', '_')}_{name}"
        title = f"report: {what}, 90 days of {cases:,} cases, {name}"
        found.append(Figure(key, title, "s", slowest, None, f"≤ {aim:.0f}", slowest <= aim))
    return found


def _asked(figures: Figures, whole: Period, now: datetime) -> Iterator[tuple[str, Callable[[], object]]]:
    wanted = Wanted(whole)
    by: tuple[Dimension, ...] = get_args(Dimension)
    yield "summary", lambda: figures.total(wanted)
    for one in by:
        yield f"summary by {one}", lambda one=one: figures.groups(wanted, one)  # type: ignore[misc] # its own `one`
    yield "trend by day", lambda: figures.trend(wanted, pieces(whole, "day"))
    yield "trend by week", lambda: figures.trend(wanted, pieces(whole, "week"))
    yield "root causes", lambda: figures.causes(wanted)
    yield "heat map", lambda: figures.heat(wanted)
    yield "time in tier", lambda: figures.time_in_tier(wanted)
    yield "time in tier of a team", lambda: figures.time_in_tier(Wanted(whole, {"team": "team-1"}))
    yield "backlog by owner", lambda: figures.backlog({}, "owner", now)


def _seconds(ask: Callable[[], object]) -> float:
    begin = time.perf_counter()
    ask()
    return time.perf_counter() - begin


@contextmanager
def _sqlite() -> Iterator[Database]:
    with (
        tempfile.TemporaryDirectory(prefix="tierline-reports-") as folder,
        _migrated(f"sqlite:///{folder}/reports.db") as opened,
    ):
        yield opened


@contextmanager
def _postgresql() -> Iterator[Database]:
    with embedded() as server, _migrated(server.postgres.address("postgres")) as opened:
        yield opened


@contextmanager
def _migrated(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        database.migrate()
        yield database
    finally:
        database.close()
