"""Events that providers push to us, kept before they are acted on.

A webhook sent twice is acted on once, and one that came in while we fell over is found again by `unhandled`. What has been acted
on is forgotten after a month: no provider sends anything again so late, and a word said by it keeps its id in the case.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, tuple_, update

from records.contact_tests import is_contact_test
from records.database import Database, insert_or_ignore
from records.tables import inbound_events

KEPT_FOR = timedelta(days=30)  # after it came; what nobody has acted on stays


@dataclass(frozen=True)
class InboundEvent:
    """One event as the provider named it."""

    source: str
    event_id: str
    received_at: datetime
    body: Any


_HANDLED = update(inbound_events).where(
    inbound_events.c.source == bindparam("its_source"),
    inbound_events.c.event_id == bindparam("its_id"),
    inbound_events.c.handled_at.is_(None),
)


class Inbound:
    """`source` names the webhook (`sendgrid`, `twilio-status`, …), `event_id` is the provider's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store_new(self, source: str, events: Sequence[tuple[str, Any]], now: datetime) -> int:
        """Keep the events (id and body) that are new, all or none; how many were. A repetition changes nothing."""
        rows = [{"source": source, "event_id": id, "received_at": now, "body": body} for id, body in events]
        with self._database.write() as connection:
            return insert_or_ignore(connection, inbound_events, rows)

    def waits(self, source: str, event_id: str) -> bool:
        """Whether nobody has acted on the event yet."""
        same = (inbound_events.c.source == source) & (inbound_events.c.event_id == event_id)
        query = select(inbound_events.c.event_id).where(same, inbound_events.c.handled_at.is_(None))
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def handled(self, source: str, event_id: str, now: datetime) -> None:
        """The event has been acted on."""
        self.all_handled([(source, event_id)], now)

    def all_handled(self, events: Collection[tuple[str, str]], now: datetime) -> None:
        """The events, each by its source and id, have been acted on."""
        if not events:
            return
        which = [{"its_source": source, "its_id": event_id} for source, event_id in events]
        with self._database.write() as connection:
            connection.execute(_HANDLED.values(handled_at=now), which)

    def of_number(self, source: str, number: str, since: datetime) -> int:
        """How many SMS have come from that number since then; without those left unanswered, and those that do not count."""
        body = inbound_events.c.body
        counted = body["unanswered"].as_string().is_(None) & body["uncounted"].as_string().is_(None)
        query = select(func.count()).where(
            inbound_events.c.source == source, body["From"].as_string() == number, counted
        )
        with self._database.read() as connection:
            return connection.scalar(query.where(inbound_events.c.received_at >= since)) or 0

    def left_unanswered(self, event: InboundEvent, why: str) -> None:
        """Write down why nobody was answered."""
        self._note(event, "unanswered", why)

    def does_not_count(self, event: InboundEvent) -> None:
        """It is no machine's answer to ours: `of_number` leaves it out."""
        self._note(event, "uncounted", "an order, or a word of its own")

    def _note(self, event: InboundEvent, name: str, words: str) -> None:
        this = (inbound_events.c.source == event.source) & (inbound_events.c.event_id == event.event_id)
        with self._database.write() as connection:
            connection.execute(update(inbound_events).where(this).values(body={**event.body, name: words}))

    def purge(self, now: datetime, most: int) -> int:
        """Delete events that were handled and came a month ago, the oldest first; how many. The results of contact tests stay."""
        row = tuple_(inbound_events.c.source, inbound_events.c.event_id)
        handled = inbound_events.c.handled_at.is_not(None) & ~is_contact_test()
        old = select(inbound_events.c.source, inbound_events.c.event_id).where(
            handled, inbound_events.c.received_at <= now - KEPT_FOR
        )
        with self._database.write() as connection:
            return connection.execute(delete(inbound_events).where(row.in_(old.limit(most)))).rowcount

    def unhandled(self, sources: Collection[str], limit: int = 100) -> list[InboundEvent]:
        """Events of these sources that nobody has acted on, oldest first."""
        waiting = inbound_events.c.handled_at.is_(None) & inbound_events.c.source.in_(sources)
        columns = (
            inbound_events.c.source,
            inbound_events.c.event_id,
            inbound_events.c.received_at,
            inbound_events.c.body,
        )
        query = (
            select(*columns)
            .where(waiting)
            .order_by(inbound_events.c.received_at, inbound_events.c.event_id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [InboundEvent(**row) for row in connection.execute(query).mappings()]
