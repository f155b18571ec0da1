"""A hundred boards that watch, and two: what they cost the database and the API, and when each shows that something changed.

A board here does what `live.js` does: it opens its page, listens at `/board/rows`, reads the HTML it is sent and looks for the
row. Every other board shows all cases, the rest are filtered, each by something else.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any

import httpx2
from sqlalchemy import select

from api.watching import MOST_OF_A_SESSION
from bench.figures import Figure, percentile
from bench.pages_ground import Served
from domain.state import LIVE
from records import rows
from records.database import Database
from records.escalations import Escalations, Filters
from records.tables import escalations

BOARDS = (2, 100)
QUIET = 10.0  # seconds without and with the boards; then as long with a change a second
CHANGES = 40
PATIENCE = 60.0  # seconds until all are connected
SETTLED = 5.0  # seconds after the last change; what is not shown by then is counted
AT_MOST_QUERIES, AT_MOST_SECONDS = 1.0, 2.0
CLOSE = 0.1  # statements a second: the cases that are read again once a minute fall into a short measurement or do not
FILTERS = [f"q={one}{two}" for one, two in product("aeinrst", repeat=2)] + ["sort=-priority"]


@dataclass
class Board:
    """One window: its address, the ids of the cases on it, and when each text was first seen in what it was sent."""

    query: str
    cases: list[str]
    awaited: set[str] = field(default_factory=set)
    seen: dict[str, float] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, client: httpx2.AsyncClient, cookie: str) -> None:
        """For ever."""
        path, headers = f"/board/rows?{self.query}", {"Cookie": cookie}
        async with client.stream("GET", path, headers=headers, timeout=None) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    self._shows("".join(json.loads(line.removeprefix("data: "))))

    def _shows(self, html: str) -> None:
        self.ready.set()
        for text in self.awaited - self.seen.keys():
            if text in html:
                self.seen[text] = time.perf_counter()
        if self.seen.keys() >= self.awaited:
            self.done.set()


@dataclass(frozen=True)
class Change:
    """A case with another subject; `text` is what is new in it."""

    id: str
    text: str
    at: float


@dataclass(frozen=True)
class Cost:
    """Statements and percents of one core of the API's, a second."""

    statements: float
    processor: float


async def watched(api: Served, name: str) -> list[Figure]:
    """What boards cost beyond an API nobody watches, and how long a change takes to be shown."""
    alone = await _rate(api)
    figures = [
        Figure(f"boards_alone_{name.lower()}", f"an API nobody watches, {name}", "statements/s", alone.statements)
    ]
    for count in BOARDS:
        figures += await _watched_by(count, api, name, alone)
    return figures


async def _watched_by(count: int, api: Served, name: str, alone: Cost) -> list[Figure]:
    limits = httpx2.Limits(max_connections=count + 10)
    async with httpx2.AsyncClient(base_url=api.url, limits=limits, trust_env=False, timeout=PATIENCE) as client:
        cookies = [await _signed_in(client, api.key) for _ in range(0, count, MOST_OF_A_SESSION)]
        queries = ["" if number % 2 == 0 else FILTERS[number // 2 % len(FILTERS)] for number in range(count)]
        boards = [await _opened(client, cookies[number % len(cookies)], query) for number, query in enumerate(queries)]
        pairs = [(board, cookies[number % len(cookies)]) for number, board in enumerate(boards)]
        watching = [asyncio.create_task(board.watch(client, cookie)) for board, cookie in pairs]
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(board.ready.wait() for board in boards))
            quiet = await _rate(api)
            before, spent, began = api.statements(), api.processor(), time.perf_counter()
            late, missed = await _changes(api, boards)
            busy = _cost(api, before, spent, began)
        finally:
            for one in watching:
                one.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
    return _figures(f"{count}_{name.lower()}", f"{count} boards, {name}", alone, quiet, busy, late, missed)


async def _signed_in(client: httpx2.AsyncClient, key: str) -> str:
    """The cookie of a new session; a session has so many boards and no more."""
    form, here = {"key": key, "next": "/"}, {"Sec-Fetch-Site": "same-origin"}
    answer = await client.post("/sign-in", data=form, headers=here)
    client.cookies.clear()
    return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


async def _opened(client: httpx2.AsyncClient, cookie: str, query: str) -> Board:
    answer = await client.get(f"/?{query}", headers={"Cookie": cookie})
    answer.raise_for_status()
    return Board(query, [part.partition('"')[0] for part in answer.text.split('data-id="')[1:]])


def _figures(
    key: str, what: str, alone: Cost, quiet: Cost, busy: Cost, late: Sequence[float], missed: int
) -> list[Figure]:
    known = late or [CHANGES + SETTLED]
    few, soon = f"≤ {AT_MOST_QUERIES:.0f}", f"≤ {AT_MOST_SECONDS:.0f}"
    still, moving = quiet.statements - alone.statements, busy.statements - alone.statements
    p50, p95 = percentile(known, 50), percentile(known, 95)
    most = AT_MOST_QUERIES + CLOSE
    return [
        Figure(f"boards_{key}_quiet", what, "statements/s", still, None, few, still <= most),
        Figure(f"boards_{key}_quiet_cpu", "… the API's processor", "% of a core", quiet.processor),
        Figure(f"boards_{key}_busy", "… with a change a second", "statements/s", moving, None, few, moving <= most),
        Figure(f"boards_{key}_busy_cpu", "… … the API's processor", "% of a core", busy.processor),
        Figure(f"boards_{key}_shown_p50", "… until a board shows it, p50", "s", p50),
        Figure(f"boards_{key}_shown_p95", "… p95", "s", p95, None, soon, p95 <= AT_MOST_SECONDS),
        Figure(f"boards_{key}_shown_max", "… the last", "s", max(known)),
        Figure(f"boards_{key}_missed", "… changes that a board never showed", "changes", missed),
    ]


async def _rate(api: Served) -> Cost:
    before, spent, began = api.statements(), api.processor(), time.perf_counter()
    await asyncio.sleep(QUIET)
    return _cost(api, before, spent, began)


def _cost(api: Served, statements: int, processor: float, began: float) -> Cost:
    took = time.perf_counter() - began
    return Cost((api.statements() - statements) / took, 100 * (api.processor() - processor) / took)


async def _changes(api: Served, boards: Sequence[Board]) -> tuple[list[float], int]:
    """Change a case of the first page a second; how late each board that has it showed it, and how often one did not."""
    store = Database(api.database)
    found, _ = Escalations(store).list_page(Filters(status=",".join(LIVE)), "next_due_at", CHANGES)
    made: list[Change] = []
    for number, document in enumerate(found):
        begun = time.perf_counter()
        text = f"changed {number} of {CHANGES} at {datetime.now(UTC):%H:%M:%S}"
        subject = f"{document['ticket']['subject']}, {text}"  # the words that boards look for stay in it
        for board in boards:
            if document["id"] in board.cases:
                board.awaited.add(text)
                board.done.clear()
        _write(store, {**document, "ticket": {**document["ticket"], "subject": subject}})
        made.append(Change(document["id"], text, time.perf_counter()))
        await asyncio.sleep(max(0.0, 1.0 - (time.perf_counter() - begun)))
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED):
            await asyncio.gather(*(board.done.wait() for board in boards if board.awaited))
    for document in found:
        _write(store, document)
    store.close()
    late = [board.seen[one.text] - one.at for board in boards for one in made if one.text in board.seen]
    return late, sum(len(board.awaited) for board in boards) - len(late)


def _write(store: Database, document: dict[str, Any]) -> None:
    """As its next version."""
    mine = (escalations.c.id == document["id"]) & (escalations.c.episode == document["episode"])
    with store.write() as connection:
        version = connection.execute(select(escalations.c.version).where(mine)).scalar_one()
        rows.save(connection, document, version + 1, datetime.now(UTC))
