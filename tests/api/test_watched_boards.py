"""What boards that watch are sent: what their address shows, drawn once for all, however many there are and however filtered."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx2
import pytest
import structlog

from api.audit_notes import Notes
from api.auditing import write_down
from api.pages.board_events import stream_of
from api.pages.board_parts import PAGE, Eyes, Shown
from api.pages.board_query import Wanted
from api.pages.signed_in import COOKIE, Session
from api.watched_boards import WatchedBoards
from api.watching import Watcher
from domain.roster import Person
from records.audit import AuditFilters, AuditLog
from records.board import Board
from records.escalations import Document
from records.open_cases import Key
from tests.api.conftest import Api
from tests.api.test_watching import PATIENCE, QUICK, browser, counting, key_of, served, session
from tests.records.samples import document as sample

BOARDS = 100
EYES = Eyes(None, "en", "UTC", may_act=True)


@pytest.fixture
def watcher(api: Api) -> Watcher:
    found = Watcher(api.services.database, QUICK)
    api.app.state.services = replace(api.services, watcher=found)
    return found


def stores(api: Api, id: str, version: int = 1, **changes: Any) -> None:
    api.services.escalations.save_document(sample(id, version=version, **changes), version, api.services.now())


def board(api: Api, query: str = "", after: str = "", **eyes: Any) -> Shown:
    return Shown(Wanted.read(query), after, replace(EYES, **eyes), api.services)


class Window:
    """A board that is watched: what it has been sent."""

    def __init__(self, api: Api, shown: Shown, by: Session | None = None) -> None:
        self._stream = stream_of(api.services, by or session(api), shown, Notes(), QUICK)
        self.over = False

    async def next(self) -> list[str]:
        """The parts of the next event."""
        async with asyncio.timeout(PATIENCE):
            async for told in self._stream:
                if told.startswith("event: shown"):
                    return list(json.loads(told.partition("data: ")[2]))
                self.over = told.startswith("event: over")
        raise AssertionError("the stream has ended")

    async def close(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]


def ids(html: str) -> list[str]:
    return [part.split('"')[0] for part in html.split('data-id="')[1:]]


def different(count: int) -> list[str]:
    """So many ways to filter and to sort that fit the sample."""
    ways = [f"{name}&sort={sort}" for name in ("", "tier=L1", "team=support", "q=acme", "owner=nobody", "status=open",
            "priority=high", "customer=acme", "q=checkout", "q=down") for sign in ("", "-") for sort in (
            f"{sign}{one}" for one in ("next_due_at", "opened_at", "priority", "updated_at", "closed_at"))]  # fmt: skip
    return ways[:count]


async def statements_and_looks(api: Api, watcher: Watcher, queries: Sequence[str], versions: range) -> tuple[int, int]:
    """While so many boards are open and a case changes, again and again; every board shows every change."""
    with ExitStack() as opened:
        shown = [board(api, query) for query in queries]
        key = key_of(api, "viewer")
        listening = [opened.enter_context(watcher.listening(key, f"{n}", one)) for n, one in enumerate(shown)]
        for listener in listening:
            assert await listener.next(PATIENCE)
        looks, looking = 0, watcher._board.changes

        def counted(*asked: Any) -> Any:
            nonlocal looks
            looks += 1
            return looking(*asked)

        watcher._board.changes = counted  # type: ignore[assignment, method-assign]
        with counting(api.services.database) as said:
            for version in versions:
                stores(api, "zendesk-1", version, next_customer_update_by=f"2026-03-02T10:{version}:00+00:00")
                for listener in listening:
                    assert await listener.next(PATIENCE)
                assert all(f"T10:{version}:00" in "".join(watcher.parts(one)) for one in shown)
            read = [one for one in said if one.lstrip().startswith("SELECT")]
        watcher._board.changes = looking  # type: ignore[method-assign]
        return len(read), looks


async def test_a_hundred_boards_that_show_a_change_cost_the_store_one_statement_a_look(
    api: Api, watcher: Watcher
) -> None:
    for number in range(1, 4):
        stores(api, f"zendesk-{number}")
    assert len(set(different(BOARDS))) == BOARDS
    for queries, versions in (
        ([""], range(10, 15)),
        ([""] * BOARDS, range(15, 20)),
        (different(BOARDS), range(20, 25)),
    ):
        statements, looks = await statements_and_looks(api, watcher, queries, versions)
        assert statements <= looks + 1, f"{len(set(queries))} different boards"  # one look may have been under way


@pytest.mark.parametrize("role", ["viewer", "agent"])
@pytest.mark.parametrize("query", ["", "owner=mine", "tier=L2", "q=zendesk-2", "sort=-opened_at"])
async def test_a_board_is_sent_what_its_address_shows(api: Api, role: str, query: str) -> None:
    async with served(api) as address, httpx2.AsyncClient(base_url=address, timeout=30) as http:
        await http.post("/sign-in", data={"key": api.keys[role], "next": "/outbox"})
        stores(api, "zendesk-1", owner="dana", status="acknowledged")
        stores(api, "zendesk-2", owner="sam", status="acknowledged", tier={"index": 1, "name": "L2"})
        async with http.stream("GET", f"/board/rows?{query}") as answer:
            sent = await parts(answer.aiter_lines())
        page = (await http.get(f"/?{query}&fragment=rows")).text
        assert [plain(one) for one in sent] == [plain(counts_of(page)), plain(rows_of(page))]


async def parts(lines: AsyncIterator[str]) -> list[str]:
    """Of the first event."""
    async for line in lines:
        if line.startswith("data: "):
            return list(json.loads(line.removeprefix("data: ")))
    raise AssertionError("the stream has ended")


def counts_of(page: str) -> str:
    return page[page.index('<ul id="counts"') :].partition('<div id="rows">')[0]


def rows_of(page: str) -> str:
    return page[page.index('<div id="rows">') :]


def plain(html: str) -> str:
    return " ".join(unescape(html).split())


async def test_only_what_is_new_of_a_board_is_sent_and_nothing_to_boards_without_it(api: Api, watcher: Watcher) -> None:
    stores(api, "zendesk-1")
    stores(api, "zendesk-2", tier={"index": 1, "name": "L2"})
    with watcher.listening(key_of(api, "viewer"), "mine", board(api, "tier=L1&q=2")) as away:
        await away.next(PATIENCE)
        other = Window(api, board(api, "tier=L2"))
        assert ids((await other.next())[1]) == ["zendesk-2"]
        stores(api, "zendesk-2", 2, tier={"index": 1, "name": "L2"}, customer={"id": "acme", "name": "Beta"})
        [table] = await other.next()
        assert ids(table) == ["zendesk-2"]
        assert "Beta" in table
        assert await away.next(QUICK * 5) is None
        stores(api, "zendesk-2", 3)
        [table] = await other.next()
        assert ids(table) == [], "the case has gone from here"
        stores(api, "zendesk-3")
        [numbers] = await other.next()
        assert 'id="counts"' in numbers, "that one is not here, but counted"
        await other.close()


async def test_a_case_that_comes_is_put_in_its_place_and_one_that_ends_leaves_it_to_the_next(
    api: Api, watcher: Watcher
) -> None:
    for number in range(PAGE + 1):
        stores(api, f"zendesk-{number:02}", next_due_at=f"2026-03-02T10:{number:02}:00+00:00")
    open_ = Window(api, board(api))
    first = ids((await open_.next())[1])
    assert (len(first), f"zendesk-{PAGE}" in first) == (PAGE, False)
    stores(api, "zendesk-00", 2, status="closed", closed_at="2026-03-02T10:00:00+00:00")
    assert ids((await open_.next())[-1]) == [*first[1:], f"zendesk-{PAGE}"]
    stores(api, "zendesk-new", next_due_at="2026-03-02T10:01:30+00:00")
    assert ids((await open_.next())[-1])[:3] == ["zendesk-01", "zendesk-new", "zendesk-02"]
    await open_.close()


async def test_a_case_is_yours_to_its_owner_only_and_buttons_are_for_who_may_act(api: Api, watcher: Watcher) -> None:
    stores(api, "zendesk-1", owner="dana", status="acknowledged")
    readers = {"dana": Eyes("dana", "en", "UTC", may_act=True), "sam": Eyes("sam", "de", "UTC", may_act=True)}
    readers["wall"] = replace(EYES, may_act=False)
    windows = {who: Window(api, Shown(Wanted(), "", eyes, api.services)) for who, eyes in readers.items()}
    rows = {who: (await window.next())[1] for who, window in windows.items()}
    assert ["<strong>you</strong>" in rows[who] for who in readers] == [True, False, False]
    assert ["<bdi>Dana</bdi>" in rows[who] for who in readers] == [False, True, True]
    assert ["<button" in rows[who] for who in readers] == [True, True, False]
    assert all("form_token" not in one for one in rows.values())
    for window in windows.values():
        await window.close()


async def test_a_name_that_has_changed_is_read_when_the_next_board_comes(api: Api, watcher: Watcher) -> None:
    stores(api, "zendesk-1", owner="dana", status="acknowledged")
    first = Window(api, board(api))
    assert "<bdi>Dana</bdi>" in (await first.next())[1]
    dana = Person(id="dana", name="Dana Doe", email="dana@tierline.example")
    api.services.roster.change(
        lambda roster: roster.model_copy(
            update={"people": (dana, *(one for one in roster.people if one.id != dana.id))}
        ),
        None,
        api.services.now(),
    )
    second = Window(api, board(api, "owner=dana"))
    assert "<bdi>Dana Doe</bdi>" in (await second.next())[1]
    assert "<bdi>Dana Doe</bdi>" in (await first.next())[-1]
    await first.close()
    await second.close()


async def test_a_store_that_was_away_leaves_nothing_old_behind(
    api: Api, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise OSError("gone")

    stores(api, "zendesk-1")
    window = Window(api, board(api))
    await window.next()
    with monkeypatch.context() as away:
        away.setattr(watcher._board, "changes", broken)
        with pytest.raises(AssertionError, match="ended"):
            await window.next()
    stores(api, "zendesk-2")
    stores(api, "zendesk-1", 2, status="closed", closed_at="2026-03-02T10:00:00+00:00")
    again = Window(api, board(api))
    assert ids((await again.next())[1]) == ["zendesk-2"]
    await again.close()


async def test_what_changes_while_all_cases_are_read_is_shown_as_it_is_then(api: Api) -> None:
    stores(api, "zendesk-1")
    store, shown = Board(api.services.database), board(api)
    long_ago = api.services.now() - timedelta(hours=1)
    found = store.changes(long_ago, long_ago)
    stores(api, "zendesk-1", 2, customer={"id": "acme", "name": "Beta"})
    boards = WatchedBoards(api.services.database)
    boards.look(found, None, {shown})
    assert "Beta" in boards.parts(shown)[1]


async def test_a_case_that_closes_while_it_is_read_ends_no_board(
    api: Api, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        stores(api, f"zendesk-{number}")
    read = Board.documents

    def closing(store: Board, keys: Sequence[Key]) -> dict[Key, Document]:
        stores(api, "zendesk-0", 2, status="closed", closed_at="2026-03-02T10:00:00+00:00")
        return read(store, keys)

    monkeypatch.setattr(Board, "documents", closing)
    window = Window(api, board(api))
    assert ids((await window.next())[1]) == ["zendesk-1"]
    [numbers] = await window.next()
    assert 'id="counts"' in numbers, "one less is open, as the next look finds"
    await window.close()


async def test_a_board_that_cannot_be_drawn_ends_alone_and_the_log_says_why(api: Api, watcher: Watcher) -> None:
    stores(api, "zendesk-1")
    others, broken = Window(api, board(api, "team=support")), Window(api, board(api, "team=specialists"))
    await others.next()
    await broken.next()
    with structlog.testing.capture_logs() as logs:
        stores(api, "zendesk-2", team="specialists", pause={"until": None})
        with pytest.raises(AssertionError, match="ended"):
            await broken.next()
        with pytest.raises(AssertionError, match="ended"):
            await Window(api, board(api, "team=specialists")).next()
    assert len(await others.next()) == 1, "its numbers"
    stores(api, "zendesk-3")
    assert ids((await others.next())[1]) == ["zendesk-1", "zendesk-3"]
    assert "a board cannot be drawn; it is told to come again" in {one["event"] for one in logs}
    assert all(one["trace"].endswith("KeyError") for one in logs)
    await others.close()


async def test_a_board_turns_over_at_its_readers_midnight(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.watched_boards.READ_AGAIN", 0.0)
    now = datetime(2026, 3, 6, 22, 30, tzinfo=UTC)
    services = replace(api.services, now=lambda: now)
    berlin, utc = (Shown(Wanted(), "", replace(EYES, timezone=one), services) for one in ("Europe/Berlin", "UTC"))
    stores(api, "zendesk-1", next_due_at="2026-03-06T23:30:00Z")
    boards, nothing = WatchedBoards(services.database), Board(services.database).changes(now, now)
    boards.look(nothing, None, {berlin, utc})
    assert [due(boards, one) for one in (berlin, utc)] == ["Sat 7 Mar 00:30", "23:30"]
    now += timedelta(minutes=35)
    assert boards.look(nothing, set(), {berlin, utc}) == {berlin}
    assert [due(boards, one) for one in (berlin, utc)] == ["00:30", "23:30"]


def due(boards: WatchedBoards, shown: Shown) -> str:
    """When its one case falls due, as it says it."""
    rows = json.loads(boards.parts(shown)[1])
    return str(rows.partition('<span class="at">')[2].partition("<")[0])


async def test_what_no_look_finds_is_shown_when_all_cases_are_read_again(
    api: Api, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores(api, "zendesk-1")
    window = Window(api, board(api))
    await window.next()
    api.services.escalations.save_document(sample("zendesk-2"), 1, api.services.now() - timedelta(hours=1))
    monkeypatch.setattr("api.watched_boards.READ_AGAIN", 0.0)
    assert ids((await window.next())[1]) == ["zendesk-1", "zendesk-2"]
    await window.close()


async def test_who_signs_out_at_another_process_is_sent_nothing_more(api: Api, watcher: Watcher) -> None:
    mine = session(api)
    window = Window(api, board(api), mine)
    await window.next()
    api.services.ended_sessions.end(mine.value, api.services.now() + timedelta(hours=1))
    stores(api, "zendesk-1")
    with pytest.raises(AssertionError, match="ended"):
        await window.next()
    assert window.over


async def test_a_place_that_is_none_is_the_beginning(api: Api) -> None:
    stores(api, "zendesk-1")
    path = "/board/rows?after=nonsense"
    async with served(api) as address, browser(api, address) as http, http.stream("GET", path) as answer:
        assert ids((await parts(answer.aiter_lines()))[1]) == ["zendesk-1"]


async def test_who_is_not_signed_in_is_sent_nothing(api: Api) -> None:
    api.client.cookies.set(COOKIE, "made-up")
    answer = await api.client.get("/board/rows")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/board/rows")


async def test_every_hour_of_a_board_that_is_looked_at_is_a_line_of_the_audit_log(api: Api, watcher: Watcher) -> None:
    key = api.services.keys.find(api.keys["viewer"])
    now = api.services.now()
    services = replace(api.services, now=lambda: now)
    told = stream_of(services, session(api), board(api), Notes(key=key), QUICK)

    async def hears(id: str) -> None:
        stores(api, id)
        async for text in told:
            if id in text:
                return

    await hears("zendesk-1")
    await hears("zendesk-2")
    now += timedelta(hours=1)
    await hears("zendesk-3")
    await write_down(services)
    lines = [one for one in AuditLog(api.services.database).page(AuditFilters())[0] if one.subject == "board"]
    assert len(lines) == 2, "two of the three were in one hour"
    await told.aclose()  # type: ignore[attr-defined]
