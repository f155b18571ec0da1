"""The audit log on a page: who did and saw what, the newest first; and the last lines about a case, for that case's own page.

For the roles that may read the log: an admin all of it, an operator what is about cases. Filters stand in the address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.exc import SQLAlchemyError

from api.audit import labels_of
from api.audit_routes import CASE, SAW
from api.pages.board_query import plain
from api.pages.board_rows import Clock, name_of
from api.pages.frame import PageRoute
from api.pages.signed_in import Session, allow, desk_page
from api.pages.words import TEXTS, said
from api.services import Services, Wired
from domain.errors import Invalid
from domain.messages import CUSTOMER
from domain.roster import Roster
from records.audit import AuditFilters, AuditLine, AuditLog
from records.keys import Role

PATH = "/audit"
PAGE = 50
LAST = 8  # lines on the page of a case
MAY_READ: tuple[Role, ...] = ("operator", "admin")

router = APIRouter(route_class=PageRoute, include_in_schema=False)
log = structlog.get_logger()

Text = Annotated[str, Query()]
Operator = Annotated[Session, Depends(allow(*MAY_READ))]


@dataclass(frozen=True)
class Row:
    """One line in words; `about` is an id, of a key that was made with its role; `case` the same where it is a case's."""

    iso: str
    at: str
    who: str
    what: str
    about: str
    case: str | None
    via: str
    outcome: str
    tone: str


@router.get(PATH)
def show(session: Operator, services: Wired, case: Text = "", person: Text = "", after: Text = "") -> Response:
    """The lines that fit; `after` is where the page before ended."""
    wanted = {name: text for name, text in (("case", plain(case)), ("person", plain(person))) if text}
    filters = AuditFilters(wanted.get("person"), wanted.get("case"), cases_only=session.caller.role != "admin")
    found, following = _found(AuditLog(services.database), filters, plain(after))
    return desk_page(
        services,
        session,
        "audit.html.j2",
        wanted={"case": "", "person": "", **wanted},
        rows=_rows(services, session, found),
        admin=session.caller.role == "admin",
        timezone=session.timezone,
        first=urlencode(wanted) if after else None,
        more=urlencode({**wanted, "after": following}) if following else None,
    )


def last_of(services: Services, session: Session, case: str) -> list[Row] | None:
    """The newest lines about a case; None for a role that may not read them. A log that fails keeps nobody from the case."""
    if session.caller.role not in MAY_READ:
        return None
    try:
        found, _ = AuditLog(services.database).page(AuditFilters(case=case), LAST)
        return _rows(services, session, found)
    except SQLAlchemyError as error:
        log.error("the audit log is not shown", case=case, error=type(error).__name__)
        return None


def _found(log_: AuditLog, filters: AuditFilters, after: str) -> tuple[list[AuditLine], str | None]:
    try:
        return log_.page(filters, PAGE, after or None)
    except Invalid:  # a place it goes on from that is none: from the beginning, then
        return log_.page(filters, PAGE)


def _rows(services: Services, session: Session, lines: Sequence[AuditLine]) -> list[Row]:
    clock = Clock(session.timezone, session.language, services.now())
    roster, labels = services.roster.current(), labels_of(services)
    return [_row(one, clock, roster, labels) for one in lines]


def _row(line: AuditLine, clock: Clock, roster: Roster, labels: Mapping[str, str]) -> Row:
    at, texts = clock.shown(line.at), TEXTS[clock.language]
    outcome, tone = _outcome(line, texts)
    done = "saw_list" if (line.what, line.subject_kind) == (SAW, "list") else line.what
    return Row(
        iso=at.iso,
        at=at.at,
        who=_who(line, roster, labels, texts),
        what=texts.get(f"audit_did_{done}", line.what),
        about=_about(line),
        case=line.subject if line.subject_kind == CASE else None,
        via=said(clock.language, "audit_via", via=texts[f"audit_via_{line.via}"]),
        outcome=outcome,
        tone=tone,
    )


def _about(line: AuditLine) -> str:
    """An id; of a key that was made also its role."""
    made_for = line.details.get("role")
    return f"{line.subject} ({made_for})" if made_for else line.subject or ""


def _who(line: AuditLine, roster: Roster, labels: Mapping[str, str], texts: Mapping[str, str]) -> str:
    known = name_of(roster, line.person) or labels.get(line.key_id or "")
    if known is not None:
        return known
    if line.role == CUSTOMER:
        return texts["audit_customer"]
    sender = line.details.get("from")
    return texts["audit_number"].format(end=sender.lstrip("…")) if sender else texts["audit_somebody"]


def _outcome(line: AuditLine, texts: Mapping[str, str]) -> tuple[str, str]:
    """What came of it, and its colour; nothing is said of what went as it should."""
    status, outcome = line.details.get("status", 200), line.details.get("outcome")
    if outcome == "refused" or (outcome is None and status >= 400):
        return f"{texts['audit_refused']} ({line.details.get('code', status)})", "bad"
    return (texts["audit_queued"], "") if outcome == "queued" else ("", "")
