"""Contact tests: one message on each channel of a person, and whether it was answered. Sent as answers to e-mails are.

A message is a row of `records.answers` under `contact-test/{person}/{test}/{channel}`; no person's id has a slash.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from domain.errors import NotAllowed
from domain.receipts import Receipt
from domain.tickets import PersonalChannel
from domain.view_time import rfc3339
from records.answers import SOURCE, MailAnswer, change, found
from records.database import Database, exclusive, insert_or_ignore
from records.tables import inbound_events

WINDOW = timedelta(minutes=1)  # one test of a person within it
ANSWERED_WITHIN = timedelta(days=1)  # by a word; a link says which test it means

_PREFIX = "contact-test/"
_REFERENCE = re.compile(r"test-([0-9a-f]+)-(\w+)")


@dataclass(frozen=True)
class ContactTest:
    """One test and its messages, one for each channel; `asked_by` is a person or the label of a key."""

    id: str
    person: str
    asked_by: str
    asked_at: datetime
    messages: tuple[MailAnswer, ...]


class ContactTests:
    """Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, id: str, person: str, messages: Sequence[MailAnswer], now: datetime) -> None:
        """Keep the messages to be sent, all or none. Raises NotAllowed `contact_test_running`."""
        rows = [
            {
                "source": SOURCE,
                "event_id": f"{_PREFIX}{person}/{id}/{one.channel}",
                "received_at": now,
                "body": vars(one),
            }
            for one in messages
        ]
        with self._database.write() as connection:
            exclusive(connection, f"contact test of {person}")
            last = connection.scalar(select(func.max(inbound_events.c.received_at)).where(_of(f"{person}/")))
            if last is not None and now - last < WINDOW:
                left = int((last + WINDOW - now).total_seconds()) + 1
                raise NotAllowed(
                    "contact_test_running",
                    f"a test of {person} has just begun: look at that one, or try again in {left} s",
                )
            insert_or_ignore(connection, inbound_events, rows)

    def latest(self, person: str) -> ContactTest | None:
        """The latest test of that person; None when there was none yet."""
        newest = select(inbound_events.c.event_id).where(_of(f"{person}/"))
        with self._database.read() as connection:
            key: str | None = connection.scalar(newest.order_by(inbound_events.c.received_at.desc()).limit(1))
            return None if key is None else _test(connection, f"{person}/{key.split('/')[2]}/")

    def find(self, person: str, id: str) -> ContactTest | None:
        """That test."""
        with self._database.read() as connection:
            return _test(connection, f"{person}/{id}/")

    def answered(self, person: str, id: str, channel: PersonalChannel, now: datetime) -> bool:
        """It has reached them; the first time counts. False when there is no such message."""
        with self._database.write() as connection:
            keys = list(connection.scalars(select(inbound_events.c.event_id).where(_of(f"{person}/{id}/{channel}"))))
            for key in keys:
                _confirm(connection, key, now)
            return bool(keys)

    def answered_latest(self, person: str, channel: PersonalChannel, now: datetime) -> bool:
        """The person has answered the newest test on that channel; False when none of the last day is there."""
        with self._database.write() as connection:
            young = inbound_events.c.received_at > now - ANSWERED_WITHIN
            mine = select(inbound_events.c.event_id).where(_of(f"{person}/"), young)
            ends = inbound_events.c.event_id.endswith(f"/{channel}")
            key: str | None = connection.scalar(mine.where(ends).order_by(inbound_events.c.received_at.desc()).limit(1))
            if key is not None:
                _confirm(connection, key, now)
            return key is not None

    def heard(self, receipt: Receipt, now: datetime) -> MailAnswer | None:
        """Write down what the provider says of a test's message; the message, None when it speaks of none."""
        named = _REFERENCE.fullmatch(receipt.reference or "")
        if named is None:
            return None
        with self._database.write() as connection:
            ends = inbound_events.c.event_id.endswith(f"/{named[1]}/{named[2]}", autoescape=True)
            key: str | None = connection.scalar(select(inbound_events.c.event_id).where(_of(""), ends))
            if key is None:
                return None
            was = found(connection, key, lock=True)
            change(connection, key, was, **_fate(was, receipt, now))
            return was


def is_test(key: str) -> bool:
    """Whether a message of no case is a contact test's."""
    return key.startswith(_PREFIX)


def reference_of_test(key: str) -> str:
    """What a provider keeps of ours, and its receipts name."""
    _, _, id, channel = key.split("/")
    return f"test-{id}-{channel}"


def is_reference_of_test(reference: str | None) -> bool:
    """Whether a receipt speaks of a contact test."""
    return _REFERENCE.fullmatch(reference or "") is not None


def is_contact_test() -> ColumnElement[bool]:
    """Of a row of `inbound_events`: whether it is a message of a contact test."""
    return _of("")


def _of(rest: str) -> ColumnElement[bool]:
    mine = inbound_events.c.event_id.startswith(f"{_PREFIX}{rest}", autoescape=True)
    return (inbound_events.c.source == SOURCE) & mine


def _test(connection: Connection, which: str) -> ContactTest | None:
    query = select(inbound_events.c.event_id, inbound_events.c.received_at, inbound_events.c.body)
    rows = connection.execute(query.where(_of(which)).order_by(inbound_events.c.event_id)).all()
    messages = tuple(MailAnswer(**row.body) for row in rows)
    if not messages:
        return None
    person, id = which.split("/")[:2]
    return ContactTest(id, person, messages[0].asked_by or "", rows[0].received_at, messages)


def _confirm(connection: Connection, key: str, now: datetime) -> None:
    was = found(connection, key, lock=True)
    if was.answered_at is None:
        change(connection, key, was, answered_at=rfc3339(now))


def _fate(was: MailAnswer, receipt: Receipt, now: datetime) -> dict[str, Any]:
    """A failure is the last word, as of every message."""
    if receipt.fate == "failed":
        told = f"{receipt.code}: {receipt.reason}" if receipt.code else receipt.reason
        return {"status": "failed", "reason": told}
    if receipt.fate == "address_fault" or was.status == "failed":
        return {}
    return {"status": "delivered", "delivered_at": was.delivered_at or rfc3339(now)}
