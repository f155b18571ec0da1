"""One transition of an escalation, written whole or not at all.

The workflow's activity may run again after it has succeeded, and a newer document may already be there (the API wrote
it); both change nothing: rows are guarded by version, timeline entries and messages by their keys, commands by being
settled.

A record is written before Temporal keeps the workflow task that made it. When worker or server are killed in between, the
next task may go another way: an update it had heard is gone, or more has come in meanwhile. So every row carries `as_of`, when
its task began; what stands there from tasks after the one of the record before never happened, and is taken back first. Nothing
of it has been sent, for sends are scheduled by the end of a task: what a sender has claimed was kept.

After a restart the server may give out one task twice, with the same beginning. The execution that asked later counts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from domain.identity import reference_of
from domain.messages import Message, may_still_go_out
from domain.outcome import Settled, Transition
from domain.state import TimelineEntry
from records import closure_rows, rows
from records.actions import forget_actions, keep_actions
from records.crowding import release
from records.database import Database, insert_or_ignore
from records.facts import refresh
from records.problems import link_named
from records.stored import MessageStatus
from records.tables import commands, escalations, messages, timeline

REPLACED = "replaced by a newer one"
EARLIEST = datetime.min.replace(tzinfo=UTC)


class Transitions:
    """The only writer of timeline entries and of new messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, transition: Transition, now: datetime, asked_at: datetime | None = None) -> None:
        """Write row, timeline, messages and settled commands in one transaction; writing it twice changes nothing.

        `asked_at`: when the workflow asked for it, by its worker's clock; a try that follows at once has the same.
        """
        case = (transition.document["id"], transition.document["episode"])
        with self._database.write() as connection:
            if not _take_back(connection, case, transition, asked_at):
                return
            as_of = transition.as_of
            rows.save(connection, _with_late_survey(connection, case, transition.document), transition.version, now)
            closure_rows.keep(connection, transition.document)
            stamp = {"as_of": as_of, "asked_at": asked_at}
            connection.execute(update(escalations).where(_of(escalations, case)).values(**stamp))
            lines = [{**timeline_row(case, entry), "as_of": as_of} for entry in transition.timeline]
            insert_or_ignore(connection, timeline, lines)
            _hold(connection, case, transition, now)
            _queue(connection, case, transition, now)
            _drop(connection, transition, now)
            give_up(connection, transition.timeline)
            keep_actions(connection, case, transition.document, as_of)
            if any(entry.kind == "root_cause_recorded" for entry in transition.timeline):
                link_named(connection, case, transition.document, now)
            for settled in transition.settled:
                settle(connection, settled, now, as_of)
            refresh(connection, case)


def _with_late_survey(connection: Connection, case: tuple[str, int], document: dict[str, Any]) -> dict[str, Any]:
    """What the customer said after the closing is not in the run's own document."""
    if document["status"] != "closed" or document["survey"] is not None:
        return document
    stored = connection.scalar(select(escalations.c.document).where(_of(escalations, case)))
    return {**document, "survey": stored["survey"] if stored and stored["status"] == "closed" else None}


def _take_back(
    connection: Connection, case: tuple[str, int], transition: Transition, asked_at: datetime | None
) -> bool:
    """Take back what a workflow task wrote that died; False when this record itself comes from one."""
    stood = select(escalations.c.as_of, escalations.c.asked_at).where(_of(escalations, case)).with_for_update()
    stored = connection.execute(stood).one_or_none()
    if stored is None or stored.as_of is None or transition.as_of is None or transition.after is None:
        return True
    mine, theirs = (transition.as_of, asked_at or EARLIEST), (stored.as_of, stored.asked_at or EARLIEST)
    if theirs > mine:
        return False
    if transition.after < stored.as_of and theirs != mine and not _any_claimed(connection, case, transition.after):
        _forget(connection, case, transition.after)
    return True


def _any_claimed(connection: Connection, case: tuple[str, int], after: datetime) -> bool:
    claimed = _of(messages, case) & (messages.c.as_of > after) & (messages.c.attempts > 0)
    return connection.scalar(select(messages.c.key).where(claimed).limit(1)) is not None


def _forget(connection: Connection, case: tuple[str, int], after: datetime) -> None:
    connection.execute(update(escalations).where(_of(escalations, case)).values(version=-1))
    closure_rows.take_back(connection, case)
    connection.execute(delete(timeline).where(_of(timeline, case), timeline.c.as_of > after))
    connection.execute(delete(messages).where(_of(messages, case), messages.c.as_of > after))
    forget_actions(connection, case, after)
    mine = (commands.c.escalation == case[0]) & (commands.c.episode == case[1]) & (commands.c.as_of > after)
    unsettled = {"status": "queued", "code": None, "reason": None, "settled_at": None, "as_of": None}
    connection.execute(update(commands).where(mine).values(**unsettled))


def _of(table: Table, case: tuple[str, int]) -> ColumnElement[bool]:
    return and_(table.c.id == case[0], table.c.episode == case[1])


def settle(connection: Connection, settled: Settled, now: datetime, as_of: datetime | None = None) -> bool:
    """Write how a queued command ended; False when it is unknown or already settled."""
    queued = (commands.c.command_id == settled.command_id) & (commands.c.status == "queued")
    ended = {
        "status": settled.status,
        "code": settled.code,
        "reason": settled.reason,
        "settled_at": now,
        "as_of": as_of,
    }
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


def message_row(
    case: tuple[str, int], message: Message, status: MessageStatus, now: datetime, as_of: datetime | None = None
) -> dict[str, Any]:
    """The row of a message of the case `(id, episode)`."""
    return {
        "as_of": as_of,
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
        "reference": reference_of(message.key),
        "document": message.model_dump(mode="json"),
    }


def _hold(connection: Connection, case: tuple[str, int], transition: Transition, now: datetime) -> None:
    waiting = [message_row(case, message, "waiting", now, transition.as_of) for message in transition.waiting]
    insert_or_ignore(connection, messages, waiting)


def _queue(connection: Connection, case: tuple[str, int], transition: Transition, now: datetime) -> None:
    queued = [message_row(case, message, "queued", now, transition.as_of) for message in transition.messages]
    insert_or_ignore(connection, messages, queued)
    held = messages.c.key.in_([row["key"] for row in queued]) & (messages.c.status == "waiting")
    connection.execute(update(messages).where(held).values(status="queued"))


def give_up(connection: Connection, entries: Sequence[TimelineEntry]) -> None:
    """A message the case has given up on will not be tried again; its row must not wait for ever.

    A sender that came to an end has marked it already. This is for those that did not: none was there, or it was killed.
    """
    for entry in entries:
        if entry.kind != "delivery_failed" or "key" not in entry.data:
            continue
        words = {name: func.coalesce(messages.c[name], entry.data.get(name)) for name in ("code", "reason")}
        this = messages.c.key == entry.data["key"]
        for was, becomes in (("queued", "failed"), ("waiting", "failed"), ("sending", "unknown")):
            left = this & (messages.c.status == was)
            connection.execute(update(messages).where(left).values(status=becomes, **words))
        release(connection, entry.data["key"])


def _drop(connection: Connection, transition: Transition, now: datetime) -> None:
    """What was never claimed is skipped; what is on its way or gone stays what it is."""
    document = transition.document
    for message in transition.dropped:
        why = may_still_go_out(message.kind, message.entry, status=document["status"], current_entry=document["entry"])
        reason = why or REPLACED
        row = message_row((document["id"], document["episode"]), message, "skipped", now, transition.as_of)
        if insert_or_ignore(connection, messages, [{**row, "reason": reason}]):
            continue
        idle = (messages.c.key == message.key) & messages.c.status.in_(("queued", "waiting"))
        connection.execute(update(messages).where(idle).values(status="skipped", reason=reason))
