"""Outbound messages between the queue and the provider: claim → send → mark.

A claim is asked for right before sending and looks at the case as it is now, in one transaction with its row, so that
nothing goes out for a case that has moved on. Between claim and mark the answer may be lost: a message found `sending`
or `unknown` is granted again with a higher attempt, and the caller looks it up at the provider first where that is
possible. A final status never changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, or_, select, update

from domain.messages import Message
from domain.receipts import Receipt
from records.crowding import (
    CROWDED,
    Crowded,
    Limit,
    followers,
    leave,
    one_at_a_time,
    release,
    room_for,
    share_fate,
    take_along,
)
from records.database import Database
from records.facts import recount
from records.still_news import why_not
from records.stored import MessageStatus, StoredMessage, message_not_found, stored_message
from records.tables import escalations, messages

_ENDINGS: Final[frozenset[MessageStatus]] = frozenset({"sent", "delivered", "failed", "skipped"})

# What each status may become. `sending` goes back to `queued` when the provider said "later": then nothing was sent.
_NEXT: Final[dict[MessageStatus, frozenset[MessageStatus]]] = {
    "queued": _ENDINGS | {"unknown"},
    "waiting": _ENDINGS | {"unknown"},
    "sending": _ENDINGS | {"unknown", "queued"},
    "unknown": _ENDINGS,
    "sent": frozenset({"delivered", "failed"}),
    "delivered": frozenset({"failed"}),  # an e-mail may bounce after it was called delivered
    "failed": frozenset(),
    "skipped": frozenset(),
}

_MAY_ARRIVE = tuple(status for status, following in _NEXT.items() if "delivered" in following)


@dataclass(frozen=True)
class Granted:
    """Send it now. `previous` tells whether an earlier attempt may have gone out: it is then `sending` or `unknown`.

    `along` are the keys of others to the same person that go out in the same message. `twice`: it may have gone out in somebody
    else's, where no look-up finds it.
    """

    attempt: int
    previous: MessageStatus
    along: tuple[str, ...] = ()
    twice: bool = False


@dataclass(frozen=True)
class Already:
    """It came to its end before; send nothing."""

    status: MessageStatus
    reason: str | None
    provider_id: str | None


@dataclass(frozen=True)
class Refused:
    """The case has moved on; the message is now recorded as skipped with this reason."""

    reason: str


Claim = Granted | Already | Refused | Crowded


_MAY_BE_OUT = (
    "sending",
    "unknown",
)  # nobody heard how the last try ended; it is not `skipped`, for it may have arrived


@dataclass(frozen=True)
class Loaded:
    """A message with what it is rendered from: the domain's message, its record, the case's document as it is now."""

    message: Message
    record: StoredMessage
    document: dict[str, Any]


class Outbound:
    """The fate of messages; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, key: str) -> Loaded:
        """The message and its case. Raises NotFound (`message_not_found`)."""
        same_case = and_(messages.c.id == escalations.c.id, messages.c.episode == escalations.c.episode)
        query = select(messages, escalations.c.document.label("case_document")).join_from(
            messages, escalations, same_case
        )
        with self._database.read() as connection:
            found = connection.execute(query.where(messages.c.key == key)).mappings().one_or_none()
        if found is None:
            raise message_not_found(key)
        return Loaded(Message.model_validate(found["document"]), stored_message(found), found["case_document"])

    def claim(
        self, key: str, to: str, subject: str | None, text: str, now: datetime, limit: Limit | None = None
    ) -> Claim:
        """Ask to send `text` to `to` now. Raises NotFound (`message_not_found`).

        With a `limit` a responder's message may have to wait, or may take others along (`records.crowding`).
        """
        with self._database.write() as connection:
            if limit is not None:
                one_at_a_time(connection, key)
            status, entry = _lock_case(connection, key)
            row = _lock_message(connection, key)
            if row["status"] in _ENDINGS:
                return Already(row["status"], row["reason"], row["provider_id"])
            why = why_not(connection, row, status, entry)
            if why is not None and row["status"] in _MAY_BE_OUT:
                reason = _after(row["reason"], f"{why}; an earlier try may have gone out")
                _set(connection, key, status="unknown", reason=reason)
                release(connection, key)
                return Already("unknown", why, row["provider_id"])
            if why is not None:
                _set(connection, key, status="skipped", code=None, reason=_after(row["reason"], why))
                return Refused(why)
            idle, crowded = row["status"] not in _MAY_BE_OUT, room_for(connection, row, now, limit)
            if crowded is not None:
                if idle:
                    _set(connection, key, status="waiting", code=CROWDED, reason=crowded.reason)
                return crowded
            attempt = row["attempts"] + 1
            waited = {"code": None, "reason": None} if idle and row["code"] == CROWDED else {}
            claimed = {"status": "sending", "attempts": attempt, "claimed_at": now, "led_by": None, **waited}
            _set(connection, key, to=to, subject=subject, text=text, **claimed)
            along = take_along(connection, row, to, now) if limit is not None and row["person"] else ()
            return Granted(attempt, row["status"], along, twice=not idle and row["code"] == CROWDED)

    def reword(self, key: str, subject: str | None, text: str, left: Sequence[str]) -> None:
        """Write down what a claimed message really says with those that go out in it; those `left` out of it wait again."""
        with self._database.write() as connection:
            _set(connection, key, subject=subject, text=text)
            leave(connection, left)

    def mark(
        self,
        key: str,
        status: MessageStatus,
        now: datetime,
        *,
        provider_id: str | None = None,
        code: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Write what became of the message; False when that is no news (a final status stays). Raises NotFound.

        A receipt may overtake the answer to the sending itself: `sent` after `delivered` still adds its provider id. Two tries of
        one message may both come back with `sent` (a worker that was paused): the second one's remark is kept.
        """
        with self._database.write() as connection:
            row = _lock_message(connection, key)
            moves = status in _NEXT[row["status"]]
            second = status == "sent" == row["status"] and code is not None and row["code"] is None
            changes: dict[str, Any] = {"status": status} if moves else {}
            if moves or second:
                changes |= {"code": code, "reason": reason}
            if provider_id is not None and row["provider_id"] is None:
                changes["provider_id"] = provider_id
            if status == "sent" and row["sent_at"] is None:
                changes["sent_at"] = now
            if status == "delivered" and moves:
                changes["delivered_at"] = now
            if changes:
                _set(connection, key, **changes)
            if moves:
                share_fate(connection, key, status, now, provider_id or row["provider_id"], code)
                recount(connection, key)
            return moves

    def spoken_of(self, receipt: Receipt) -> list[tuple[StoredMessage, Message]]:
        """The message a provider's receipt speaks of and those that went out in it, with the domain's own; not ours: none."""
        named = [(messages.c.reference, receipt.reference), (messages.c.provider_id, receipt.provider_id)]
        with self._database.read() as connection:
            for column, value in named:
                query = select(messages).where(column == value, messages.c.led_by.is_(None)).limit(1)
                found = connection.execute(query).mappings().one_or_none() if value else None
                if found is not None:
                    all_of_it = [found, *followers(connection, found["key"])]
                    return [(stored_message(row), Message.model_validate(row["document"])) for row in all_of_it]
        return []

    def arrived(self, receipts: Sequence[Receipt], now: datetime) -> None:
        """Mark all messages that these receipts call delivered: as `mark` does one by one, in one transaction."""
        with self._database.write() as connection:
            rows = _locked(connection, receipts)
            keys = [row["key"] for row in rows]
            followed = set(connection.scalars(select(messages.c.led_by).where(messages.c.led_by.in_(keys))))
            came = update(messages).values(status="delivered", delivered_at=now, code=None, reason=None)
            connection.execute(came.where(messages.c.key.in_(keys), messages.c.status.in_(_MAY_ARRIVE)))
            for row in rows:
                if row["key"] in followed and row["status"] in _MAY_ARRIVE:
                    share_fate(connection, row["key"], "delivered", now, row["provider_id"])
            connection.execute(came.where(messages.c.led_by.in_(keys), messages.c.status.in_(_MAY_ARRIVE)))
            recount(connection, *keys)

    def read(self, key: str, now: datetime) -> None:
        """Its reader has opened it, for the first time. Raises NotFound."""
        with self._database.write() as connection:
            if _lock_message(connection, key)["read_at"] is None:
                _set(connection, key, read_at=now)


def _lock_case(connection: Connection, key: str) -> tuple[str, int]:
    """Status and entry of the message's case, held until the end of the transaction.

    The case is locked before the message, in the order `Transitions.record` writes them, against deadlocks.
    """
    case = select(messages.c.id, messages.c.episode).where(messages.c.key == key)
    found = connection.execute(case).one_or_none()
    if found is None:
        raise message_not_found(key)
    same = (escalations.c.id == found.id) & (escalations.c.episode == found.episode)
    row = connection.execute(
        select(escalations.c.status, escalations.c.entry).where(same).with_for_update(read=True)
    ).one()
    return row.status, row.entry


def _lock_message(connection: Connection, key: str) -> RowMapping:
    found = connection.execute(select(messages).where(messages.c.key == key).with_for_update()).mappings().one_or_none()
    if found is None:
        raise message_not_found(key)
    return found


def _locked(connection: Connection, receipts: Sequence[Receipt]) -> list[RowMapping]:
    """The messages that the receipts speak of, as in `spoken_of`, held until the transaction ends; by key, against deadlocks."""
    references = [one.reference for one in receipts if one.reference]
    ids = [one.provider_id for one in receipts if one.provider_id]
    named = or_(messages.c.reference.in_(references), messages.c.provider_id.in_(ids))
    query = select(messages).where(named, messages.c.led_by.is_(None)).order_by(messages.c.key).with_for_update()
    found = connection.execute(query).mappings().all()
    by_reference = {row["reference"]: row for row in found if row["reference"]}
    by_id = {row["provider_id"]: row for row in found if row["provider_id"]}
    meant = (by_reference.get(one.reference) or by_id.get(one.provider_id) for one in receipts)
    return list({row["key"]: row for row in meant if row is not None}.values())


def _after(before: str | None, words: str) -> str:
    return f"{before}; then {words}" if before else words


def _set(connection: Connection, key: str, **changes: Any) -> None:
    connection.execute(update(messages).where(messages.c.key == key).values(**changes))
