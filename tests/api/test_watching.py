"""Boards that watch: one look a second for all of them, told within two, and no stream outlives its session."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import uvicorn
from sqlalchemy import event

from api.auth import Caller
from api.errors import Unavailable
from api.pages.board_events import stream
from api.pages.signed_in import Session
from api.serving import Server
from api.watching import MOST_LISTENERS, MOST_NAMED, MOST_OF_A_KEY, MOST_OF_A_SESSION, Listener, News, Watcher
from records.database import Database
from tests.api.conftest import Api
from tests.records.samples import document as sample
from tests.until import until

QUICK = 0.02  # seconds between looks: tests wait for looks, not for seconds
PATIENCE = 10.0


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements that are said inside the block."""
    said: list[str] = []

    def note(*call: Any) -> None:
        if not call[2].startswith("BEGIN"):
            said.append(call[2])

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)


def stores(api: Api, id: str, version: int = 1) -> None:
    api.services.escalations.save_document(sample(id, version=version), version, api.services.now())


def key_of(api: Api, role: str) -> str:
    found = api.services.keys.find(api.keys[role])
    assert found
    return found.id


def session(api: Api, role: str = "viewer") -> Session:
    id = key_of(api, role)
    value = api.services.sessions.begin(id, api.services.now())
    return Session(value, Caller(id, "viewer", None, "x"), None, "en")


@pytest.fixture
def watcher(api: Api) -> Watcher:
    found = Watcher(api.services.database, QUICK)
    api.app.state.services = replace(api.services, watcher=found)
    return found


async def test_the_first_news_is_that_everything_is_to_be_looked_at_and_then_only_what_changed(
    api: Api, watcher: Watcher
) -> None:
    stores(api, "zendesk-1")
    with watcher.listening(key_of(api, "viewer"), "mine") as listener:
        assert await listener.next(PATIENCE) == News(None)
        stores(api, "zendesk-2")
        assert await listener.next(PATIENCE) == News(frozenset({"zendesk-2"}))
        stores(api, "zendesk-1", 2)
        assert await listener.next(PATIENCE) == News(frozenset({"zendesk-1"}))
        assert await listener.next(QUICK * 5) is None


async def test_what_is_written_with_the_clock_of_another_machine_is_seen_all_the_same(
    api: Api, watcher: Watcher
) -> None:
    stores(api, "zendesk-1")
    with watcher.listening(key_of(api, "viewer"), "mine") as listener:
        await listener.next(PATIENCE)
        behind = api.services.now() - timedelta(seconds=5)
        api.services.escalations.save_document(sample("zendesk-2"), 1, behind)
        assert await listener.next(PATIENCE) == News(frozenset({"zendesk-2"}))


async def test_a_row_from_a_clock_that_is_far_ahead_hides_nothing(api: Api, watcher: Watcher) -> None:
    api.services.escalations.save_document(sample("zendesk-1"), 1, api.services.now() + timedelta(hours=1))
    with watcher.listening(key_of(api, "viewer"), "mine") as listener:
        await listener.next(PATIENCE)
        stores(api, "zendesk-2")
        assert await listener.next(PATIENCE) == News(frozenset({"zendesk-2"}))
        assert await listener.next(QUICK * 5) is None


async def test_a_hundred_boards_cost_one_query_a_look(api: Api, watcher: Watcher) -> None:
    with ExitStack() as open_boards:
        boards = [open_boards.enter_context(watcher.listening(key_of(api, "viewer"), f"{n}")) for n in range(100)]
        for board in boards:
            await board.next(PATIENCE)
        looks = 0
        looking = watcher._look

        async def counted(known: Any) -> Any:
            nonlocal looks
            found = await looking(known)
            looks += 1
            return found

        watcher._look = counted  # type: ignore[method-assign]
        await until(lambda: looks >= 1)
        with counting(api.services.database) as said:
            begun = looks
            await until(lambda: looks >= begun + 5)
            assert len(said) <= looks - begun + 1, said
        stores(api, "zendesk-1")
        for board in boards:
            assert await board.next(PATIENCE) == News(frozenset({"zendesk-1"}))


def test_it_looks_once_a_second() -> None:
    from api.watching import LOOK_EVERY

    assert LOOK_EVERY == 1.0


async def test_nobody_listens_nobody_looks(api: Api, watcher: Watcher) -> None:
    with watcher.listening(key_of(api, "viewer"), "mine") as listener:
        await listener.next(PATIENCE)
    with counting(api.services.database) as said:
        await asyncio.sleep(QUICK * 5)
    assert said == []
    with watcher.listening(key_of(api, "viewer"), "mine") as again:
        assert await again.next(PATIENCE) == News(None), "who comes after everybody has gone is told, too"


async def test_a_slow_listener_piles_nothing_up() -> None:
    listener = Listener("key", "session")
    for number in range(MOST_NAMED):
        listener.tell(frozenset({f"zendesk-{number}"}))
    assert await listener.next(PATIENCE) == News(frozenset(f"zendesk-{number}" for number in range(MOST_NAMED)))
    for number in range(10_000):
        listener.tell(frozenset({f"zendesk-{number}"}))
    assert await listener.next(PATIENCE) == News(None)
    assert await listener.next(QUICK) is None


async def test_there_is_room_for_so_many_and_no_more(api: Api, watcher: Watcher) -> None:
    with ExitStack() as full:
        for number in range(MOST_LISTENERS):
            full.enter_context(watcher.listening(f"key {number % 10}", f"session {number}"))
        with pytest.raises(Unavailable), watcher.listening(key_of(api, "viewer"), "mine"):
            pass
        answer = await api.client.post("/sign-in", data={"key": api.keys["viewer"], "next": "/"})
        assert answer.status_code == 303
        refused = await api.client.get("/board/events")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert watcher.listeners == 0


@pytest.mark.parametrize(("most", "session"), [(MOST_OF_A_SESSION, "mine"), (MOST_OF_A_KEY, "mine {}")])
async def test_no_session_and_no_key_takes_the_room_of_all_others(
    watcher: Watcher, api: Api, most: int, session: str
) -> None:
    with ExitStack() as greedy:
        for number in range(most):
            greedy.enter_context(watcher.listening(key_of(api, "viewer"), session.format(number)))
        with pytest.raises(Unavailable):
            watcher.admit(key_of(api, "viewer"), session.format(0))
        watcher.admit(key_of(api, "agent"), "another's")
    watcher.admit(key_of(api, "viewer"), session.format(0))


async def test_signing_out_ends_the_streams_of_that_session_and_no_others(api: Api, watcher: Watcher) -> None:
    mine, other = session(api), session(api)
    ended, stays = stream(api.services, mine, QUICK), stream(api.services, other, QUICK)
    for one in (ended, stays):
        await anext(one)
    watcher.end_session(mine.value)
    assert [told async for told in ended][-1] == "event: over\ndata: null\n\n"
    assert "over" not in await anext(stays)
    await stays.aclose()  # type: ignore[attr-defined]


async def test_a_revoked_key_ends_its_own_streams_at_the_next_look(api: Api, watcher: Watcher) -> None:
    gone, stays = key_of(api, "viewer"), key_of(api, "agent")
    with watcher.listening(gone, "a") as ended, watcher.listening(stays, "b") as other:
        await ended.next(PATIENCE)
        await other.next(PATIENCE)
        api.services.keys.revoke(gone, api.services.now())
        await ended.next(PATIENCE)
        assert (ended.over, ended.revoked, other.over) == (True, True, False)


async def test_a_key_revoked_just_before_it_listened_is_found_out_too(api: Api, watcher: Watcher) -> None:
    gone, stays = key_of(api, "viewer"), key_of(api, "agent")
    with watcher.listening(stays, "b") as first:
        await first.next(PATIENCE)
        api.services.keys.revoke(gone, api.services.now())
        stores(api, "zendesk-1")
        await first.next(PATIENCE)
        with watcher.listening(gone, "a") as late:
            await until(lambda: late.revoked)


async def test_the_stream_says_when_the_session_is_over(api: Api, watcher: Watcher) -> None:
    mine = session(api)
    told = stream(api.services, mine, QUICK)
    assert (await anext(told)).startswith("retry:")
    assert "event: change\ndata: null\n\n" in [await anext(told) for _ in range(5)]
    later = api.services.now() + timedelta(hours=12, minutes=1)
    moved = stream(replace(api.services, now=lambda: later), mine, QUICK)
    await anext(moved)
    assert await anext(moved) == "event: over\ndata: null\n\n"
    with pytest.raises(StopAsyncIteration):
        await anext(moved)
    await told.aclose()  # type: ignore[attr-defined]
    assert watcher.listeners == 0


async def test_a_store_that_does_not_answer_ends_the_streams_and_a_later_one_works(
    api: Api, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise OSError("gone")

    with watcher.listening(key_of(api, "viewer"), "mine") as listener:
        await listener.next(PATIENCE)
        with monkeypatch.context() as away:
            away.setattr(watcher._board, "changes", broken)
            await until(lambda: listener.over)
    with watcher.listening(key_of(api, "viewer"), "mine") as again:
        assert await again.next(PATIENCE) == News(None)


async def test_when_the_process_goes_every_stream_ends_and_none_begins(api: Api, watcher: Watcher) -> None:
    told = stream(api.services, session(api), QUICK)
    await anext(told)
    watcher.close()
    with suppress(StopAsyncIteration):
        while True:
            await anext(told)
    with pytest.raises(Unavailable):
        watcher.admit(key_of(api, "viewer"), "mine")


@asynccontextmanager
async def served(api: Api) -> AsyncIterator[str]:
    """The app behind a real socket, since a stream has no end to wait for; its address."""
    server = Server(api.app, uvicorn.Config(api.app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def browser(api: Api, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who is signed in."""
    async with httpx2.AsyncClient(base_url=address, timeout=30) as http:
        await http.post("/sign-in", data={"key": api.keys["viewer"], "next": "/outbox"})
        yield http


async def heard(lines: AsyncIterator[str]) -> Any:
    """The data of the next change."""
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream has ended")


async def test_a_board_hears_of_a_change_soon(api: Api) -> None:
    async with served(api) as address, browser(api, address) as http, http.stream("GET", "/board/events") as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        lines = answer.aiter_lines()
        assert await heard(lines) is None
        begun = asyncio.get_running_loop().time()
        stores(api, "zendesk-1")
        assert await heard(lines) == ["zendesk-1"]
        assert asyncio.get_running_loop().time() - begun < 5.0  # two where the machine is free: `make bench` says


async def test_a_server_that_stops_does_not_wait_for_a_board_to_be_closed(api: Api) -> None:
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stays_open:
        async with served(api) as address:
            http = await stays_open.enter_async_context(browser(api, address))
            answer = await stays_open.enter_async_context(http.stream("GET", "/board/events"))
            lines = answer.aiter_lines()
            assert await heard(lines) is None
        assert api.services.watcher.listeners == 0


async def test_who_is_not_signed_in_hears_nothing(api: Api) -> None:
    api.client.cookies.clear()
    answer = await api.client.get("/board/events")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/board/events")
