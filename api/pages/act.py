"""The page on which a responder acts: the case as it stands, and the buttons that make sense now.

To look changes nothing. What is pressed is said as by the person whose link it is; a refusal shows the rule's words above the
form, with everything that was typed still in it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import Response

from activities.wording import Language
from api.causes import check_cause
from api.commands import check_names
from api.errors import status_of
from api.openings import Document
from api.pages import saying
from api.pages.case_view import Reader
from api.pages.draft import draft
from api.pages.forms import Form, body_of, forms_for, typed_again, unasked
from api.pages.frame import page
from api.pages.saying import Posted
from api.pages.words import TEXTS, reads, said
from api.services import Services, in_thread
from domain.errors import DomainError, Forbidden, NotAllowed, NotFound
from domain.problems import Problem
from domain.refusals import IN_WORK
from domain.state import TimelineEntry
from domain.told_by_people import require_address
from records.stored import StoredCommand
from signed_links import ToAct

OVER_OLDER = "over_older"  # the case goes on in a newer episode: nothing can be done by this link
OVER_CLOSED = "over_closed"  # and no newer episode: a word to reopen it begins one


@dataclass(frozen=True)
class Notice:
    """What came of a button: `good`, or refused in the rule's words. `typed` is what was sent and has no form any more."""

    text: str
    good: bool
    typed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """Everything the page is made of. `over` names the sentence that says the case, or this round of it, has ended.

    `known` is the problem it belongs to, while the case is worked on and somebody has written down what helps for now.
    """

    reader: Reader
    case: Document
    history: list[TimelineEntry]
    over: str | None
    draft: str | None
    known: Problem | None

    @property
    def language(self) -> Language:
        return self.reader.language


async def show(services: Services, link: ToAct, command_id: str | None) -> Response:
    """The page. Raises Forbidden `person_unknown`, NotFound `case_unknown`."""
    seen = await in_thread(_seen, services, link)
    command = await in_thread(saying.told, services, command_id, link.escalation, (link.person,))
    return await in_thread(_page, services, seen, _became(seen, command) if command else None)


async def act(services: Services, link: ToAct, posted: Posted) -> Response:
    """What a button says to the case; leads back to the page, or shows it with the refusal."""
    seen = await in_thread(_seen, services, link)
    command = posted.fields.get("command", "")
    try:
        body = body_of(command, posted.fields, seen.language)
        check_names(seen.reader.roster, command, body)
        await in_thread(check_cause, services, command, body)
        require_address(seen.case["customer"], command, body)
        word = saying.said_by(link, link.person, command, body, posted, services)
        word = replace(word, body={**word.body, **unasked(command, seen.case)})  # its id is of what was sent alone
        if seen.over != OVER_CLOSED:  # that one refuses by itself all but a word to reopen it
            await saying.not_too_late(services, seen.case, word)
        return await saying.say(services, seen.case, word)
    except DomainError as refusal:
        now = await in_thread(_seen, services, link)
        return await in_thread(_page, services, now, _refused(now, refusal), status_of(refusal)[0], posted)


def _seen(services: Services, link: ToAct) -> Seen:
    roster, now = services.roster.current(), services.now()
    person = roster.person(link.person)
    if person is None:
        raise Forbidden("person_unknown", "the person of this link has left the roster")
    case = services.escalations.find(link.escalation, link.episode)
    if case is None:
        raise NotFound("case_unknown", "the case of this link is not in the store")
    latest = services.escalations.latest(link.escalation) or case
    history = services.escalations.timeline(link.escalation, link.episode)
    ready = draft(services.settings.policies, case, now)
    known = _known(services, case)
    reader = Reader(person, reads(person.locale), roster, now, services.causes.tree)
    return Seen(reader, case, history, _over(case, latest), ready, known)


def _known(services: Services, case: Document) -> Problem | None:
    found = services.problems.of_case(case["id"], case["episode"]) if case["status"] in IN_WORK else None
    return found if found is not None and found.state == "known_error" else None


def _over(case: Document, latest: Document) -> str | None:
    if latest["episode"] != case["episode"]:
        return OVER_OLDER
    return f"over_{case['status']}" if case["status"] in ("closed", "cancelled") else None


def _page(
    services: Services, seen: Seen, notice: Notice | None, status: int = 200, posted: Posted | None = None
) -> Response:
    fields = {**posted.fields} if posted else {}
    forms = [] if seen.over == OVER_OLDER else _forms(services, seen)
    forms = [typed_again(form, fields) if form.command == fields.get("command") else form for form in forms]
    if notice and posted and not any(form.command == fields.get("command") for form in forms):
        notice = replace(notice, typed=_typed(fields))
    return page(
        services,
        "act.html.j2",
        seen.language,
        status,
        case=seen.reader.view(seen.case, seen.history),
        over=seen.over and said(seen.language, seen.over),
        buttons=[form for form in forms if form.main],
        forms=[form for form in forms if not form.main],
        notice=notice,
        known=seen.known,
        corrects=seen.case["root_cause"] is not None,
        nonce=secrets.token_urlsafe(12),
    )


def _forms(services: Services, seen: Seen) -> list[Form]:
    return forms_for(seen.case, seen.reader.roster, seen.language, seen.draft, services.causes.tree)


def _typed(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(text for name, text in fields.items() if name != "command" and text.strip())


def _became(seen: Seen, command: StoredCommand) -> Notice:
    """How a command stands by now."""
    if command.status == "refused":
        return _refused(seen, NotAllowed(command.code or "refused", command.reason or command.code or "refused"))
    return Notice(said(seen.language, "later" if command.status == "queued" else f"done_{command.name}"), good=True)


def _refused(seen: Seen, refusal: DomainError) -> Notice:
    """In the person's language where we have the words, else in the rule's own."""
    language, key = seen.language, f"refused_{refusal.code}"
    if refusal.code == "field_required":
        text = refusal.message
    elif key in TEXTS[language]:
        text = said(language, key, owner=seen.reader.name(seen.case["owner"]) or "?")
    else:
        why = refusal.message.removeprefix(f"{seen.case['id']}: ").rstrip(".")
        text = said(language, "refused", why=why[:1].upper() + why[1:])
    return Notice(f"{text} {said(language, 'nothing_changed')}", good=False)
