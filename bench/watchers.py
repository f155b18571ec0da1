"""A hundred boards that watch: what they cost the database, and when they hear that something changed."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import httpx2
from sqlalchemy import select

from api.watching import MOST_OF_A_SESSION
from bench.figures import Figure, percentile
from bench.pages_ground import Served
from records import rows
from records.database import Database
from records.tables import LIVE_ROWS, escalations

BOARDS = 100
QUIET = 10.0  # seconds without and with the boards; then as long with a change a second
CHANGES = 15
PATIENCE = 60.0  # seconds until all are connected
SETTLED = 5.0  # seconds after the last change; who has not heard by then is counted
AT_MOST_QUERIES, AT_MOST_SECONDS = 1.0, 2.0


class Boards:
    """Listeners of one API; `heard` has when each heard of a case, `awaited` the cases all are to hear of."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self.heard: dict[str, list[float]] = {}
        self.awaited: set[str] = set()
        self.all_ready, self.all_heard = asyncio.Event(), asyncio.Event()
        self._ready = 0

    async def listen(self, cookie: str) -> None:
        """One board, for ever."""
        headers = {"Cookie": cookie}
        async with self._client.stream("GET", "/board/events", headers=headers, timeout=None) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    self._take(json.loads(line.removeprefix("data: ")))

    def _take(self, ids: Sequence[str] | None) -> None:
        if ids is None:
            self._ready += 1  # the first word is that everything is to be looked at
            if self._ready == BOARDS:
                self.all_ready.set()
        for id in ids or ():
            self.heard.setdefault(id, []).append(time.perf_counter())
        if self.awaited and all(len(self.heard.get(id, ())) >= BOARDS for id in self.awaited):
            self.all_heard.set()


async def watched(api: Served, name: str) -> list[Figure]:
    """Statements a second beyond those of an API nobody watches, and how long a change takes to all."""
    alone = await _rate(api)
    limits = httpx2.Limits(max_connections=BOARDS + 10)
    async with httpx2.AsyncClient(base_url=api.url, limits=limits, trust_env=False) as client:
        cookies = [await _signed_in(client, api.key) for _ in range(BOARDS // MOST_OF_A_SESSION)]
        boards = Boards(client)
        listening = [asyncio.create_task(boards.listen(cookies[number % len(cookies)])) for number in range(BOARDS)]
        try:
            async with asyncio.timeout(PATIENCE):
                await boards.all_ready.wait()
            quiet = await _rate(api) - alone
            before, began = api.statements(), time.perf_counter()
            late, missed = await _changes(api, boards)
            busy = (api.statements() - before) / (time.perf_counter() - began) - alone
        finally:
            for one in listening:
                one.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
    return _figures(name, alone, quiet, busy, late, missed)


async def _signed_in(client: httpx2.AsyncClient, key: str) -> str:
    """The cookie of a new session; a session has so many boards and no more."""
    form, here = {"key": key, "next": "/"}, {"Sec-Fetch-Site": "same-origin"}
    answer = await client.post("/sign-in", data=form, headers=here)
    client.cookies.clear()
    return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


def _figures(name: str, alone: float, quiet: float, busy: float, late: Sequence[float], missed: int) -> list[Figure]:
    key, known = f"boards_{name.lower()}", late or [CHANGES + SETTLED]
    p95 = percentile(known, 95)
    few, soon = f"≤ {AT_MOST_QUERIES:.0f}", f"≤ {AT_MOST_SECONDS:.0f}"
    return [
        Figure(f"{key}_alone", f"an API nobody watches, {name}", "statements/s", alone),
        Figure(f"{key}_quiet", f"{BOARDS} boards more, {name}", "statements/s", quiet, None, few, quiet <= AT_MOST_QUERIES + 0.1),
        Figure(f"{key}_busy", "… with a change a second", "statements/s", busy, None, few, busy <= AT_MOST_QUERIES + 0.1),
        Figure(f"{key}_heard_p50", "… until a board hears of it, p50", "s", percentile(known, 50)),
        Figure(f"{key}_heard_p95", "… p95", "s", p95, None, soon, p95 <= AT_MOST_SECONDS),
        Figure(f"{key}_missed", "… boards that never heard", "boards", missed),
    ]  # fmt: skip


async def _rate(api: Served) -> float:
    before, began = api.statements(), time.perf_counter()
    await asyncio.sleep(QUIET)
    return (api.statements() - before) / (time.perf_counter() - began)


async def _changes(api: Served, boards: Boards) -> tuple[list[float], int]:
    """Change a case a second; how late each board heard of each, and how often one did not."""
    store = Database(api.database)
    with store.read() as connection:
        found = connection.execute(select(escalations).where(LIVE_ROWS).limit(CHANGES)).mappings().all()
    written: dict[str, float] = {}
    for row in found:
        begun = time.perf_counter()
        with store.write() as connection:
            rows.save(connection, row["document"], row["version"] + 1, datetime.now(UTC))
        written[row["id"]] = time.perf_counter()
        await asyncio.sleep(max(0.0, 1.0 - (time.perf_counter() - begun)))
    boards.awaited = set(written)
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED):
            await boards.all_heard.wait()
    store.close()
    late = [at - written[id] for id in written for at in boards.heard.get(id, ())[:BOARDS]]
    return late, BOARDS * len(written) - len(late)
