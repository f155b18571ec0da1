"""Who did and saw what goes into the audit log from here, for every request, and no route knows of it.

Which route is what stands in `api.audit_routes`; what cannot be seen from outside is noted on the way (`api.audit_notes`).

What people look at and the words they say to cases are written behind the answer: who falls over in between loses such a line,
and of a word nothing else, for the case's own timeline and the log of commands are the truth of it. Everything else that was done
(a sign-in, a key, a policy, an export, …) is written before it is answered. While the store has no room, looks are lost; deeds
are kept here and written when there is room. Looking at a case gives one line for each key and hour, or a page that refreshes
would fill the log.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NoReturn, cast
from uuid import uuid4

import structlog
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit_lines import Heard, lines_of
from api.audit_notes import Notes, plain_id, taking_notes
from api.audit_routes import CASE, COMMANDS, DECIDED, SAW, Deed, Look, Words
from api.pages.signed_in import SIGN_IN
from api.services import Services, in_thread
from records.audit import AuditLog, Via
from signed_links import PATH as LINK

COMMAND_LINE = "tierline-cli"  # how `tierline` names itself (`local.client`): a word about the way, not about who it is
TOGETHER = 200  # requests of one transaction
REMEMBERED = 50_000  # looks of one hour, so that most of them cost nothing
AGAIN_AFTER = 5.0  # seconds; a store that is full is not full for long, or somebody is already looking at it
BROKEN = 500
WRONG_KEY = 401  # only these are counted, ten for each address; what is refused before a key is looked at has no end

log = structlog.get_logger()


class Auditing:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._paths: Mapping[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, and have it written down."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with taking_notes() as notes:
            answered = False

            async def heard(message: Message) -> None:
                nonlocal answered
                if message["type"] == "http.response.start":
                    answered = True
                    await self._hear(scope, notes, message["status"], Headers(raw=message["headers"]))
                await send(message)

            try:
                await self._app(scope, receive, heard)
            except Exception:
                if not answered:
                    await self._hear(scope, notes, BROKEN, Headers())
                raise

    async def _hear(self, scope: Scope, notes: Notes, status: int, answer: Headers) -> None:
        services = cast(Services, scope["app"].state.services)
        one = _heard(scope, self._route(scope), notes, status, answer, services)
        if one is None or (one.look is not None and _seen(services, one.look)):
            return
        if one.later or not await in_thread(_write, services, [one]):
            keep(services, one)

    def _route(self, scope: Scope) -> str | None:
        """Such as `GET /escalations/{id}`; a route itself does not know the path of a router it was put into."""
        if not self._paths:
            routes = iter_route_contexts(scope["app"].routes)
            self._paths = {id(one.original_route): one.path for one in routes if one.path is not None}
        path = self._paths.get(id(scope.get("route")))
        return None if path is None else f"{scope['method']} {path}"


def _seen(services: Services, look: tuple[str, ...]) -> bool:
    if look in services.looks:
        return True
    if len(services.looks) >= REMEMBERED:
        services.looks.clear()
    services.looks.add(look)
    return False


async def keep_log(services: Services) -> NoReturn:
    """Write down what was heard, again and again, until cancelled; then what is left."""
    try:
        while True:
            heard = [await services.heard.get(), *_waiting(services)]
            if not await in_thread(_write, services, heard):
                _keep_deeds(services, heard)
                await asyncio.sleep(AGAIN_AFTER)
    finally:
        _write(services, _waiting(services))


async def write_down(services: Services) -> None:
    """Write down what was heard so far."""
    await in_thread(_write, services, _waiting(services))


def keep(services: Services, one: Heard) -> None:
    """Have it written down soon."""
    if services.heard.full():
        log.error("the audit log is behind; a line is lost", what=one.what)
    else:
        services.heard.put_nowait(one)


def looked(services: Services, notes: Notes, kind: str, subject: str) -> None:
    """Somebody is shown something without having asked again, such as what has changed on a board."""
    one = Heard(services.now(), "page", notes, SAW, kind, subject)
    if one.look is not None and not _seen(services, one.look):
        keep(services, one)


def _heard(
    scope: Scope, route: str | None, notes: Notes, status: int, answer: Headers, services: Services
) -> Heard | None:
    """What a request and its answer are in the log; None for what is not of interest, or of nobody we know."""
    told = None if "idempotent-replayed" in answer else _told(scope, route, notes, status, answer)
    if told is None or not (notes.known or told[0] == "sign_in_failed"):
        return None
    request = answer.get("command-id") or uuid4().hex
    what, kind, subject = told
    return Heard(services.now(), via_of(scope), notes, what, kind, subject, status, request)


def _told(
    scope: Scope, route: str | None, notes: Notes, status: int, answer: Headers
) -> tuple[str | None, str | None, str | None] | None:
    """What was done, the kind and the id of what it is about."""
    if answer.get("content-type", "").startswith("text/csv"):
        return "export", "report", scope["path"].rpartition("/")[2]
    decided, params = DECIDED.get(route or ""), scope.get("path_params") or {}
    match decided:
        case Look():
            subject = decided.name or _subject(params, decided.id, notes)
            return (SAW, decided.kind, subject) if status < 400 and subject else None
        case Deed() if not notes.told_itself:
            return _done(decided, scope["path"], notes, status), decided.kind, _subject(params, decided.id, notes)
        case Words():
            return _said(decided, params, notes, status)
    return None


def _done(decided: Deed, path: str, notes: Notes, status: int) -> str:
    if path == SIGN_IN and status == WRONG_KEY:
        return "sign_in_failed"
    return notes.what or decided.buttons.get(notes.button or "", decided.what)


def _said(
    decided: Words, params: Mapping[str, str], notes: Notes, status: int
) -> tuple[str | None, str | None, str | None] | None:
    """The words have lines of their own; without any it was refused before, or only what is needed for one was asked for."""
    if notes.what is not None:
        return notes.what, "person", notes.thing
    if notes.words:
        return None, CASE, None
    what = notes.button if notes.button in COMMANDS else decided.what
    return (what, CASE, _subject(params, decided.id, notes)) if status >= 400 else None


def _subject(params: Mapping[str, str], name: str | None, notes: Notes) -> str | None:
    return plain_id(params.get(name, "")) if name else notes.thing


def via_of(scope: Scope) -> Via:
    """The way a request came."""
    path: str = scope["path"]
    if path.startswith("/v1/"):
        agent = Headers(scope=scope).get("user-agent", "")
        return "cli" if agent.startswith(COMMAND_LINE) else "api"
    return "link" if path.startswith(LINK) else "page"


def _waiting(services: Services) -> list[Heard]:
    return [services.heard.get_nowait() for _ in range(min(services.heard.qsize(), TOGETHER - 1))]


def _keep_deeds(services: Services, heard: Sequence[Heard]) -> None:
    for one in heard:
        if one.look is None:
            keep(services, one)


def _write(services: Services, heard: Sequence[Heard]) -> bool:
    """False when it cannot be written down now: that is logged, and nobody is refused for it."""
    try:
        lines = [line for one in heard for line in lines_of(services, one)]
        if lines:
            AuditLog(services.database).write(lines)
    except SQLAlchemyError as error:
        log.error("the audit log cannot be written", what=[one.what for one in heard], error=type(error).__name__)
        return False
    return True
