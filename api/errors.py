"""Every failure leaves as RFC 9457 `application/problem+json` with a stable `code`; the one table from error class to status.

    DomainError
    ├── NotAllowed 409, NotFound 404, Forbidden 403, Invalid 422      (domain/errors.py)
    ├── Unauthorized     no key, or one that opens nothing      401
    ├── UnsupportedMedia a body in a format we do not read      415
    ├── Busy             the same request is still under way    409, Retry-After
    └── Unavailable      Temporal or the database is away       503, Retry-After

What went wrong inside is logged under a reference and never told to the caller.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from traceback import format_tb
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import DomainError, Forbidden, Invalid, NotAllowed, NotFound, PolicyFaults
from domain.fault_texts import path_text
from domain.plain_words import plain
from signed_links import masked

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"  # seconds; a restart of Temporal or a fail-over of the database takes about that long
HTTP = {  # what the framework refuses by itself: its code here, and what to do
    404: ("not_found", "there is nothing at this address; every route is described at /openapi.json"),
    405: ("method_not_allowed", "this address does not take that method; every route is described at /openapi.json"),
}
JSON_TYPE = "application/json"
READ_ONLY = "25006"  # SQLSTATE: a PostgreSQL that has become, or is not yet, the one to write to
DISK_FULL = ("53100", "SQLITE_FULL")
AWAY = ("database_unavailable", "the database does not answer; try again")
FULL = ("database_full", "the database has no room left; nothing was stored. Try again when its operator has made room")
MOST_ERRORS = 100  # listed; a body with more mistakes than that is something else
LONGEST_MESSAGE = 300  # characters; values may be repeated in a message, and are the caller's

log = structlog.get_logger()


class Unauthorized(DomainError):
    """There is no key, or it is unknown or revoked."""


class UnsupportedMedia(DomainError):
    """The body comes in a format this route does not read."""


class Busy(DomainError):
    """The same request is still being worked on."""


class Unavailable(DomainError):
    """Something we need does not answer; the same request may be sent again."""


_RETRY = {"Retry-After": RETRY_AFTER}
STATUS: Mapping[type[DomainError], tuple[int, Mapping[str, str]]] = {
    NotAllowed: (409, {}),
    NotFound: (404, {}),
    Forbidden: (403, {}),
    Invalid: (422, {}),
    Unauthorized: (401, {"WWW-Authenticate": 'Bearer realm="tierline"'}),
    UnsupportedMedia: (415, {}),
    Busy: (409, _RETRY),
    Unavailable: (503, _RETRY),
}


class Json(JSONResponse):
    """JSON that never fails on half a character (a lone surrogate) in what it repeats to the caller."""

    def render(self, content: Any) -> bytes:
        """The bytes of the answer; what UTF-8 cannot say becomes `?`."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """The body of a problem; `more` are members of its own such as `field` and `errors`."""
    shared = {"type": f"urn:tierline:problem:{code}", "title": HTTPStatus(status).phrase, "status": status}
    return {
        **shared,
        "detail": detail,
        "code": code,
        **{key: value for key, value in more.items() if value is not None},
    }


def status_of(error: DomainError) -> tuple[int, Mapping[str, str]]:
    """The status and headers of a refusal, by the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem_of(error: DomainError) -> dict[str, Any]:
    """The body that tells of a refusal."""
    faults = (
        [{"path": one.path, "message": one.message} for one in error.faults]
        if isinstance(error, PolicyFaults)
        else None
    )
    return problem(status_of(error)[0], error.code, error.message, field=error.field, errors=faults)


def answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Json:
    """A problem as a response."""
    return Json(dict(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def register(app: FastAPI) -> None:
    """Let every error of `app` leave as a problem."""
    app.add_exception_handler(DomainError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_middleware(LastResort)


async def _refused(_: Request, error: Exception) -> Json:
    assert isinstance(error, DomainError)  # noqa: S101 - Starlette's type of a handler is wider than its call
    return answer(status_of(error)[0], problem_of(error), status_of(error)[1])


async def _malformed(request: Request, error: Exception) -> Json:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    unread = any(one["loc"] == ("body",) and isinstance(one["input"], bytes) for one in error.errors())
    return await _refused(request, unsupported(kind)) if unread else answer(422, malformed(error.errors()))


def unsupported(kind: str, *known: str) -> UnsupportedMedia:
    """The refusal of a body in the format `kind`."""
    wanted = " or ".join((JSON_TYPE, *known))
    return UnsupportedMedia("unsupported_media_type", f"send Content-Type {wanted}, not '{_cut(kind) or 'nothing'}'")


def unreadable(error: BaseException) -> Invalid:
    """Why a body cannot be read as JSON."""
    if isinstance(error, UnicodeDecodeError):
        return Invalid(
            "invalid_text", f"the body is not {error.encoding.upper()} (byte {error.start}); send JSON in UTF-8"
        )
    if isinstance(error, json.JSONDecodeError):
        return Invalid("invalid_json", f"the body is not JSON (character {error.pos}: {error.msg})")
    if isinstance(error, RecursionError):
        return Invalid("invalid_json", "the body is nested too deeply; no body of ours needs more than ten levels")
    return Invalid("invalid_json", "the body holds a number with too many digits; quote it if it is a text")


def malformed(errors: Sequence[Any]) -> dict[str, Any]:
    """The problem of a body or query that pydantic refused, with every mistake and its place."""
    if errors[0]["type"] == "json_invalid":
        where = errors[0]["loc"][-1]
        return problem(422, "invalid_json", f"the body is not JSON (character {where}: {errors[0]['ctx']['error']})")
    found = [{"path": _place(one["loc"]), "message": _message(one)} for one in errors[:MOST_ERRORS]]
    told = [f"{one['path']}: {one['message']}" for one in found[:10]]
    more = [f"and {len(errors) - len(told)} more"] if len(errors) > len(told) else []
    return problem(422, "invalid_field", "; ".join([*told, *more]), field=found[0]["path"], errors=found)


def _place(loc: Sequence[str | int]) -> str:
    inside = tuple(loc[1:]) if loc and loc[0] in ("body", "query", "path", "header") else tuple(loc)
    return _cut(path_text(inside)) if inside else "body"


def _message(error: Mapping[str, Any]) -> str:
    return _cut(plain(error))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"


async def no_route(request: Request, error: Exception) -> Json:
    """What the framework refuses by itself: mostly an address or a method that nobody has described."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == HTTPStatus.BAD_REQUEST and error.__cause__ is not None:
        return await _refused(request, unreadable(error.__cause__))  # FastAPI's own reading of a body
    code, detail = HTTP.get(error.status_code, (f"http_{error.status_code}", str(error.detail)))
    allowed = _allowed(request) if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else ""
    headers = {"Allow": allowed} if allowed else error.headers
    return answer(error.status_code, problem(error.status_code, code, detail), headers)


def _allowed(request: Request) -> str:
    """Every method described for this address, or of a page, which nobody describes; the framework names one route's only."""
    described = request.app.openapi()["paths"].items()
    routes = ((one.path, one.methods) for one in iter_route_contexts(request.app.routes))
    return _methods(described, request.url.path) or _methods(routes, request.url.path)


def _methods(ways: Iterable[tuple[str | None, Iterable[str] | None]], path: str) -> str:
    here = [methods or () for way, methods in ways if way and compile_path(way)[0].match(path)]
    return ", ".join(sorted({method.upper() for methods in here for method in methods}))


def database_trouble(error: Exception) -> str | None:
    """Why the database does not serve, where that may pass; None for everything else."""
    cause = getattr(error, "orig", None)
    reason = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or type(error).__name__
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    passes = lost or reason == READ_ONLY or isinstance(error, (OperationalError, PoolTimeout))
    return str(reason) if passes else None


async def _database(request: Request, error: Exception) -> Json:
    """503 for what may pass: away, locked, full, failing over. Everything else is a fault of ours and goes on its way."""
    reason = database_trouble(error)
    if reason is None:
        raise error
    log.error("database does not serve", path=masked(request.url.path), reason=reason)
    code, detail = FULL if reason in DISK_FULL else AWAY
    return answer(503, problem(503, code, detail), _RETRY)


class LastResort:
    """ASGI middleware around everything: what nobody expected leaves as a problem too, logged once, the connection kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, whatever happens inside."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            await _broken(scope["path"], error)(scope, receive, send)


def reported(path: str, error: Exception) -> str:
    """The reference under which our log has what nobody expected."""
    reference = uuid4().hex[:12]
    log.error("request failed", path=masked(path), reference=reference, trace=trace_of(error))
    return reference


def _broken(path: str, error: Exception) -> Json:
    reference = reported(path, error)
    return answer(
        500, problem(500, "internal_error", f"something went wrong on our side; our log has it as {reference}")
    )


def trace_of(error: BaseException) -> str:
    """Where it happened and the kinds of errors, not their texts: those repeat keys, addresses, what customers wrote."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    earlier = f"{trace_of(before)}\nand then\n" if before is not None else ""
    return f"{earlier}{''.join(format_tb(error.__traceback__))}{type(error).__qualname__}"


BODY = (413, 415, 422)  # what every route with a body may refuse

_HEADERS: Mapping[int, tuple[str, str]] = {
    401: ("WWW-Authenticate", "how to send a key"),
    503: ("Retry-After", "seconds to wait before the same request may be sent again"),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declares these problems for a route in OpenAPI."""
    return {status: _declared(status) for status in statuses}


def _declared(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    shown: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
    if status in _HEADERS:
        name, meaning = _HEADERS[status]
        shown["headers"] = {name: {"description": meaning, "schema": {"type": "string"}}}
    return shown


PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "stable; match on this, never on the text"},
        "field": {"type": "string", "description": "the field that is wrong"},
        "errors": {
            "type": "array",
            "description": "every mistake found",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
