"""A word said by a link: under an id made of the form it came from, so that a button pressed twice acts once.

It takes the path of every command (`api.commands`). While Temporal is away the word is kept, and said when it is back. What
came of it is read from the log of commands, so a page loaded again tells how it stands by then.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from fastapi import Response
from starlette.datastructures import FormData

from api.audit_notes import notes
from api.commands import ended, obey
from api.errors import Unavailable
from api.openings import Document
from api.pages.frame import HEADERS
from api.prepared import Said
from api.services import Services, in_thread
from domain.errors import Invalid
from domain.state import LIVE
from records.stored import StoredCommand
from signed_links import Link, masked

MOST_FIELDS = 20
LONGEST_NONCE = 100

_WORDS = UUID("0d3a1b52-7f0e-5d5e-9a59-4c1f6f7a2e90")  # never change: it is part of the id of every word said by a link


@dataclass(frozen=True)
class Posted:
    """A form as it came: which page it was on (`nonce`), and what was typed, with the line ends of everybody else.

    A link of ours in it is left out: what is typed here others read, and who has a link acts as its owner.
    """

    nonce: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, form: FormData) -> "Posted":
        """Raises Invalid `unreadable_form` for a form that is none of ours."""
        fields = {name: masked(value.replace("\r\n", "\n")) for name, value in form.items() if isinstance(value, str)}
        notes().pressed(fields)
        nonce = fields.pop("nonce", "")
        if not 0 < len(nonce) <= LONGEST_NONCE:
            raise Invalid("unreadable_form", "the form has no nonce")
        return cls(nonce, fields)


def said_by(link: Link, by: str | None, name: str, body: dict[str, Any], posted: Posted, services: Services) -> Said:
    """The command. The same form, sent again as it was, says the same word."""
    this = json.dumps([repr(link), posted.nonce, name, body], sort_keys=True)
    return Said(name, by, body, str(uuid5(_WORDS, this)), services.now())


async def say(services: Services, case: Document, said: Said) -> Response:
    """Say it, and lead back to the page, which tells what came of it.

    Raises the refusals of the rules; Unavailable only where no run is left that could be told later.
    """
    try:
        await obey(services, case, said, perhaps_again=True)
    except Unavailable:
        if case["status"] not in LIVE:
            raise
        await in_thread(services.commands.owe, said.id, services.now())  # `api/relay.py` says it when Temporal is back
    return Response(status_code=303, headers={**HEADERS, "Location": f"?told={said.id}"})


async def not_too_late(services: Services, case: Document, said: Said) -> None:
    """Raises NotAllowed for a case that has ended, unless this very word was said before."""
    if case["status"] not in LIVE and await in_thread(services.commands.find, said.id) is None:
        raise ended(case)


def told(
    services: Services, command_id: str | None, escalation: str, by: tuple[str | None, ...]
) -> StoredCommand | None:
    """The command the page was led back with, if it is one of this person to this case."""
    found = services.commands.find(command_id) if command_id and "\0" not in command_id else None
    return found if found and found.escalation == escalation and found.by in by else None
