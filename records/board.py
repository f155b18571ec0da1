"""What the board knows of the house as a whole: how many cases are open, what is wrong with them, what changed lately.

Each is one statement. `changes` is asked once a second by a process that has a board open somewhere, so it walks a few entries
of an index and asks in the same breath whether a key was revoked or a session ended.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, false, func, null, select, true, tuple_

from records.database import Database
from records.escalations import Document
from records.open_cases import Key, Line
from records.tables import LIVE_ROWS, api_keys, ended_sessions, escalations

OVERLAP = timedelta(
    seconds=10
)  # clocks of several machines differ, and transactions do not end in the order they began
MOST_CHANGES = 500  # of one look; where more happens, everything has changed
TOGETHER = 1_000  # documents asked for at once


@dataclass(frozen=True)
class Counts:
    """Cases that are not closed, and how many of them have missed a promise, belong to nobody, wait, are resolved.

    `tiers` by their place on the ladder.
    """

    open: int
    overdue: int
    unowned: int
    paused: int
    resolved: int
    tiers: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """The rows written since a time, by their keys; `latest` is when the last was written.

    `documents` has those of the newest only. `revoked` is the number of keys that open nothing any more, `signed_out` that of
    sessions.
    """

    lines: dict[Key, Line]
    documents: dict[Key, Document]
    latest: datetime | None
    revoked: int
    signed_out: int

    @property
    def versions(self) -> dict[Key, int]:
        """The version each has now."""
        return {key: line.version for key, line in self.lines.items()}


class Board:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self) -> Counts:
        """Over every open case, whatever a board is filtered by."""
        query = (
            select(
                escalations.c.tier,
                func.min(escalations.c.tier_index).label("place"),
                func.count().label("open"),
                _how_many(escalations.c.breached),
                _how_many(escalations.c.owner.is_(None)),
                _how_many(escalations.c.status == "paused"),
                _how_many(escalations.c.status == "resolved"),
            )
            .where(LIVE_ROWS)
            .group_by(escalations.c.tier)
        )
        with self._database.read() as connection:
            found = [tuple(row) for row in connection.execute(query)]
        tiers = tuple(row[0] for row in sorted(found, key=lambda row: (row[1], row[0])))
        open_, overdue, unowned, paused, resolved = (sum(row[place] for row in found) for place in range(2, 7))
        return Counts(open_, overdue, unowned, paused, resolved, tiers)

    def changes(self, since: datetime | None, known: datetime | None = None) -> Changes:
        """What was written after `since`, the latest `MOST_CHANGES` of it; None: whatever was written last.

        The documents are those written after `known`; None: no document.
        """
        after = true() if since is None else escalations.c.updated_at > since
        new = false() if known is None else escalations.c.updated_at > known
        document = case((new, escalations.c.document), else_=null()).label("document")
        latest_first = escalations.c.updated_at.desc()
        written = select(*_LINE, document).where(after).order_by(latest_first).limit(MOST_CHANGES).subquery()
        gone = select(func.count()).where(api_keys.c.revoked_at.is_not(None)).scalar_subquery().label("revoked")
        out = select(func.count()).select_from(ended_sessions).scalar_subquery().label("signed_out")
        once = select(gone, out).subquery()
        query = select(written, once).select_from(once.outerjoin(written, true()))  # a line is what a row begins with
        with self._database.read() as connection:
            found = connection.execute(query).all()
        rows = [row for row in found if row.id is not None]
        lines = {(row.id, row.episode): _line(row) for row in rows}
        documents = {(row.id, row.episode): row.document for row in rows if row.document is not None}
        latest = max((row.updated_at for row in rows), default=None)
        return Changes(lines, documents, latest, found[0].revoked, found[0].signed_out)

    def open_cases(self) -> Iterator[Line]:
        """All of them, in no order."""
        with self._database.read() as connection:
            for row in connection.execute(select(*_LINE).where(LIVE_ROWS)):
                yield _line(row)

    def documents(self, keys: Sequence[Key]) -> dict[Key, Document]:
        """Those of these cases, as far as they are there."""
        found: dict[Key, Document] = {}
        place = tuple_(escalations.c.id, escalations.c.episode)
        columns = (escalations.c.id, escalations.c.episode, escalations.c.document)
        with self._database.read() as connection:
            for begin in range(0, len(keys), TOGETHER):
                rows = connection.execute(select(*columns).where(place.in_(keys[begin : begin + TOGETHER])))
                found |= {(row.id, row.episode): row.document for row in rows}
        return found


def counts_of(lines: Iterable[Line]) -> Counts:
    """As `Board.counts`, of open cases that are known already."""
    known = list(lines)
    tiers: dict[str, int] = {}
    for line in known:
        tiers[line.tier] = min(tiers.get(line.tier, line.tier_index), line.tier_index)
    return Counts(
        open=len(known),
        overdue=sum(line.breached for line in known),
        unowned=sum(line.owner is None for line in known),
        paused=sum(line.status == "paused" for line in known),
        resolved=sum(line.status == "resolved" for line in known),
        tiers=tuple(sorted(tiers, key=lambda tier: (tiers[tier], tier))),
    )


_LINE = [escalations.c[one.name] for one in fields(Line)]


def _line(row: Row[Any]) -> Line:
    return Line(*row[: len(_LINE)])


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
