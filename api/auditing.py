"""Who did and saw what goes into the audit log from here, for every request, and no route knows of it.

What people look at and the commands they say are written behind the answer: who falls over in between loses such a line, and of
a command nothing else, for the case's own timeline and the log of commands are the truth of it. Everything else that was done (a
sign-in, a key, a policy, an export, …) is written before it is answered. Looking at a case gives one line for each key and hour,
or a page that refreshes would fill the log.

A line has ids, a status and a code; never a body, a query or a path, which may name a customer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any, NoReturn, cast
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pages.signed_in import COOKIE, SIGN_IN, SIGN_OUT
from api.services import Services, in_thread
from records.audit import AuditLine, AuditLog, Via
from records.keys import ApiKey

SAW = "saw"
TOGETHER = 200  # lines of one transaction
REMEMBERED = 50_000  # looks of one hour, so that most of them cost nothing

UNSAID = 401  # whoever that was, they did nothing

_CASE = r"(?P<case>[a-z0-9_]{1,32}-[A-Za-z0-9_.~-]{1,198})"
_LOOKS = re.compile(rf"(/v1)?/escalations/{_CASE}(/timeline|/messages)?")
_COMMAND = re.compile(rf"/v1/escalations/{_CASE}/(?P<what>[a-z-]+)")
_FORM = re.compile(rf"/escalations/{_CASE}")
_DEED = re.compile(r"/v1/(?P<kind>keys|policies|roster|causes|actions|problems)(/(?P<id>[\w.~-]+))?(/.*)?")
_ONLY_ASKED = ("/v1/policies/preview", "/v1/roster/preview")  # a POST that changes nothing
WORDS: Mapping[tuple[str, str], str] = {
    ("keys", "POST"): "key_made",
    ("keys", "DELETE"): "key_revoked",
    ("policies", "PUT"): "policy_changed",
    ("causes", "PUT"): "causes_changed",
}

log = structlog.get_logger()


@dataclass(frozen=True)
class Heard:
    """A request and its answer, as far as the log tells of it. `bearer` and `cookie` are the caller's; no line has them."""

    at: datetime
    what: str
    via: Via
    status: int
    request: str
    bearer: str | None
    cookie: str | None
    subject_kind: str | None = None
    subject: str | None = None
    at_once: bool = True


class Auditing:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._looks: set[tuple[str | None, str | None, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, and have it written down."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._hear(scope, message)
            await send(message)

        await self._app(scope, receive, heard)

    async def _hear(self, scope: Scope, start: Message) -> None:
        services = cast(Services, scope["app"].state.services)
        one = heard_of(scope, start, services.now())
        if one is None or (one.what == SAW and self._seen(one)):
            return
        if one.at_once:
            await in_thread(_write, services, [one])
        elif services.heard.full():
            log.error("the audit log is behind; a line is lost", what=one.what)
        else:
            services.heard.put_nowait(one)

    def _seen(self, one: Heard) -> bool:
        look = (one.bearer or one.cookie, one.subject, _hour(one.at))
        if look in self._looks:
            return True
        if len(self._looks) >= REMEMBERED:
            self._looks.clear()
        self._looks.add(look)
        return False


async def keep_log(services: Services) -> NoReturn:
    """Write down what was heard, again and again, until cancelled."""
    while True:
        first = await services.heard.get()
        await in_thread(_write, services, [first, *_waiting(services)])


async def write_down(services: Services) -> None:
    """Write down what was heard so far."""
    await in_thread(_write, services, _waiting(services))


def heard_of(scope: Scope, start: Message, now: datetime) -> Heard | None:
    """What a request and the beginning of its answer are in the log; None for what is not of interest."""
    headers, answer = Headers(scope=scope), Headers(raw=start["headers"])
    told = parse_qs(urlsplit(answer.get("location", "")).query).get("told", [None])[0]  # where a page's command leads
    request = answer.get("command-id") or told or uuid4().hex
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    bearer = secret if scheme.lower() == "bearer" else None
    cookie = _cookie(answer.get("set-cookie", "")) or _cookie(headers.get("cookie", ""))
    via: Via = "api" if scope["path"].startswith("/v1/") else "page"
    plain = Heard(now, "", via, start["status"], request, bearer, cookie)
    return _named(plain, scope["method"], scope["path"], answer)


def _named(plain: Heard, method: str, path: str, answer: Headers) -> Heard | None:
    if answer.get("content-type", "").startswith("text/csv"):
        return replace(plain, what="export", subject_kind="report", subject=path.rpartition("/")[2])
    if method in ("GET", "HEAD"):
        looked = _LOOKS.fullmatch(path)
        seen = looked is not None and plain.status < 400
        return _of_case(plain, SAW, looked["case"]) if seen and looked else None
    if path in (SIGN_IN, SIGN_OUT):
        return replace(plain, what=_signed(path, plain.status))
    said = _COMMAND.fullmatch(path) or _FORM.fullmatch(path)
    if said is not None:
        return _of_case(plain, said.groupdict().get("what", "command"), said["case"])
    if path == "/v1/escalations":
        return _of_case(plain, "open", urlsplit(answer.get("location", "")).path.rpartition("/")[2] or None)
    done = None if path in _ONLY_ASKED else _DEED.fullmatch(path)
    if done is None:
        return None
    kind = done["kind"]
    what = "contact_test" if path.endswith("/contact-test") else WORDS.get((kind, method), f"{kind}_changed")
    return replace(plain, what=what, subject_kind=kind, subject=done["id"])


def _of_case(plain: Heard, what: str, case: str | None) -> Heard:
    return replace(plain, what=what, subject_kind="case", subject=case, at_once=False)


def _signed(path: str, status: int) -> str:
    if path == SIGN_OUT:
        return "sign_out"
    return "sign_in" if status < 400 else "sign_in_failed"


def _cookie(header: str) -> str | None:
    try:
        kept = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return kept.value or None if kept else None


def _waiting(services: Services) -> list[Heard]:
    return [services.heard.get_nowait() for _ in range(min(services.heard.qsize(), TOGETHER - 1))]


def _write(services: Services, heard: list[Heard]) -> None:
    """The work is done, whether or not it can be written down: a store that is away is logged, and nobody is refused for it."""
    try:
        lines = [line for one in heard if (line := _line(services, one)) is not None]
        if lines:
            AuditLog(services.database).write(lines)
    except SQLAlchemyError as error:
        log.error("the audit log cannot be written", what=[one.what for one in heard], error=type(error).__name__)


def _line(services: Services, one: Heard) -> AuditLine | None:
    """None for a caller that nobody knows: they have seen nothing."""
    key = _key_of(services, one)
    if key is None and one.what != "sign_in_failed" and (one.what == SAW or one.status == UNSAID):
        return None
    line = AuditLine(
        id=f"{SAW}/{key.id}/{one.subject}/{_hour(one.at)}" if one.what == SAW and key else uuid4().hex,
        at=one.at,
        what=one.what,
        via=one.via,
        key_id=key.id if key else None,
        person=key.person if key else None,
        role=key.role if key else None,
        subject_kind=one.subject_kind,
        subject=one.subject,
        request=one.request,
        details={} if one.what == SAW else {"status": one.status},
    )
    return _with_command(services, line) if one.subject_kind == "case" and one.what != SAW else line


def _with_command(services: Services, line: AuditLine) -> AuditLine:
    """What the log of commands knows: its name, by whom, and what became of it so far."""
    command = services.commands.find(line.request) if line.request else None
    if command is None:
        return line
    known: dict[str, Any] = {"outcome": command.status} | ({"code": command.code} if command.code else {})
    person = line.person or command.by
    return replace(line, what=command.name, person=person, details={**line.details, **known})


def _key_of(services: Services, one: Heard) -> ApiKey | None:
    if one.bearer is not None:
        return services.keys.find(one.bearer)
    key_id = services.sessions.key_id(one.cookie, one.at) if one.cookie else None
    return services.keys.valid(key_id) if key_id else None


def _hour(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H}"
