"""What every page behind the sign-in shares: who looks, which roles may, the frame with its links, the token of its forms.

The roles of a key hold here as in the API. Whoever is not signed in is led to the form and then back to where they wanted to go.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from activities.wording import Language
from api.audit_notes import notes
from api.auth import Caller
from api.pages.frame import DESK_HEADERS, Elsewhere, asked_for, page, read_by
from api.pages.saying import MOST_FIELDS
from api.pages.words import reads
from api.services import Services, Wired, in_thread
from domain.errors import Forbidden
from domain.roster import Person
from records.keys import Role

COOKIE = "tierline_session"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
HOME = "/"
BOARD_FORMS = "/board/"  # only forms go there: there is no page to come back to
FORM_TOKEN = "form_token"  # noqa: S105 - a field's name
READERS: tuple[Role, ...] = ("viewer", "agent", "operator", "admin")
TESTERS: tuple[Role, ...] = ("agent", "operator", "admin")
LINKS: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("/", "nav_board", READERS),
    ("/on-call", "nav_on_call", READERS),
    ("/actions", "nav_actions", READERS),
    ("/problems", "nav_problems", READERS),
    ("/reports", "nav_reports", READERS),
    ("/policies", "nav_policies", READERS),
    ("/outbox", "nav_outbox", READERS),
    ("/templates", "nav_templates", READERS),
    ("/contact", "nav_contact", TESTERS),
    ("/audit", "nav_audit", ("operator", "admin")),
)


@dataclass(frozen=True)
class Session:
    """Somebody signed in. `value` is the cookie's; `person` is None for a key that belongs to nobody of the roster."""

    value: str
    caller: Caller
    person: Person | None
    language: Language

    @property
    def timezone(self) -> str:
        """Whose clock the pages show."""
        return self.person.timezone if self.person else "UTC"


async def session_of(request: Request, services: Wired) -> Session:
    """Who is signed in; leads to the form when nobody is, they signed out, or their key was revoked."""
    session = await in_thread(known_session, request, services)
    if session is None:
        raise Elsewhere(await _to_sign_in(request))
    return session


def known_session(request: Request, services: Services) -> Session | None:
    """Whose session the browser's cookie is; None where it is nobody's, or over."""
    value = request.cookies.get(COOKIE, "")
    key_id = services.sessions.key_id(value, services.now())
    key = services.keys.valid(key_id) if key_id else None
    if key is None or services.ended_sessions.has(value):
        return None
    notes().key = key
    person = services.roster.current().person(key.person) if key.person else None
    language = reads(person.locale) if person else asked_for(request)
    read_by(request, language)
    return Session(value, Caller(key.id, key.role, key.person, key.label), person, language)


def allow(*roles: Role) -> Callable[[Session], Session]:
    """A dependency that lets only these roles in. Raises Forbidden `role_not_allowed`."""

    def allowed(session: Annotated[Session, Depends(session_of)]) -> Session:
        if session.caller.role not in roles:
            raise Forbidden("role_not_allowed", f"a key of role '{session.caller.role}' may not see this page")
        return session

    return allowed


Reader = Annotated[Session, Depends(allow(*READERS))]
Tester = Annotated[Session, Depends(allow(*TESTERS))]


async def posted(request: Request, services: Wired, session: Annotated[Session, Depends(session_of)]) -> dict[str, str]:
    """The fields of a form of this session. Raises Forbidden `form_unknown` for any other form."""
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not services.sessions.fits(session.value, fields.pop(FORM_TOKEN, "")):
        raise Forbidden("form_unknown", "the form is not one of this session's")
    notes().pressed(fields)
    return fields


Posted = Annotated[dict[str, str], Depends(posted)]


def desk_page(services: Services, session: Session, template: str, status: int = 200, **fields: Any) -> HTMLResponse:
    """A page in the frame of those who are signed in."""
    return page(
        services,
        template,
        session.language,
        status,
        DESK_HEADERS,
        links=[(path, name) for path, name, roles in LINKS if session.caller.role in roles],
        who=session.person.name if session.person else session.caller.label,
        role=session.caller.role,
        form_token=services.sessions.form_token(session.value),
        **fields,
    )


async def _to_sign_in(request: Request) -> str:
    """The form, and where it leads back to. What was pressed is lost, which the form says; who wanted to sign out has done so."""
    if request.method in ("GET", "HEAD"):
        return f"{SIGN_IN}?{urlencode({'next': _address(request.url.path, request.url.query)}, safe='/')}"
    if request.url.path == SIGN_OUT:
        return SIGN_IN
    return f"{SIGN_IN}?{urlencode({'next': await _pressed_on(request), 'lost': 1}, safe='/')}"


async def _pressed_on(request: Request) -> str:
    """The page that a form stood on: it goes to its own page, or is the board's, and says as `back` what that page showed."""
    page = HOME if request.url.path.startswith(BOARD_FORMS) else request.url.path
    try:
        async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
            shown = form.get("back")
    except HTTPException:  # no form that can be read; it was not done either way
        return page
    return _address(page, shown) if isinstance(shown, str) and "=" in shown else page


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
