"""The facts of each episode (`domain.facts`) as rows, made again from what the store has of a case whenever that changes.

Nothing here is added up: a refresh reads the case's document, its timeline and the fates of its messages, and writes what follows
from them. So it may run any number of times, in any order, and what is taken back with a record is taken back here too. It is the
last thing a transaction writes: rows are locked in the order case, messages, facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from domain.facts import COUNTED, MOVES, RECURS_WITHIN, TARGETS, Beside, Facts, facts_of
from domain.state import TimelineEntry
from records.database import Database
from records.tables import escalations, facts, messages, policies, tier_facts, timeline

QUARTER = timedelta(minutes=15)  # all zones of today are whole quarters away from UTC: hours of each are made of them
BATCH = 100  # cases in one transaction of the fill: a few dozen milliseconds, so nobody waits for it
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Case = tuple[str, int]

_WENT = messages.c.sent_at.is_not(None) | messages.c.delivered_at.is_not(None)
_FAILED = messages.c.status == "failed"


def _of_case(table: Table) -> ColumnElement[bool]:
    return (table.c.id == bindparam("case_id")) & (table.c.episode == bindparam("case_episode"))


# Every record asks these, so they are made once: making a statement takes longer than running it.
_DOCUMENT = select(escalations.c.document).where(_of_case(escalations)).with_for_update()
_LINES = (
    select(timeline.c.seq, timeline.c.at, timeline.c.kind, timeline.c.actor, timeline.c.data)
    .where(_of_case(timeline), timeline.c.kind.in_(sorted(COUNTED)))
    .order_by(timeline.c.seq)
)
_LADDER = select(policies.c.document["tiers"]).where(
    policies.c.name == bindparam("name"), policies.c.version == bindparam("version")
)
_COUNTS = select(func.count().filter(_WENT), func.count().filter(_FAILED)).where(_of_case(messages))
_OLD_TIERS, _NEW_TIERS = delete(tier_facts).where(_of_case(tier_facts)), insert(tier_facts)


@dataclass(frozen=True)
class Place:
    """How far the fill has come: cases are taken as they were opened."""

    opened_at: datetime
    id: str
    episode: int


def refresh(connection: Connection, case: Case) -> Facts | None:
    """Make the facts of an episode again; None when the store has no such case."""
    this = {"case_id": case[0], "case_episode": case[1]}
    document = connection.scalar(_DOCUMENT, this)
    if document is None:
        return None
    lines = [TimelineEntry.model_construct(**row, text="") for row in connection.execute(_LINES, this).mappings()]
    counts = connection.execute(_COUNTS, this).one()
    ladder = _ladder(connection, document) if any(line.kind in MOVES for line in lines) else ()
    first = facts_of(document, lines, Beside(ladder, *counts, reopened_as_next=_reopened(connection, case)))
    made = first.model_copy(update={"recurrence": _recurs(connection, first)})
    save(connection, made)
    if made.reopens:
        before = (facts.c.id == made.id) & (facts.c.episode == document["reopened_from"])
        connection.execute(update(facts).where(before).values(came_back=True))
    return made


def save(connection: Connection, made: Facts) -> None:
    """Write the rows of these facts, in place of those that stand there."""
    connection.execute(_put(connection.dialect.name), facts_row(made))
    connection.execute(_OLD_TIERS, {"case_id": made.id, "case_episode": made.episode})
    connection.execute(_NEW_TIERS, tier_rows(made))


@cache
def _put(dialect: str) -> "sqlite.Insert | postgresql.Insert":
    put = sqlite.insert(facts) if dialect == "sqlite" else postgresql.insert(facts)
    keys = list(facts.primary_key)
    return put.on_conflict_do_update(
        index_elements=keys, set_={one.name: put.excluded[one.name] for one in facts.c if one not in keys}
    )


def recount(connection: Connection, *keys: str) -> None:
    """Messages have come to an end: count again what their cases have sent, and the cases of those that went out in them."""
    ended = or_(messages.c.key.in_(keys), messages.c.led_by.in_(keys))
    cases = select(messages.c.id, messages.c.episode).where(ended)
    these = tuple_(facts.c.id, facts.c.episode).in_(cases)
    connection.execute(update(facts).where(these).values(messages_sent=_count(_WENT), messages_failed=_count(_FAILED)))


def fill(database: Database, after: Place | None = None) -> Place | None:
    """Make the facts of the next cases that have none, as they were opened; the last of them, or None when all are done."""
    with database.read() as connection:
        found = connection.execute(_without(after)).all()
    with database.write() as connection:
        for row in found:
            made = refresh(connection, (row.id, row.episode))
            if made is not None:
                connection.execute(_later_ones(made))
    return Place(found[-1].opened_at, found[-1].id, found[-1].episode) if found else None


def facts_row(made: Facts) -> dict[str, Any]:
    """All columns of `facts`."""
    plain = made.model_dump(exclude={"met", "breached", "tiers"})
    counts = {f"{name}_met": made.met[name] for name in TARGETS} | {
        f"{name}_breached": made.breached[name] for name in TARGETS
    }
    return {**plain, **counts, "opened_quarter": (made.opened_at - EPOCH) // QUARTER}


def tier_rows(made: Facts) -> list[dict[str, Any]]:
    """All columns of `tier_facts`, a row for each tier."""
    of_case = {"id": made.id, "episode": made.episode, "opened_at": made.opened_at}
    return [{**of_case, **one.model_dump()} for one in made.tiers]


def _without(after: Place | None) -> Select[Any]:
    """The next cases without facts."""
    place = (escalations.c.opened_at, escalations.c.id, escalations.c.episode)
    known = exists().where(facts.c.id == escalations.c.id, facts.c.episode == escalations.c.episode)
    query = select(*place).where(~known).order_by(*place).limit(BATCH)
    if after is None:
        return query
    return query.where(
        escalations.c.opened_at >= after.opened_at,  # the index; the row of values says where exactly
        tuple_(*place) > tuple_(after.opened_at, after.id, after.episode),
    )


def _ladder(connection: Connection, document: Mapping[str, Any]) -> tuple[str, ...]:
    """The tiers of the case's policy from the first up; none when the store never had it."""
    found = connection.scalar(_LADDER, document["policy"])
    return tuple(tier["name"] for tier in found or ())


def _reopened(connection: Connection, case: Case) -> bool:
    """Whether the next episode is the reopening of this one."""
    following = (facts.c.id == case[0]) & (facts.c.episode == case[1] + 1)
    return bool(connection.scalar(select(facts.c.reopens).where(following)))


def _count(which: ColumnElement[bool]) -> ScalarSelect[int]:
    mine = and_(messages.c.id == facts.c.id, messages.c.episode == facts.c.episode, which)
    return select(func.count()).select_from(messages).where(mine).correlate(facts).scalar_subquery()


def _recurs(connection: Connection, made: Facts) -> bool:
    """What `domain.facts.recurs` says of it among all in the store."""
    if made.cause_at is None:
        return False
    before = facts.c.cause_at.between(made.cause_at - RECURS_WITHIN, made.cause_at) & (facts.c.cause_at < made.cause_at)
    return connection.scalar(select(facts.c.id).where(_same_trouble(made), before).limit(1)) is not None


def _later_ones(made: Facts) -> Update:
    """The fill takes cases as they were opened; their causes may have been recorded in another order."""
    at = made.cause_at or EPOCH
    after = (facts.c.cause_at > at) & (facts.c.cause_at <= at + RECURS_WITHIN)
    return update(facts).where(_same_trouble(made), after, ~facts.c.recurrence).values(recurrence=True)


def _same_trouble(made: Facts) -> ColumnElement[bool]:
    """Of other tickets; nothing where no cause is known."""
    return and_(facts.c.cause == made.cause, facts.c.product.is_not_distinct_from(made.product), facts.c.id != made.id)
