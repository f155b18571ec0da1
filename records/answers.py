"""What we write and no case is behind: answers to e-mails, and contact tests (`records.contact_tests`).

They are kept beside what providers pushed to us, for they too are acted on once and are no messages of a case. The row is
handled when Temporal has the run that sends it. What became of the sending stands in it: claimed before each try, as messages
are, so that a worker that died in the middle is noticed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from domain.errors import NotFound
from domain.tickets import PersonalChannel
from domain.view_time import rfc3339
from records.database import Database, insert_or_ignore
from records.tables import inbound_events

SOURCE = "mail-answer"  # of both: rows have it, so it is never renamed

AnswerStatus = Literal["queued", "sending", "sent", "delivered", "failed", "unknown"]
ENDINGS: frozenset[AnswerStatus] = frozenset({"sent", "delivered", "failed", "unknown"})


@dataclass(frozen=True)
class MailAnswer:
    """One e-mail that goes back to whoever wrote; `in_reply_to` is their mail's id, None where it had none.

    `attempts` are the tries so far, `status` is what became of the last one: `sending` when nobody heard. The fields after
    `provider_id` are a contact test's (absent: an answer to an e-mail); the times are RFC 3339.
    """

    to: str
    subject: str
    text: str
    in_reply_to: str | None
    status: AnswerStatus = "queued"
    attempts: int = 0
    reason: str | None = None
    provider_id: str | None = None
    channel: PersonalChannel = "email"
    person: str | None = None
    asked_by: str | None = None
    sent_at: str | None = None
    delivered_at: str | None = None
    answered_at: str | None = None


class Answers:
    """Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, id: str, answer: MailAnswer, now: datetime) -> bool:
        """Keep an answer to be sent; False when there is one of that id already, which stays."""
        row = {"source": SOURCE, "event_id": id, "received_at": now, "body": vars(answer)}
        with self._database.write() as connection:
            return insert_or_ignore(connection, inbound_events, [row]) == 1

    def since(self, beginning: str, since: datetime) -> int:
        """How many answers whose id begins so were made since then."""
        mine = (inbound_events.c.source == SOURCE) & inbound_events.c.event_id.startswith(beginning, autoescape=True)
        query = select(func.count()).where(mine, inbound_events.c.received_at >= since)
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def find(self, id: str) -> MailAnswer:
        """Raises NotFound `answer_not_found`."""
        with self._database.read() as connection:
            return found(connection, id)

    def claim(self, id: str) -> MailAnswer:
        """Ask to send it now: the answer as it was before; unless that is an ending, it is `sending` now. Raises NotFound."""
        with self._database.write() as connection:
            was = found(connection, id, lock=True)
            if was.status not in ENDINGS:
                change(connection, id, was, status="sending", attempts=was.attempts + 1)
            return was

    def mark(
        self,
        id: str,
        status: AnswerStatus,
        reason: str | None = None,
        provider_id: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Write what became of a try, and when; an ending stays. Raises NotFound."""
        with self._database.write() as connection:
            was = found(connection, id, lock=True)
            if was.status not in ENDINGS:
                sent_at = rfc3339(at) if status == "sent" else None
                change(connection, id, was, status=status, reason=reason, provider_id=provider_id, sent_at=sent_at)


def found(connection: Connection, id: str, *, lock: bool = False) -> MailAnswer:
    """The row of that id, held with `lock`. Raises NotFound `answer_not_found`."""
    query = select(inbound_events.c.body).where(_is(id))
    body: dict[str, Any] | None = connection.scalar(query.with_for_update() if lock else query)
    if body is None:
        raise NotFound("answer_not_found", f"there is no answer '{id}'")
    return MailAnswer(**body)


def change(connection: Connection, id: str, was: MailAnswer, **changes: Any) -> None:
    """Write a row that was found with `lock`."""
    connection.execute(update(inbound_events).where(_is(id)).values(body={**vars(was), **changes}))


def _is(id: str) -> Any:
    return (inbound_events.c.source == SOURCE) & (inbound_events.c.event_id == id)
