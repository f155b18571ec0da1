"""What is done with one case or several from the board: the fields a command needs are asked for, then each case is told.

The answer says of each case what came of it. The same form sent again says the same words, so nothing happens twice.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from api.pages.board_query import Wanted, plain
from api.pages.desk_forms import body_of, form_of
from api.pages.desk_saying import Came, Sent, may_say, said_to, sent, why
from api.pages.forms import Form, typed_again
from api.pages.frame import PageRoute
from api.pages.signed_in import Session, Tester, desk_page
from api.pages.words import said
from api.services import Services, Wired, in_thread
from domain.errors import DomainError, Invalid

PATH = "/board/act"
BOARD = "/"
COMMANDS = ("acknowledge", "assign", "escalate", "pause", "resolve")
MOST = 50  # cases at once: those of one page
AT_ONCE = 8  # words on their way; an answer takes seconds while no worker is there

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Told:
    """One case and what came of the word to it."""

    id: str
    subject: str
    came: Came


@router.post(PATH)
async def act(request: Request, session: Tester, services: Wired) -> Response:
    """Ask for what the command needs, or say it to every case that was chosen."""
    form = await sent(request, services, session)
    command, _, only = form.fields.get("command", "").partition(" ")
    if command not in COMMANDS:
        raise Invalid("unreadable_form", "there is no such button on the board")
    may_say(session, command)
    cases = tuple(dict.fromkeys(plain(one) for one in ((only,) if only else form.many.get("case", ()))))
    fault = _fault(session, cases)
    if fault:
        return await _ask(services, session, command, (), form, fault)
    asked = await in_thread(form_of, command, services.roster.current(), session)
    if asked.fields and "go" not in form.fields:
        return await _ask(services, session, command, cases, form, None)
    try:
        body = body_of(asked, form.fields, session)
    except DomainError as refusal:
        return await _ask(services, session, command, cases, form, why(refusal, session.language, None, ""))
    return await _say(services, session, command, cases, form, body)


def back_to(query: str) -> str:
    """The path of the board a form came from. It is read as a board's address and written anew: it leads nowhere else."""
    known = Wanted.read(query).query()
    return f"{BOARD}?{known}" if known else BOARD


def _fault(session: Session, cases: tuple[str, ...]) -> str | None:
    if not cases:
        return said(session.language, "board_choose_first")
    return said(session.language, "board_too_many", most=MOST) if len(cases) > MOST else None


async def _say(
    services: Services, session: Session, command: str, cases: tuple[str, ...], form: Sent, body: dict[str, Any]
) -> Response:
    room, by = asyncio.Semaphore(AT_ONCE), form.fields.get("by") or None

    async def tell(id: str) -> Came:
        async with room:
            return await said_to(services, session, command, id, body, by, form.nonce)

    came = await asyncio.gather(*(tell(id) for id in cases))
    subjects = await in_thread(_subjects, services, cases)
    told = [Told(id, subjects.get(id, id), one) for id, one in zip(cases, came, strict=True)]
    return await in_thread(_page, services, session, command, {"told": told, "back": form.fields.get("back", "")})


async def _ask(
    services: Services, session: Session, command: str, cases: tuple[str, ...], form: Sent, fault: str | None
) -> Response:
    asked: Form = await in_thread(form_of, command, services.roster.current(), session)
    subjects = await in_thread(_subjects, services, cases)
    fields = {
        "fault": fault,
        "asked": typed_again(asked, form.fields) if "go" in form.fields else asked,
        "cases": [(id, subjects.get(id, id)) for id in cases],
        "nonce": form.nonce,
        "back": form.fields.get("back", ""),
    }
    return await in_thread(_page, services, session, command, fields, 422 if fault else 200)


def _page(services: Services, session: Session, command: str, fields: Mapping[str, Any], status: int = 200) -> Response:
    blank: dict[str, Any] = {"fault": None, "asked": None, "cases": [], "nonce": "", "told": []}
    given = {**blank, **fields, "command": command, "back_path": back_to(fields["back"])}
    return desk_page(services, session, "board_act.html.j2", status, **given)


def _subjects(services: Services, cases: tuple[str, ...]) -> dict[str, str]:
    found = ((id, services.escalations.latest(id)) for id in cases)
    return {id: case["ticket"]["subject"] for id, case in found if case}
