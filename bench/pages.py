"""`python -m bench.pages`: what people wait for, with 10,000 open and 1,000,000 closed cases in the store, on both databases.

The store is seeded once (`tierline seed`) and kept in a folder. Everything is asked over HTTP of an API of its own, one after the
other, signed in as an admin; the first answer of each kind is not counted.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx2
from sqlalchemy import func, select

import process
from bench.__main__ import STOPPED, about
from bench.figures import Figure, percentile, table, write
from bench.pages_ground import Served, forget_old, served, stores
from bench.sizes import FULL, QUICK
from bench.watchers import watched
from domain.state import LIVE
from local.seeding import Size
from records.database import Database
from records.escalations import Escalations, Filters
from records.tables import closures, escalations, timeline

RESULTS = Path(__file__).parent / "pages.json"
KEEP = Path("/var/tmp/tierline-bench") if os.name == "posix" else Path(tempfile.gettempdir()) / "tierline-bench"  # noqa: S108
SEEDS = {FULL.name: Size(), QUICK.name: Size(open=1_000, closed=50_000, timelines=5_000)}
TIMES = 20
BOARD, CASE, LISTED = 300.0, 200.0, 300.0  # ms at p95
SIMILAR = 100.0
REPORT = {"PostgreSQL": 1_000.0, "SQLite": 3_000.0}
BY = ("team", "tier", "priority", "product", "customer", "category", "owner", "origin", "cause")


@dataclass(frozen=True)
class Asked:
    """An address, what it shows, and how many milliseconds it may take at p95 (None: no aim)."""

    what: str
    path: str
    aim: float | None


def pages(api: Served, name: str) -> list[Asked]:
    """What is asked of one store."""
    with closing(Database(api.database)) as store:
        return [*_boards(store), *_cases(store), *_reports(name), *_lists()]


def _boards(store: Database) -> Iterator[Asked]:
    for what, query in (
        ("as it opens", ""),
        ("its rows alone", "fragment=rows"),
        ("nobody's", "owner=nobody"),
        ("of a team, overdue", "team=support&overdue=true"),
        ("critical, newest first", "priority=critical&sort=-opened_at"),
        ("changed last", "sort=-updated_at"),
        ("a word looked for", "q=nord"),
        ("a word nobody wrote", "q=zzzz"),
        ("last page", f"after={_last_page(store)}"),
    ):
        yield Asked(f"board: {what}", f"/?{query}", BOARD)


def _last_page(store: Database) -> str:
    """The cursor of the last page of the board."""
    found, cursor, filters = Escalations(store), None, Filters(status=",".join(LIVE))
    while True:
        _, following = found.list_page(filters, "next_due_at", 200, cursor)
        if following is None:
            return cursor or ""
        cursor = following


def _cases(store: Database) -> Iterator[Asked]:
    closed = select(closures.c.id).order_by(closures.c.number)
    longest = select(timeline.c.id).group_by(timeline.c.id).order_by(func.count().desc()).limit(1)
    newest_open = (
        select(escalations.c.id).where(escalations.c.status == "open").order_by(escalations.c.opened_at.desc())
    )
    with store.read() as connection:
        for what, query in (
            ("closed first", closed),
            ("closed last", closed.order_by(None).order_by(closures.c.number.desc())),
            ("with the longest history", longest),
            ("opened last", newest_open),
        ):
            id = connection.scalar(query.limit(1))
            yield Asked(f"case page: {what}", f"/escalations/{id}", CASE)
        id = connection.scalar(newest_open.limit(1))
    yield Asked("similar to the one opened last", f"/v1/closures/similar?escalation={id}", SIMILAR)
    yield Asked("similar to typed words", "/v1/closures/similar?q=Kartenterminal%20lehnt%20Eingabe%20ab", SIMILAR)


def _reports(name: str) -> Iterator[Asked]:
    aim = REPORT[name]
    yield Asked("report: summary", "/v1/reports/summary", aim)
    for by in BY:
        yield Asked(f"report: summary by {by}", f"/v1/reports/summary?group_by={by}", aim)
    for cut in ("day", "week", "month"):
        yield Asked(f"report: trend by {cut}", f"/v1/reports/trend?group_by={cut}", aim)
    yield Asked("report: root causes", "/v1/reports/root-causes", aim)
    yield Asked("report: heat map", "/v1/reports/heatmap", aim)
    yield Asked("report: time in tier", "/v1/reports/time-in-tier", aim)
    yield Asked("report: backlog by owner", "/v1/reports/backlog?group_by=owner", aim)


def _lists() -> Iterator[Asked]:
    yield Asked("list of all escalations", "/v1/escalations", LISTED)
    yield Asked("list: closed", "/v1/escalations?status=closed", LISTED)
    yield Asked("list: of a customer", "/v1/escalations?customer=c1999", LISTED)
    yield Asked("list: a word looked for", "/v1/escalations?q=nord", LISTED)
    yield Asked("closures of a product", "/v1/closures?product=shop", LISTED)
    yield Asked("outbox", "/outbox", LISTED)


async def measure(api: Served, name: str, say: Callable[[str], None]) -> list[Figure]:
    """Every page of one store, then the boards that watch."""
    figures: list[Figure] = []
    headers = {"Authorization": f"Bearer {api.key}"}
    async with httpx2.AsyncClient(base_url=api.url, trust_env=False, timeout=120) as client:
        await client.post("/sign-in", data={"key": api.key, "next": "/"}, headers={"Sec-Fetch-Site": "same-origin"})
        for one in pages(api, name):
            figures += await _took(client, one, name, headers if one.path.startswith("/v1") else {}, api, say)
        say(f"  a hundred boards, {name}")
        figures += await watched(api, name)
    return figures


async def _took(
    client: httpx2.AsyncClient, one: Asked, name: str, headers: dict[str, str], api: Served, say: Callable[[str], None]
) -> list[Figure]:
    answer = await client.get(one.path, headers=headers)
    if answer.status_code != 200:
        raise RuntimeError(f"{one.path} answered {answer.status_code}: {answer.text[:200]}")
    asked, spent = api.statements(), api.processor()
    took = [await _timed(client, one.path, headers) for _ in range(TIMES)]
    asked, spent = (api.statements() - asked) // TIMES, 1_000 * (api.processor() - spent) / TIMES
    p50, p95 = percentile(took, 50), percentile(took, 95)
    say(
        f"  {name}: {one.what}: {p50:.0f} ms, p95 {p95:.0f} ms; {asked} statements, {spent:.0f} ms of the API's processor"
    )
    key = f"{''.join(sign if sign.isalnum() else '_' for sign in one.what)}_{name.lower()}"
    aim, reached = (None, None) if one.aim is None else (f"≤ {one.aim:,.0f}", p95 <= one.aim)
    return [
        Figure(f"{key}_p50", f"{one.what}, {name}, p50", "ms", p50),
        Figure(f"{key}_p95", "… p95", "ms", p95, None, aim, reached),
        Figure(f"{key}_cpu", "… the API's processor", "ms", spent),
    ]


async def _timed(client: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> float:
    """In milliseconds, the body read."""
    began = time.perf_counter()
    await client.get(path, headers=headers)
    return 1_000 * (time.perf_counter() - began)


def run(sizes: str, size: Size, keep: Path, results: Path, say: Callable[[str], None] = print) -> list[Figure]:
    """Seed what is not there, measure, print the table, write the results."""
    keep.mkdir(parents=True, exist_ok=True)
    forget_old(keep)
    figures: list[Figure] = []
    with stores(keep, size, say) as found:
        told, began = about(FULL if sizes == FULL.name else QUICK, 0), time.monotonic()
        for name, url in found:
            with tempfile.TemporaryDirectory(prefix="tierline-pages-") as home, served(Path(home), url) as api:
                figures += process.run(measure(api, name, say))
    told |= {"took_seconds": round(time.monotonic() - began), "load_after": round(os.getloadavg()[0], 2), **vars(size)}
    write(results, told, figures)
    say(f"\n{table(figures)}\n")
    missed = ", ".join(one.key for one in figures if one.reached is False)
    say(f"{f'Missed: {missed}.' if missed else 'Every aim was reached.'} Written to {results}")
    return figures


def main() -> int:
    """The command line; 0 when it was measured, whatever came of it."""
    parser = argparse.ArgumentParser(prog="bench.pages", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 open and 50,000 closed cases")
    parser.add_argument("--keep", type=Path, default=KEEP, help="where the seeded stores lie; default: %(default)s")
    parser.add_argument("--results", type=Path, default=RESULTS)
    for name in ("open", "closed", "timelines", "days"):
        parser.add_argument(f"--{name}", type=int, help="another size of the store")
    chosen = parser.parse_args()
    sizes = QUICK.name if chosen.quick else FULL.name
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))  # so that API and server are stopped on the way out
    said = {
        name: value for name in ("open", "closed", "timelines", "days") if (value := getattr(chosen, name)) is not None
    }
    run(
        sizes,
        Size(**{**vars(SEEDS[sizes]), **said}),
        chosen.keep,
        chosen.results,
        lambda words: print(words, flush=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
