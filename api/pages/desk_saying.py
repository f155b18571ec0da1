"""A word said by somebody signed in: with the role and the person of their key, on the path of every command.

Its id is made of the form it came from, so a button pressed twice acts once; and of the key, so that nobody says another's.
While Temporal is away the word is kept, and said when it is back (`api/relay.py`).
"""

import json
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid5

from fastapi import Request
from starlette.exceptions import HTTPException

from activities.wording import Language
from api.audit_notes import notes
from api.auth import acting, command_roles
from api.causes import check_cause
from api.commands import case_of, check_names, obey
from api.errors import Unavailable
from api.openings import Document
from api.pages.board_rows import name_of
from api.pages.desk_forms import FIELD_UNFIT
from api.pages.signed_in import FORM_TOKEN, Session
from api.pages.words import TEXTS, said
from api.prepared import Said
from api.services import Services, in_thread
from domain.errors import DomainError, Forbidden, Invalid
from domain.state import LIVE
from domain.told_by_people import require_address
from signed_links import masked

MOST_FIELDS = 200  # every case of a board's page, and what is filled in
LONGEST_NONCE = 100
SAID = ("field_required", FIELD_UNFIT)  # refusals whose message is in the reader's language already

_WORDS = UUID("5e1f6c7e-3f2a-5c39-8d1c-7a0d6f0b9e44")  # never change: it is part of the id of every word said on a page

Outcome = Literal["applied", "queued", "refused"]


@dataclass(frozen=True)
class Sent:
    """A form of this session as it came; what may be there several times (`many`) and what is there once.

    Links of ours that somebody pasted in are left out, for others read what is typed here; line ends are everybody's.
    """

    nonce: str
    fields: dict[str, str]
    many: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Came:
    """What came of a word; `text` says why it was refused."""

    outcome: Outcome
    text: str | None = None


async def sent(request: Request, services: Services, session: Session) -> Sent:
    """Read the form.

    Raises Forbidden `form_unknown` for one of another session, Invalid `form_too_large`, and `unreadable_form` without a nonce.
    """
    typed = await _typed(request)
    many: dict[str, tuple[str, ...]] = {}
    for name, value in typed:
        many[name] = (*many.get(name, ()), masked(value.replace("\r\n", "\n")))
    fields = {name: values[-1] for name, values in many.items()}
    if not services.sessions.fits(session.value, dict(typed).get(FORM_TOKEN, "")):
        raise Forbidden("form_unknown", "the form is not one of this session's")
    notes().pressed(fields)
    nonce = fields.pop("nonce", "")
    if not 0 < len(nonce) <= LONGEST_NONCE:
        raise Invalid("unreadable_form", "the form has no nonce")
    return Sent(nonce, fields, many)


async def _typed(request: Request) -> list[tuple[str, str]]:
    try:
        async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
            return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    except HTTPException as error:
        raise Invalid("form_too_large", f"the form has more than {MOST_FIELDS} fields, or a file") from error


def may_say(session: Session, command: str) -> None:
    """Raises Forbidden `role_not_allowed` where the role of the session may not say that."""
    if session.caller.role not in command_roles(command):
        raise Forbidden("role_not_allowed", f"a key of role '{session.caller.role}' may not {command}")


def word_of(
    services: Services, session: Session, command: str, case_id: str, body: dict[str, Any], by: str | None, nonce: str
) -> Said:
    """The word, by the person of the key or the one named. Raises as `api.auth.acting` and `check_names`."""
    roster = services.roster.current()
    who = acting(session.caller, command, by or None, roster)
    check_names(roster, command, body)
    check_cause(services, command, body)
    this = json.dumps([session.caller.id, nonce, case_id, command, who, body], sort_keys=True)
    return Said(command, who, body, str(uuid5(_WORDS, this)), services.now())


async def say_to(services: Services, case: Document, word: Said) -> Outcome:
    """Say it to a case. Raises the refusals of the rules; Unavailable where no run is left that could be told later."""
    require_address(case["customer"], word.name, word.body)
    try:
        answered = await obey(services, case, word, perhaps_again=True)
    except Unavailable:
        if case["status"] not in LIVE:
            raise
        await in_thread(services.commands.owe, word.id, services.now())
        return "queued"
    return "queued" if answered.status == 202 else "applied"


async def said_to(
    services: Services, session: Session, command: str, case_id: str, body: dict[str, Any], by: str | None, nonce: str
) -> Came:
    """Say it to the case of that id, and what came of it in words; a refusal is an answer like another."""
    try:
        word = await in_thread(word_of, services, session, command, case_id, body, by, nonce)
        case = await in_thread(case_of, services, case_id)
        return Came(await say_to(services, case, word))
    except DomainError as refusal:
        notes().refused(case_id, command, refusal)
        return Came("refused", why(refusal, session.language, await in_thread(_owner, services, case_id), case_id))


def why(refusal: DomainError, language: Language, owner: str | None, case_id: str = "") -> str:
    """A refusal in the reader's language where we have the words, else in the rule's own without the id it begins with."""
    key = f"refused_{refusal.code}"
    if refusal.code in SAID and "`by`" not in refusal.message:
        return refusal.message
    if key in TEXTS[language]:
        return said(language, key, owner=owner or "?")
    text = refusal.message.removeprefix(f"{case_id}: ").rstrip(".")
    return said(language, "refused", why=text[:1].upper() + text[1:])


def _owner(services: Services, case_id: str) -> str | None:
    case, roster = services.escalations.latest(case_id), services.roster.current()
    return name_of(roster, case["owner"]) if case else None
