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
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from traceback import format_exception
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from domain.errors import DomainError, Forbidden, Invalid, NotAllowed, NotFound, PolicyFaults
from domain.fault_texts import path_text

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"  # seconds; a restart of Temporal or a fail-over of the database takes about that long
CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}

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
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _no_database)
    app.add_exception_handler(PoolTimeout, _no_database)
    app.add_exception_handler(Exception, _broken)


async def _refused(_: Request, error: Exception) -> Json:
    assert isinstance(error, DomainError)  # noqa: S101 - Starlette's type of a handler is wider than its call
    return answer(status_of(error)[0], problem_of(error), status_of(error)[1])


async def _malformed(_: Request, error: Exception) -> Json:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    return answer(422, malformed(error.errors()))


def malformed(errors: Sequence[Any]) -> dict[str, Any]:
    """The problem of a body or query that pydantic refused, with every mistake and its place."""
    if errors[0]["type"] == "json_invalid":
        where = errors[0]["loc"][-1]
        return problem(422, "invalid_json", f"the body is not JSON (character {where}: {errors[0]['ctx']['error']})")
    found = [{"path": _place(one["loc"]), "message": _message(one)} for one in errors]
    detail = "; ".join(f"{one['path']}: {one['message']}" for one in found)
    return problem(422, "invalid_field", detail, field=found[0]["path"], errors=found)


def _place(loc: Sequence[str | int]) -> str:
    inside = tuple(loc[1:]) if loc and loc[0] in ("body", "query", "path", "header") else tuple(loc)
    return path_text(inside) if inside else "body"


def _message(error: Mapping[str, Any]) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


async def _http(_: Request, error: Exception) -> Json:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    code = CODES.get(error.status_code, f"http_{error.status_code}")
    return answer(error.status_code, problem(error.status_code, code, str(error.detail)), error.headers)


async def _no_database(request: Request, error: Exception) -> Json:
    log.error("database away", path=request.url.path, error=type(error).__name__)
    return answer(503, problem(503, "database_unavailable", "the database does not answer; try again"), _RETRY)


async def _broken(request: Request, error: Exception) -> Json:
    reference = uuid4().hex[:12]
    # The trace as text: a renderer that shows local variables would write keys and customers into the log.
    log.error("request failed", path=request.url.path, reference=reference, trace="".join(format_exception(error)))
    return answer(
        500, problem(500, "internal_error", f"something went wrong on our side; our log has it as {reference}")
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declares these problems for a route in OpenAPI."""
    content = {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


PROBLEM_SCHEMA: Mapping[str, Any] = {
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
