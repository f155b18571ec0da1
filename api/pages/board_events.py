"""What changed, as it happens: server-sent events to whoever has a board or a case open, for as long as their session lasts.

A board is sent what it shows, drawn once for all that are alike. Whoever else listens is told which cases have changed, and
nothing else of them; the page then fetches what it shows, as its reader may see it.
"""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.audit_notes import Notes, notes
from api.auditing import looked
from api.pages.board_parts import Eyes, Shown
from api.pages.board_query import Wanted
from api.pages.frame import DESK_HEADERS, PageRoute
from api.pages.signed_in import Reader, Session
from api.services import Services, Wired
from api.watching import Listener, News

CHANGES, ROWS = "/board/events", "/board/rows"
LIST = "board"  # its name in the audit log
KIND = "text/event-stream"
HEARTBEAT = 15.0  # seconds; proxies close what is silent, and who has gone is noticed
RETRY = 3_000  # milliseconds until a browser comes again by itself
HEADERS = {**DESK_HEADERS, "X-Accel-Buffering": "no"}  # nginx would keep events until it has enough of them

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(CHANGES)
async def changes(session: Reader, services: Wired) -> Response:
    """`change` with the ids of the cases, or `null` for any; `over` when the session has ended. 503 when there is no room."""
    services.watcher.admit(session.caller.id, session.value)
    return _answer(stream(services, session))


@router.get(ROWS)
async def rows(request: Request, session: Reader, services: Wired, after: str = "") -> Response:
    """`shown` with those parts of the board at this address that are new, as HTML; all at first. Else as `changes`."""
    services.watcher.admit(session.caller.id, session.value)
    wanted = Wanted.of(request.query_params)
    board = Shown(wanted, wanted.cursor(after), Eyes.of(session), services)
    return _answer(stream_of(services, session, board, notes()))


async def stream(services: Services, session: Session, heartbeat: float = HEARTBEAT) -> AsyncIterator[str]:
    """The changes, until the session ends or nothing more is to be heard."""
    with services.watcher.listening(session.caller.id, session.value) as listener:
        async for news in _heard(services, session, listener, heartbeat):
            yield news if isinstance(news, str) else _event("change", _ids(news))


async def stream_of(
    services: Services, session: Session, board: Shown, by: Notes, heartbeat: float = HEARTBEAT
) -> AsyncIterator[str]:
    """What a board shows, as long; every hour of it is another look in the audit log."""
    sent: list[str] = []
    with services.watcher.listening(session.caller.id, session.value, board) as listener:
        async for news in _heard(services, session, listener, heartbeat):
            if isinstance(news, str):
                yield news
                continue
            parts = services.watcher.parts(board)
            if not parts:
                return  # it could not be drawn; the browser comes again
            looked(services, by, "list", LIST)
            yield _event("shown", f"[{','.join(part for part in parts if part not in sent)}]")
            sent = parts


async def _heard(
    services: Services, session: Session, listener: Listener, heartbeat: float
) -> AsyncIterator[News | str]:
    """News, and what else is to be sent as it is."""
    yield f"retry: {RETRY}\n\n"
    while True:
        news = await listener.next(heartbeat)
        if services.sessions.key_id(session.value, services.now()) is None or listener.revoked:
            yield _event("over", "null")
            return
        if listener.over:
            return  # the browser comes again
        yield ": still here\n\n" if news is None else news


def _answer(events: AsyncIterator[str]) -> Response:
    return StreamingResponse(events, media_type=KIND, headers=HEADERS)


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"


def _ids(news: News) -> str:
    return json.dumps(sorted(news.ids) if news.ids is not None else None)
