"""Nobody is buried in messages: what would be too much for one person on one channel waits a little, and goes out as one message.

The first few of a minute go out at once, each by itself. What comes after them waits, in the open, until the minute is over (an
urgent one for a few seconds only), and whichever then goes out first takes all the others along: it leads them, they follow.

Followers keep their own keys and share their leader's fate. While its answer is missing, leader and followers stay together:
nobody joins them, and none goes out by itself. When the leader does not get through, each is on its own again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select, tuple_, update

from domain.tickets import Priority
from records.database import exclusive
from records.still_news import why_not
from records.stored import POSSIBLE_DUPLICATE, MessageStatus
from records.tables import escalations, messages

CROWDED: Final = "crowded"  # the code of a message that waits for this
WINDOW = timedelta(minutes=1)
URGENT: tuple[Priority, ...] = ("critical",)
URGENT_GAP = timedelta(seconds=15)  # between two messages that list urgent ones
LOOK_AGAIN = timedelta(seconds=5)
MOST_FOLLOWERS = 50

WITH_OTHERS = "in one message with others"
MAYBE_OUT = "a message it was in may have gone out"

_IN_FLIGHT: Final[tuple[MessageStatus, ...]] = ("sending", "unknown")
_TOGETHER: Final[frozenset[MessageStatus]] = frozenset({"sent", "delivered", "unknown"})


@dataclass(frozen=True)
class Limit:
    """How many messages a minute one person gets on one channel; one that is `pressed` for time does not wait for that."""

    per_minute: int
    pressed: bool = False


@dataclass(frozen=True)
class Crowded:
    """Not now. Ask again after `wait`; `reason` says why."""

    wait: timedelta
    reason: str


def one_at_a_time(connection: Connection, key: str) -> None:
    """Of all claims for one person and channel one is inside; before any row is locked, or two would wait for each other."""
    reader = select(messages.c.person, messages.c.channel).where(messages.c.key == key, messages.c.person.is_not(None))
    found = connection.execute(reader).one_or_none()
    if found is not None:
        exclusive(connection, f"to {found.person} by {found.channel}")


def room_for(connection: Connection, row: RowMapping, now: datetime, limit: Limit | None) -> Crowded | None:
    """None when the message may go out now. One that was tried before has its place."""
    if row["led_by"] is not None and _status(connection, row["led_by"]) in _IN_FLIGHT:
        return Crowded(LOOK_AGAIN, WITH_OTHERS)
    new = row["attempts"] == 0 or row["code"] == CROWDED
    if limit is None or limit.pressed or row["person"] is None or not new:
        return None
    mine = _same_reader(row) & (messages.c.key != row["key"]) & messages.c.led_by.is_(None)
    latest = select(messages.c.claimed_at).where(mine, messages.c.claimed_at > now - WINDOW)
    times = list(connection.scalars(latest.order_by(messages.c.claimed_at.desc()).limit(limit.per_minute)))
    if len(times) < limit.per_minute:
        return None
    urgent = _priority(connection, row) in URGENT
    free_at = min(times[-1] + WINDOW, times[0] + URGENT_GAP) if urgent else times[-1] + WINDOW
    if free_at <= now:
        return None
    many = f"{row['person']} was sent {limit.per_minute} messages within a minute"
    return Crowded(free_at - now, f"waits until {free_at:%H:%M:%S} UTC: {many}")


def take_along(connection: Connection, leader: RowMapping, to: str, now: datetime) -> tuple[str, ...]:
    """The keys of what goes out with this one now, the most urgent first, then the oldest; they are claimed with it.

    A leader that may be out already keeps exactly those it had: another would be called sent when that one is found.
    """
    if leader["status"] in _IN_FLIGHT:
        wanted = (messages.c.led_by == leader["key"]) & messages.c.status.in_(_IN_FLIGHT)
    else:
        wanted = (messages.c.status == "waiting") & (messages.c.code == CROWDED) & messages.c.led_by.is_(None)
        wanted = and_(wanted, _same_reader(leader), messages.c.key != leader["key"])
        _lock_cases(connection, wanted)
    same_case = (messages.c.id == escalations.c.id) & (messages.c.episode == escalations.c.episode)
    found = connection.execute(
        select(messages, escalations.c.status.label("case_status"), escalations.c.entry.label("current_entry"))
        .join_from(messages, escalations, same_case)
        .where(wanted)
        .order_by(escalations.c.priority_rank.desc(), messages.c.created_at, messages.c.key)
        .limit(MOST_FOLLOWERS)
        .with_for_update(of=messages)
    ).mappings()
    keys = tuple(row["key"] for row in found.all() if row["led_by"] or _may_go(connection, row))
    doubt = MAYBE_OUT if leader["status"] in _IN_FLIGHT else None
    claimed = {"status": "sending", "led_by": leader["key"], "claimed_at": now, "to": to, "code": None, "reason": doubt}
    _change(connection, messages.c.key.in_(keys), attempts=messages.c.attempts + 1, **claimed)
    return keys


def share_fate(
    connection: Connection,
    leader: str,
    status: MessageStatus,
    now: datetime,
    provider_id: str | None = None,
    code: str | None = None,
) -> None:
    """What became of the leader became of its followers."""
    if status not in _TOGETHER:
        release(connection, leader)
        return
    fate: dict[str, Any] = {"status": status, "provider_id": provider_id, "reason": WITH_OTHERS}
    if code == POSSIBLE_DUPLICATE:
        fate["code"] = code
    if status != "unknown":
        fate["sent_at"] = func.coalesce(messages.c.sent_at, now)
    if status == "delivered":
        fate["delivered_at"] = now
    _change(connection, _following(leader), **fate)


def release(connection: Connection, leader: str) -> None:
    """The leader did not get through: each that followed it is on its own again, in doubt where a try may have gone out."""
    in_doubt = _following(leader) & or_(messages.c.status == "unknown", messages.c.reason == MAYBE_OUT)
    alone = {"status": "unknown", "led_by": None, "code": CROWDED, "reason": MAYBE_OUT, "claimed_at": None}
    _change(connection, in_doubt, **alone)
    _wait_again(connection, _following(leader))


def leave(connection: Connection, keys: Sequence[str]) -> None:
    """These found no room in the message: they wait again, each for itself."""
    _wait_again(connection, messages.c.key.in_(keys))


def followers(connection: Connection, leader: str) -> Sequence[RowMapping]:
    """The messages that went out with this one."""
    return connection.execute(select(messages).where(messages.c.led_by == leader)).mappings().all()


def _wait_again(connection: Connection, which: ColumnElement[bool]) -> None:
    """As if nobody had ever claimed them, for nothing of them has gone out."""
    before = {"status": "waiting", "led_by": None, "code": CROWDED, "reason": None, "claimed_at": None}
    _change(connection, which, attempts=messages.c.attempts - 1, **before)


def _change(connection: Connection, which: ColumnElement[bool], **values: Any) -> None:
    connection.execute(update(messages).where(which).values(**values))


def _following(leader: str) -> ColumnElement[bool]:
    return and_(messages.c.led_by == leader, messages.c.status.in_(_IN_FLIGHT))


def _lock_cases(connection: Connection, wanted: ColumnElement[bool]) -> None:
    """Cases come before messages, as wherever a case is written down, so that nobody waits for each other."""
    cases = connection.execute(select(messages.c.id, messages.c.episode).where(wanted).distinct()).all()
    which = tuple_(escalations.c.id, escalations.c.episode).in_([tuple(case) for case in cases])
    in_order = select(escalations.c.id).where(which).order_by(escalations.c.id, escalations.c.episode)
    connection.execute(in_order.with_for_update(read=True)).all()


def _may_go(connection: Connection, row: RowMapping) -> bool:
    return why_not(connection, row, row["case_status"], row["current_entry"]) is None


def _status(connection: Connection, key: str) -> str:
    return str(connection.scalar(select(messages.c.status).where(messages.c.key == key)))


def _priority(connection: Connection, row: RowMapping) -> str:
    case = (escalations.c.id == row["id"]) & (escalations.c.episode == row["episode"])
    return str(connection.scalar(select(escalations.c.priority).where(case)))


def _same_reader(row: RowMapping) -> ColumnElement[bool]:
    return and_(messages.c.person == row["person"], messages.c.channel == row["channel"])
