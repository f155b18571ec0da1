"""The page of contact tests: a button that sends one, and what became of each message; an agent tests their own.

It needs no script: while messages are on their way the browser is asked to load the page again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Response

from activities.wording import short_time
from api import contact_tests
from api.errors import status_of
from api.pages.frame import PageRoute, redirect
from api.pages.signed_in import Posted, Session, Tester, desk_page
from api.pages.words import TEXTS, said
from api.services import Services, Wired, in_thread
from domain.errors import DomainError
from domain.roster import Person
from records.answers import MailAnswer
from records.contact_tests import ContactTest

PATH = "/contact"
LOOK_AGAIN = 2  # seconds
WATCHED = timedelta(minutes=1)  # then the reader loads the page again when they like

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Row:
    """One channel as it is shown; `tone` colours what the words say."""

    channel: str
    to: str
    state: str
    answered: str
    tone: str


@router.get(PATH)
def show(session: Tester, services: Wired, person: str = "") -> Response:
    """The button, and the latest test of that person."""
    return _page(services, session, person)


@router.post(PATH)
async def start(session: Tester, services: Wired, fields: Posted) -> Response:
    """Send a test; leads back to the page, or shows it with the reason why not."""
    person = fields.get("person", "")
    try:
        await contact_tests.begin(services, session.caller, person)
    except DomainError as refusal:
        words = TEXTS[session.language].get(f"contact_{refusal.code}", refusal.message)
        return await in_thread(_page, services, session, person, words, status_of(refusal)[0])
    return redirect(services, f"{PATH}?person={person}")


def _page(
    services: Services, session: Session, person_id: str, notice: str | None = None, status: int = 200
) -> Response:
    people = _people(services, session)
    chosen = next((one for one in people if one.id == person_id), None) or session.person or next(iter(people), None)
    test = services.contact_tests.latest(chosen.id) if chosen else None
    answer = desk_page(
        services,
        session,
        "contact.html.j2",
        status,
        people=people,
        chosen=chosen,
        notice=notice,
        asked_at=test and short_time(test.asked_at, session.timezone, session.language),
        rows=[_row(one, session) for one in test.messages] if test else [],
    )
    if test and _on_its_way(test, services.now()):
        answer.headers["Refresh"] = str(LOOK_AGAIN)
    return answer


def _people(services: Services, session: Session) -> Sequence[Person]:
    """Whom they may test."""
    if session.caller.role == "agent":
        return [session.person] if session.person else []
    return services.roster.current().people


def _on_its_way(test: ContactTest, now: datetime) -> bool:
    waits = any(one.answered_at is None and one.status != "failed" for one in test.messages)
    return waits and now - test.asked_at < WATCHED


def _row(message: MailAnswer, session: Session) -> Row:
    language = session.language

    def at(text: str | None) -> str:
        return short_time(datetime.fromisoformat(text), session.timezone, language) if text else ""

    kept = (message.provider_id or "").startswith("outbox-")
    state = said(language, "contact_kept" if kept else f"contact_{message.status}", reason=message.reason or "")
    when = at(message.delivered_at or message.sent_at)
    answered = message.answered_at
    tone = "good" if answered else "bad" if message.status == "failed" else ""
    return Row(
        said(language, f"channel_{message.channel}"),
        message.to,
        f"{state} {when}".strip(),
        said(language, "contact_yes", at=at(answered)) if answered else said(language, "contact_not_yet"),
        tone,
    )
