"""Signing in: a key typed once into a form becomes a cookie that scripts cannot read and other sites cannot send along.

`SameSite=Lax`: with `Strict` a link in an e-mail would find nobody signed in. `Secure` wherever the public address is https.
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response

from activities.wording import Language
from api.audit_notes import notes
from api.pages.frame import PageRoute, asked_for, base_of, page, redirect
from api.pages.signed_in import COOKIE, HOME, SIGN_IN, SIGN_OUT, Posted, Session, known_session, session_of
from api.pages.words import said
from api.services import Services, Wired, in_thread
from api.sessions import LIFE
from domain.errors import Forbidden
from records.keys import ApiKey

LONGEST_NEXT = 1_000  # characters
LONGEST_KEY = 200
CROSS_SITE = "cross-site"
MOST_FIELDS = 5

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get(SIGN_IN)
def show(request: Request, services: Wired, next: str = "", lost: str = "") -> Response:
    """The form; whoever is signed in goes on at once. `lost`: they pressed something that was not done."""
    if known_session(request, services):
        return redirect(services, _local(next))
    language = asked_for(request)
    return _form(services, language, _local(next), notice=said(language, "sign_in_lost") if lost else None)


@router.post(SIGN_IN)
async def sign_in(request: Request, services: Wired) -> Response:
    """Begin a session, or show the form again with words."""
    if request.headers.get("sec-fetch-site") == CROSS_SITE:
        raise Forbidden("form_unknown", "the form is another site's")
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        secret, following = str(form.get("key", "")).strip(), _local(str(form.get("next", "")))
    language, address, now = asked_for(request), request.client.host if request.client else "", services.now()
    wait = services.tries.wait(address, now)
    if wait is not None:
        minutes = int(wait.total_seconds() // 60) + 1
        answer = _form(services, language, following, 429, said(language, "sign_in_tries", minutes=minutes))
        answer.headers["Retry-After"] = str(minutes * 60)
        return answer
    key = await in_thread(services.keys.find, secret) if 0 < len(secret) <= LONGEST_KEY else None
    if key is None:
        services.tries.failed(address, now)
        answer = _form(services, language, following, 401, said(language, "sign_in_wrong"))
        answer.headers["WWW-Authenticate"] = 'Bearer realm="tierline"'
        return answer
    return _begun(services, key, following)


@router.post(SIGN_OUT)
async def sign_out(services: Wired, session: Annotated[Session, Depends(session_of)], _: Posted) -> Response:
    """End the session, in this browser and for every copy of its cookie."""
    await in_thread(services.ended_sessions.end, session.value, services.now() + LIFE)
    services.watcher.end_session(session.value)
    return _keeping(services, redirect(services, SIGN_IN), "", 0)


def _begun(services: Services, key: ApiKey, following: str) -> Response:
    notes().key = key
    session = services.sessions.begin(key.id, services.now())
    return _keeping(services, redirect(services, following), session, int(LIFE.total_seconds()))


def _keeping(services: Services, answer: Response, session: str, seconds: int) -> Response:
    """The answer, with what the browser is to keep for so long."""
    https = urlsplit(services.settings.public_address).scheme == "https"
    path = base_of(services) or "/"
    answer.set_cookie(COOKIE, session, max_age=seconds, path=path, secure=https, httponly=True, samesite="lax")
    return answer


def _form(
    services: Services, language: Language, following: str, status: int = 200, notice: str | None = None
) -> Response:
    return page(services, "sign_in.html.j2", language, status, following=following, notice=notice)


def _local(path: str) -> str:
    """A path of ours; for anything that a browser might take for another site's address, home."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if ours and len(path) <= LONGEST_NEXT else HOME
