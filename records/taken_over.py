"""What took the place of messages that did not arrive.

First the same to the same person on another channel, made later. A step that failed on all channels of its person is passed on:
to the next step, the next tier's, or the owner of last resort, whoever was told at once. A step that came at its own time
took nobody's place; nor did what was sent beside the message that failed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy import Connection, RowMapping, select

from domain.preferences import NOT_NOW
from domain.telling import to_one
from domain.tickets import Channel
from records.database import Database
from records.stored import StoredMessage
from records.tables import messages, timeline

AT_ONCE = timedelta(seconds=10)  # between a failure and the next step lie a record and the roster's answer
PASSED_ON = ("step", "last_resort")  # the kinds of message that tell the next one


@dataclass(frozen=True)
class InItsPlace:
    """The message that was sent instead; `person` is None for the customer."""

    key: str
    person: str | None
    channel: Channel


def taken_over(database: Database, found: Iterable[StoredMessage]) -> dict[str, InItsPlace]:
    """By the key of each message that did not arrive the one that took its place, where there was one."""
    undelivered = [one for one in found if one.status == "failed" or one.code == NOT_NOW]
    if not undelivered:
        return {}
    with database.read() as connection:
        elsewhere = _elsewhere(connection, undelivered)
        steps = [one for one in undelivered if one.kind == "step" and one.key not in elsewhere]
        return {**_passed_on(connection, steps), **elsewhere}


def _elsewhere(connection: Connection, undelivered: Sequence[StoredMessage]) -> dict[str, InItsPlace]:
    """The same message to the same person on another channel."""
    places = {key: one for one in undelivered for key in _other_keys(one.key)}
    query = select(messages).where(messages.c.key.in_(places)).order_by(messages.c.created_at.desc())
    made = connection.execute(query).mappings()
    return {places[row["key"]].key: _made(row) for row in made if row["created_at"] > places[row["key"]].created_at}


def _other_keys(key: str) -> list[str]:
    place, _, channel = key.rpartition("/")
    return [f"{place}/{other}" for other in get_args(Channel) if other != channel]


def _passed_on(connection: Connection, steps: Sequence[StoredMessage]) -> dict[str, InItsPlace]:
    """Who was told at once when a whole step had failed."""
    if not steps:
        return {}
    ids = {one.id for one in steps}
    which = messages.c.id.in_(ids) & messages.c.kind.in_(PASSED_ON)
    told = connection.execute(select(messages).where(which).order_by(messages.c.key)).mappings().all()
    failures = select(timeline.c.at, timeline.c.data).where(
        timeline.c.id.in_(ids), timeline.c.kind == "delivery_failed"
    )
    failed_at = {row.data["key"]: row.at for row in connection.execute(failures) if "key" in row.data}
    following = {one.key: _following(one, told, failed_at) for one in steps}
    return {key: _made(row) for key, row in following.items() if row is not None}


def _following(
    failed: StoredMessage, told: Sequence[RowMapping], failed_at: Mapping[str, datetime]
) -> RowMapping | None:
    of_the_case = [row for row in told if (row["id"], row["episode"]) == (failed.id, failed.episode)]
    place = _place(failed.key)
    beside = {row["channel"]: row["key"] for row in of_the_case if _place(row["key"]) == place}
    mattered = [beside[channel] for channel in to_one(tuple(beside))]
    if any(key not in failed_at for key in mattered):
        return None  # a channel of the step reached the person, or may yet
    since = max(failed_at[key] for key in mattered)
    others = [(_at(row), row) for row in of_the_case if _place(row["key"]) != place]
    next_ones = [(at, row) for at, row in others if since <= at <= since + AT_ONCE]
    return min(next_ones, key=lambda one: one[0])[1] if next_ones else None


def _place(key: str) -> str:
    return key.rpartition("/")[0]


def _at(row: RowMapping) -> datetime:
    """When the rules made it: the clock on which its case failed before, which is not the store's."""
    return datetime.fromisoformat(row["document"]["at"])


def _made(row: RowMapping) -> InItsPlace:
    return InItsPlace(row["key"], row["person"], row["channel"])
