"""How long it takes to find the closed cases that resemble a new one, on both databases.

Asked in the two ways it is used: with subject and description of a case that has just opened, as the e-mail to a responder
does, and with two or three words, as people type them. Nothing of Temporal is measured here, so there is no bare side.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice

import pytest
from sqlalchemy import text

from bench.closed_cases import closed_cases
from bench.figures import Figure, percentile
from bench.stage import Stage
from domain.similar import question
from records.closure_rows import closure_row
from records.closures import ClosureFilters, Closures
from records.database import Database
from records.rows import escalation_row
from records.tables import closures, escalations
from tests.postgres import embedded

LATEST = 100.0  # ms at p95
ASKED = 200  # questions of each kind
BATCH = 1_000
TYPED = (
    *(
        "payment fails",
        "invoice duplicated",
        "Kartenzahlung schlägt fehl",
        "Rechnungen doppelt",
        "sign-in slow after migration",
    ),
    *(
        "Zertifikat abgelaufen",
        "Webhooks werden nicht zugestellt",
        "database down",
        "Etikettendrucker druckt nicht",
        "A1234",
    ),
)


async def similar(stage: Stage) -> list[Figure]:
    """As many closures as `sizes.closures` in a SQLite file, then in a PostgreSQL of its own."""
    count, figures = stage.sizes.closures, []
    for name, opened in (("sqlite", _sqlite), ("postgresql", _postgresql)):
        try:
            with opened() as database:
                figures += await asyncio.to_thread(_measured, database, name, count)
        except pytest.skip.Exception as why:
            stage.say(f"  {why}")
    return figures


def _measured(database: Database, name: str, count: int) -> list[Figure]:
    fill(database, count)
    found = Closures(database)
    cases = list(islice(closed_cases(ASKED, seed=2), ASKED))
    for case in cases[:3]:
        found.similar_to(case)  # the first one reads which words are rare
    opening = [_took(partial(found.similar_to, case)) for case in cases]
    now = found.list_page(ClosureFilters(), 1)[0][0].closed_at
    asked = [question(TYPED[number % len(TYPED)]) for number in range(ASKED)]
    typed = [_took(partial(found.similar, one, now)) for one in asked]
    return [*_figures(f"similar_case_{name}", f"like a new case, of {count} closed, {name}", opening),
            *_figures(f"similar_words_{name}", f"like typed words, of {count} closed, {name}", typed)]  # fmt: skip


def fill(database: Database, count: int) -> None:
    """So many closed cases, as the rows the transitions would have written, and the housekeeping a server does by itself."""
    made = closed_cases(count)
    while batch := list(islice(made, BATCH)):
        found = [closure_row(one) for one in batch]
        rows = [escalation_row(one, one["version"], row["closed_at"]) for one, row in zip(batch, found, strict=True)]
        with database.write() as connection:
            connection.execute(escalations.insert(), rows)
            connection.execute(closures.insert(), found)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE closures"))


def _figures(key: str, what: str, took: Sequence[float]) -> list[Figure]:
    p95 = percentile(took, 95)
    return [
        Figure(f"{key}_p50", f"{what}, p50", "ms", percentile(took, 50)),
        Figure(f"{key}_p95", "… p95", "ms", p95, None, f"≤ {LATEST:.0f}", p95 <= LATEST),
    ]


def _took(call: Callable[[], object]) -> float:
    """In milliseconds."""
    begin = time.perf_counter()
    call()
    return 1_000 * (time.perf_counter() - begin)


@contextmanager
def _sqlite() -> Iterator[Database]:
    with (
        tempfile.TemporaryDirectory(prefix="tierline-bench-") as folder,
        _opened(f"sqlite:///{folder}/closed.db") as one,
    ):
        yield one


@contextmanager
def _postgresql() -> Iterator[Database]:
    with embedded() as server, _opened(server.postgres.address("postgres")) as one:
        yield one


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        database.migrate()
        yield database
    finally:
        database.close()
