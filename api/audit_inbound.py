"""A message that came in, by SMS or e-mail, has its line in the audit log when it is acted on: once, however often that is tried.

A sender who is nobody we know is named by the end of their number; an e-mail's address is not written down at all.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from api.audit_lines import Heard
from api.audit_notes import Notes, taking_notes
from api.audit_routes import CASE
from api.auditing import keep
from api.errors import Unavailable
from api.services import Services, in_thread
from domain.roster_warnings import people_at
from records.audit import Via
from records.inbound import InboundEvent

SHOWN = 2  # digits at the end of a number


@asynccontextmanager
async def acting_on(services: Services, event: InboundEvent, via: Via) -> AsyncIterator[None]:
    """Have what is done inside written down as said by that message."""
    with taking_notes() as notes:
        number = event.body["From"] if via == "sms" else None
        if number is not None:
            notes.person = await in_thread(_whose, services, number)
        try:
            yield
        except (Unavailable, SQLAlchemyError):
            raise  # it is acted on again later
        except Exception:
            notes.outcome = "failed"
            _told(services, event, via, notes, number)
            raise
        _told(services, event, via, notes, number)


def _whose(services: Services, number: str) -> str | None:
    people = people_at(services.roster.current(), "sms", number)
    return people[0].id if len(people) == 1 else None


def _told(services: Services, event: InboundEvent, via: Via, notes: Notes, number: str | None) -> None:
    if number is not None and not notes.known:
        notes.sender = f"…{number[-SHOWN:]}"
    what = None if notes.words else notes.what or "message"
    kind = CASE if notes.thing else None
    keep(services, Heard(event.received_at, via, notes, what, kind, notes.thing, id=f"{event.source}/{event.event_id}"))
