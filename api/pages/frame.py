"""The frame of every page: one layout, the headers that keep a page to itself, and failures in words instead of JSON.

Style and script come from our own files only, never from the page itself, so the strictest Content-Security-Policy holds;
pages that a message leads to have no script at all. Templates escape everything that is put into them.
"""

from collections.abc import Callable, Coroutine, Mapping
from functools import cache, partial
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.exceptions import HTTPException

from activities.wording import Language
from api.errors import RETRY_AFTER, database_trouble, reported, status_of
from api.pages.words import TEXTS, reads, said
from api.services import Services, services_of
from domain.errors import DomainError
from domain.forgetting import FORGOTTEN

HERE = Path(__file__).parent
STATIC = HERE / "static"
STATIC_PATH = "/static"
_OWN_ONLY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _OWN_ONLY,
    "Referrer-Policy": "no-referrer",  # the address is a key
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
# Behind the sign-in a script of our own may run and listen to us; no page needs it to be read or to act.
DESK_HEADERS = {**HEADERS, "Content-Security-Policy": f"{_OWN_ONLY}; script-src 'self'; connect-src 'self'"}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Elsewhere(Exception):
    """What is asked for is not to be seen yet; `path` is where to go first."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


log = structlog.get_logger()


@pass_context
def _said_of_nobody(context: Context, value: Any) -> Any:
    """What stands in place of a forgotten customer's words, alone or within a sentence, in the language of the page."""
    if isinstance(value, str) and FORGOTTEN in value:
        return value.replace(FORGOTTEN, said(context.get("language", "en"), "forgotten"))
    return value


_JINJA = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_said_of_nobody,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    services: Services,
    template: str,
    language: Language,
    status: int = 200,
    headers: Mapping[str, str] = HEADERS,
    **fields: Any,
) -> HTMLResponse:
    """A page in that language. `fields` are what the template asks for.

    Every template has `t` (a sentence by its name), `base` (what stands before our paths) and `asset` (the address of a file
    of `static/`).
    """
    text = part(services, template, language, banner=_banner(services, language), **fields)
    return HTMLResponse(text.encode("utf-8", "replace"), status, headers)


def part(services: Services, template: str, language: Language, **fields: Any) -> Markup:
    """A page, or what stands in one, as text."""
    base = base_of(services)
    common = {"language": language, "t": partial(said, language), "base": base, "asset": partial(_asset, base)}
    return Markup(_JINJA.get_template(template).render(common, **fields))  # noqa: S704 - templates escape what is put in


def _asset(base: str, name: str) -> str:
    """Where a file of `static/` is; its hash is part of the address, so that a new one is fetched at once."""
    return f"{base}{STATIC_PATH}/{name}?v={_fingerprint(name)}"


@cache
def _fingerprint(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def base_of(services: Services) -> str:
    """What the public address has in front of our paths; empty, or without a slash at its end."""
    return urlsplit(services.settings.public_address).path


def redirect(services: Services, path: str) -> Response:
    """Go there, with GET. `path` is one of ours."""
    return Response(status_code=303, headers={**HEADERS, "Location": f"{base_of(services)}{path}"})


def words_only(services: Services, language: Language, status: int, title: str, text: str) -> HTMLResponse:
    """A page that says one thing; `title` and `text` are names of sentences."""
    return page(services, "words.html.j2", language, status, title=said(language, title), text=said(language, text))


class PageRoute(APIRoute):
    """A route for people: what fails leaves as a page, too, in the reader's language; what breaks, with its number in our log."""

    def get_route_handler(self) -> Handler:
        """The route's own handler, with its failures caught."""
        answered = super().get_route_handler()

        async def in_words(request: Request) -> Response:
            try:
                return await answered(request)
            except Elsewhere as elsewhere:
                return redirect(await services_of(request), elsewhere.path)
            except Exception as error:  # noqa: BLE001 - whatever it is, a person reads the answer
                return _failed(await services_of(request), request, error)

        return in_words


def _failed(services: Services, request: Request, error: Exception) -> HTMLResponse:
    language = _reads(request)
    if isinstance(error, DomainError):
        status, headers = status_of(error)
        known = error.code if error.code in TEXTS[language] else "unavailable"
        title = "refused_title" if status < 500 else "unavailable_title"
        title = f"{known}_title" if f"{known}_title" in TEXTS[language] else title
        failed = words_only(services, language, status, title, known)
        failed.headers.update(headers)
        return failed
    if isinstance(error, (HTTPException, RequestValidationError)):
        status = error.status_code if isinstance(error, HTTPException) else 422
        known = "too_long" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "unreadable_form"
        return words_only(services, language, status, "unavailable_title", known)
    reason = database_trouble(error)
    if reason is None:
        words = said(language, "broken", reference=reported(request.url.path, error))
        return page(services, "words.html.j2", language, 500, title=said(language, "broken_title"), text=words)
    log.error("database does not serve a page", reason=reason)
    failed = words_only(services, language, 503, "unavailable_title", "unavailable")
    failed.headers["Retry-After"] = RETRY_AFTER
    return failed


def read_by(request: Request, language: Language) -> None:
    """From now on it is known who reads the answer, whatever becomes of it."""
    request.state.language = language


def _reads(request: Request) -> Language:
    """The reader's language where it is known, else what the browser asks for."""
    known: Language | None = getattr(request.state, "language", None)
    return known or asked_for(request)


def asked_for(request: Request) -> Language:
    """The language of ours that the browser asks for first, else English."""
    return reads(request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip())


def _banner(services: Services, language: Language) -> str | None:
    """In local mode: what does not leave this machine."""
    channels = [said(language, channel) for channel in services.outbox_only]
    if not channels:
        return None
    return said(language, "local_mode", channels=said(language, "and").join(channels))
