"""The page of a case: everything about one episode, and what the reader may do with it now."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from secrets import token_urlsafe
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from activities.wording import word
from api.commands import case_of
from api.errors import status_of
from api.escalations import CaseId, message_items
from api.links import with_links
from api.openings import Document
from api.pages import audit
from api.pages.board_rows import Clock, name_of
from api.pages.case_page import Desk
from api.pages.desk_forms import action_kinds, action_rows, body_of, form_of, forms_for, recorded
from api.pages.desk_saying import may_say, say_to, sent, why, word_of
from api.pages.forms import Form, typed_again
from api.pages.frame import PageRoute, redirect
from api.pages.problems import lessons_of
from api.pages.signed_in import TESTERS, Reader, Session, desk_page
from api.pages.words import TEXTS, said
from api.services import Services, Wired, in_thread
from domain.causes import title_of
from domain.errors import DomainError, NotAllowed, NotFound
from records.closures import Similar
from records.stored import StoredCommand
from workflows.contract import RETENTION

PATH = "/escalations/{id}"
LAST_EPISODE = 2**31 - 1
MOST_FOUND = 5  # similar cases asked for

log = structlog.get_logger()

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Notice:
    """What came of a button."""

    text: str
    good: bool


@dataclass(frozen=True)
class Seen:
    """One episode, and the latest of the same case."""

    case: Document
    latest: Document

    @property
    def is_latest(self) -> bool:
        """Whether something can be done with it."""
        return bool(self.case["episode"] == self.latest["episode"])


@router.get(PATH)
def show(id: CaseId, session: Reader, services: Wired, episode: str = "", told: str = "") -> Response:
    """The latest episode, or the one named; `told` is the id of a word just said."""
    seen = _seen(services, id, episode)
    command = services.commands.find(told) if told and "\0" not in told else None
    mine = command is not None and command.escalation == id
    return _page(services, session, seen, _became(services, session, seen, command) if command and mine else None)


@router.post(PATH)
async def act(request: Request, id: CaseId, session: Reader, services: Wired) -> Response:
    """Say what a button says; back to the page, or the page with why not and with what was typed."""
    form = await sent(request, services, session)
    command = form.fields.get("command", "")
    may_say(session, command)
    seen = await in_thread(_seen, services, id, "")
    try:
        asked = await in_thread(form_of, command, services.roster.current(), session, seen.case)
        body = body_of(asked, form.fields, session)
        spoken = await in_thread(word_of, services, session, command, id, body, form.fields.get("by"), form.nonce)
        await say_to(services, seen.case, spoken)
    except DomainError as refusal:
        now = await in_thread(_seen, services, id, "")
        notice = _refused(services, session, now, refusal)
        return await in_thread(_page, services, session, now, notice, status_of(refusal)[0], form.fields)
    return redirect(services, f"/escalations/{id}?{urlencode({'told': spoken.id})}")


def _seen(services: Services, id: str, episode: str) -> Seen:
    """Raises NotFound `escalation_not_found`."""
    latest = case_of(services, id)
    if not episode or episode == str(latest["episode"]):
        return Seen(latest, latest)
    number = int(episode) if episode.isascii() and episode.isdigit() and len(episode) < len(str(LAST_EPISODE)) else 0
    found = services.escalations.find(id, number)
    if found is None:
        raise NotFound("escalation_not_found", f"there is no episode {episode[:20]} of an escalation '{id}'")
    return Seen(found, latest)


def _page(
    services: Services,
    session: Session,
    seen: Seen,
    notice: Notice | None,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
) -> Response:
    case, roster, now = seen.case, services.roster.current(), services.now()
    history = services.escalations.timeline(case["id"], case["episode"])
    letters = message_items(services, services.escalations.messages(case["id"], case["episode"]), session.caller)
    causes = services.causes.tree
    desk = Desk(Clock(session.timezone, session.language, now), roster, session.person, causes)
    forms = forms_for(case, roster, session, causes) if seen.is_latest and session.caller.role in TESTERS else []
    sent_again = dict(typed or {})
    forms = [_again(form, sent_again) for form in forms]
    cause = sent_again if sent_again.get("command") == "root-cause" else recorded(case)
    return desk_page(
        services,
        session,
        "case.html.j2",
        status,
        case=desk.page(case, history, letters),
        addresses=with_links(services, case)["links"],
        seen=seen,
        buttons=[form for form in forms if _at_once(form)],
        forms=[form for form in forms if not _at_once(form)],
        notice=notice,
        lessons=lessons_of(services, session, case),
        may_link=session.caller.role in TESTERS,
        person_id=session.caller.person,
        audit=audit.last_of(services, session, case["id"]),
        similar=desk.alike(_similar(services, case)),
        cause=case["root_cause"] and title_of(causes, case["root_cause"]["category"], session.language),
        nonce=token_urlsafe(12),
        typed=cause,
        action_rows=action_rows(cause),
        action_kinds=action_kinds(session),
        people=[(one.id, one.name) for one in roster.people],
        word=partial(word, session.language),
        timezone=session.timezone,
        kept_days=RETENTION.days,
        read_at=now.isoformat(),
    )


def _similar(services: Services, case: Document) -> list[Similar]:
    """Closed cases like this one; a search that fails keeps nobody from the case."""
    try:
        return services.closures.similar_to(case, MOST_FOUND)
    except SQLAlchemyError as error:
        log.error("similar cases are not shown", case=case["id"], error=type(error).__name__)
        return []


def _at_once(form: Form) -> bool:
    """Whether it is only a button."""
    return form.main and not form.fields


def _again(form: Form, typed: Mapping[str, str]) -> Form:
    """The form that was refused is open, as it was sent."""
    return typed_again(form, typed) if form.command == typed.get("command") else form


def _became(services: Services, session: Session, seen: Seen, command: StoredCommand) -> Notice:
    """How a word said before stands by now."""
    if command.status == "refused":
        refusal = NotAllowed(command.code or "refused", command.reason or command.code or "refused")
        return _refused(services, session, seen, refusal)
    known = f"done_{command.name}" if f"done_{command.name}" in TEXTS[session.language] else "done"
    return Notice(said(session.language, "later" if command.status == "queued" else known), good=True)


def _refused(services: Services, session: Session, seen: Seen, refusal: DomainError) -> Notice:
    owner = name_of(services.roster.current(), seen.case["owner"])
    text = why(refusal, session.language, owner, seen.case["id"])
    return Notice(f"{text} {said(session.language, 'nothing_changed')}", good=False)
