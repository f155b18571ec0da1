"""What changed, as it happens: server-sent events to whoever has a board or a case open, for as long as their session lasts.

An event names cases and says nothing else of them; the page then fetches what it shows, as its reader may see it.
"""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.pages.frame import DESK_HEADERS, PageRoute
from api.pages.signed_in import Reader, Session
from api.services import Services, Wired
from api.watching import News

PATH = "/board/events"
KIND = "text/event-stream"
HEARTBEAT = 15.0  # seconds; proxies close what is silent, and who has gone is noticed
RETRY = 3_000  # milliseconds until a browser comes again by itself
HEADERS = {**DESK_HEADERS, "X-Accel-Buffering": "no"}  # nginx would keep events until it has enough of them

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(PATH)
async def events(session: Reader, services: Wired) -> Response:
    """`change` with the ids of the cases, or `null` for any; `over` when the session has ended. 503 when there is no room."""
    services.watcher.admit(session.caller.id, session.value)
    return StreamingResponse(stream(services, session), media_type=KIND, headers=HEADERS)


async def stream(services: Services, session: Session, heartbeat: float = HEARTBEAT) -> AsyncIterator[str]:
    """The events, until the session ends or nothing more is to be heard."""
    with services.watcher.listening(session.caller.id, session.value) as listener:
        yield f"retry: {RETRY}\n\n"
        while True:
            news = await listener.next(heartbeat)
            if services.sessions.key_id(session.value, services.now()) is None or listener.revoked:
                yield "event: over\ndata: null\n\n"
                return
            if listener.over:
                return  # the browser comes again
            yield ": still here\n\n" if news is None else _event(news)


def _event(news: News) -> str:
    return f"event: change\ndata: {json.dumps(sorted(news.ids) if news.ids is not None else None)}\n\n"
