"""Who did and saw what: one line for each deed, and one for each key, case and hour in which it was looked at.

A line names people of ours, cases and ids, and never what a customer is called or has written. Of commands the truth is the
case's own timeline, written with the deed; a line here says who asked, from where, and what the answer was.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Row, and_, delete, or_, select, update

from domain.errors import Invalid
from records.database import Database, insert_or_ignore
from records.tables import audit

LARGEST_PAGE = 200
AT_ONCE = 1000  # rows of a purge; others want to write, too

Via = Literal["api", "page", "cli", "link", "mail", "sms"]


@dataclass(frozen=True)
class AuditLine:
    """`id` is unique: a second line of the same id is not written. `subject` is an id of the kind `subject_kind`."""

    id: str
    at: datetime
    what: str
    via: Via
    key_id: str | None = None
    person: str | None = None
    role: str | None = None
    subject_kind: str | None = None
    subject: str | None = None
    request: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AuditFilters:
    """What a list shows; None means anything. `cases_only` leaves out what is not about a case."""

    person: str | None = None
    case: str | None = None
    since: datetime | None = None
    cases_only: bool = False


class AuditLog:
    """Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, lines: Sequence[AuditLine]) -> int:
        """How many of the lines were new."""
        with self._database.write() as connection:
            return insert_or_ignore(connection, audit, [vars(one) for one in lines])

    def tell(self, id: str, subject: str | None, details: dict[str, Any]) -> None:
        """Say of a line that is written what it came to be about, and what came of it."""
        with self._database.write() as connection:
            connection.execute(update(audit).where(audit.c.id == id).values(subject=subject, details=details))

    def page(
        self, filters: AuditFilters, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[AuditLine], str | None]:
        """The lines that fit, the newest first, and the cursor of the next page, None at the end.

        Raises Invalid: `bad_limit`, `bad_cursor`.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise Invalid("bad_limit", f"limit is 1 to {LARGEST_PAGE}", field="limit")
        query = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit + 1)
        if filters.person is not None:
            query = query.where(audit.c.person == filters.person)
        if filters.case is not None:
            query = query.where(audit.c.subject == filters.case, audit.c.subject_kind == "case")
        if filters.cases_only:
            query = query.where(audit.c.subject_kind == "case")
        if filters.since is not None:
            query = query.where(audit.c.at >= filters.since)
        if cursor is not None:
            at, id = _place(cursor)
            query = query.where(or_(audit.c.at < at, and_(audit.c.at == at, audit.c.id < id)))
        with self._database.read() as connection:
            found = connection.execute(query).all()
        following = _cursor(found[limit - 1]) if len(found) > limit else None
        return [AuditLine(**row._mapping) for row in found[:limit]], following

    def purge(self, before: datetime) -> int:
        """Delete some of the lines from before then; how many, 0 when none is left."""
        old = select(audit.c.id).where(audit.c.at < before).limit(AT_ONCE)
        with self._database.write() as connection:
            return connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def _cursor(row: Row[Any]) -> str:
    text = json.dumps([row.at.isoformat(), row.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        given, id = json.loads(text)
        at = datetime.fromisoformat(given)
        if at.tzinfo is None or not isinstance(id, str) or "\0" in id:
            raise ValueError
        return at.astimezone(UTC), id
    except (binascii.Error, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Invalid("bad_cursor", "the cursor is not one of ours; begin at the first page", field="cursor") from error
