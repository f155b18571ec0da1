"""One transition of an escalation, written whole or not at all.

The workflow's activity may run again after it has succeeded, and a newer document may already be there (the API wrote
it); both change nothing: rows are guarded by version, timeline entries and messages by their keys, commands by being
settled.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, update

from domain.messages import Message, may_still_go_out
from domain.outcome import Settled, Transition
from domain.state import TimelineEntry
from records import rows
from records.database import Database, insert_or_ignore
from records.stored import MessageStatus
from records.tables import commands, messages, timeline

REPLACED = "replaced by a newer one"


class Transitions:
    """The only writer of timeline entries and of new messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, transition: Transition, now: datetime) -> None:
        """Write row, timeline, messages and settled commands in one transaction; writing it twice changes nothing."""
        case = (transition.document["id"], transition.document["episode"])
        with self._database.write() as connection:
            rows.save(connection, transition.document, transition.version, now)
            insert_or_ignore(connection, timeline, [timeline_row(case, entry) for entry in transition.timeline])
            _hold(connection, case, transition.waiting, now)
            _queue(connection, case, transition.messages, now)
            _drop(connection, transition.document, transition.dropped, now)
            _give_up(connection, transition.timeline)
            for settled in transition.settled:
                settle(connection, settled, now)


def settle(connection: Connection, settled: Settled, now: datetime) -> bool:
    """Write how a queued command ended; False when it is unknown or already settled."""
    queued = (commands.c.command_id == settled.command_id) & (commands.c.status == "queued")
    ended = {"status": settled.status, "code": settled.code, "reason": settled.reason, "settled_at": now}
    return connection.execute(update(commands).where(queued).values(**ended)).rowcount == 1


def timeline_row(case: tuple[str, int], entry: TimelineEntry) -> dict[str, Any]:
    """The row of one line of the timeline of the case `(id, episode)`."""
    return {
        "id": case[0],
        "episode": case[1],
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "actor": entry.actor,
        "text": entry.text,
        "data": entry.model_dump(mode="json")["data"],
    }


def _message(case: tuple[str, int], message: Message, status: MessageStatus, now: datetime) -> dict[str, Any]:
    return {
        "key": message.key,
        "id": case[0],
        "episode": case[1],
        "entry": message.entry,
        "kind": message.kind,
        "channel": message.channel,
        "person": message.person,
        "status": status,
        "attempts": 0,
        "created_at": now,
        "document": message.model_dump(mode="json"),
    }


def _hold(connection: Connection, case: tuple[str, int], waiting: Sequence[Message], now: datetime) -> None:
    insert_or_ignore(connection, messages, [_message(case, message, "waiting", now) for message in waiting])


def _queue(connection: Connection, case: tuple[str, int], queued: Sequence[Message], now: datetime) -> None:
    insert_or_ignore(connection, messages, [_message(case, message, "queued", now) for message in queued])
    held = messages.c.key.in_([message.key for message in queued]) & (messages.c.status == "waiting")
    connection.execute(update(messages).where(held).values(status="queued"))


def _give_up(connection: Connection, entries: Sequence[TimelineEntry]) -> None:
    """A message the case has given up on will not be tried again; its row must not wait for ever.

    A sender that came to an end has marked it already. This is for those that did not: none was there, or it was killed.
    """
    for entry in entries:
        if entry.kind != "delivery_failed" or "key" not in entry.data:
            continue
        words = {name: func.coalesce(messages.c[name], entry.data.get(name)) for name in ("code", "reason")}
        this = messages.c.key == entry.data["key"]
        for was, becomes in (("queued", "failed"), ("sending", "unknown")):
            left = this & (messages.c.status == was)
            connection.execute(update(messages).where(left).values(status=becomes, **words))


def _drop(connection: Connection, document: dict[str, Any], dropped: Sequence[Message], now: datetime) -> None:
    """What was never claimed is skipped; what is on its way or gone stays what it is."""
    for message in dropped:
        why = may_still_go_out(message.kind, message.entry, status=document["status"], current_entry=document["entry"])
        reason = why or REPLACED
        row = _message((document["id"], document["episode"]), message, "skipped", now)
        if insert_or_ignore(connection, messages, [{**row, "reason": reason}]):
            continue
        idle = (messages.c.key == message.key) & messages.c.status.in_(("queued", "waiting"))
        connection.execute(update(messages).where(idle).values(status="skipped", reason=reason))
