"""What the board knows of the house as a whole: how many cases are open, what is wrong with them, what changed lately.

Each is one statement. `changes` is asked once a second by a process that has a board open somewhere, so it walks a few entries
of an index and asks in the same breath whether a key was revoked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select, true

from records.database import Database
from records.tables import LIVE_ROWS, api_keys, escalations

OVERLAP = timedelta(
    seconds=10
)  # clocks of several machines differ, and transactions do not end in the order they began
MOST_CHANGES = 500  # of one look; where more happens, everything has changed


@dataclass(frozen=True)
class Counts:
    """Open cases, and how many of them have missed a promise, belong to nobody, wait. `tiers` by their place on the ladder."""

    open: int
    overdue: int
    unowned: int
    paused: int
    tiers: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """The rows written since a time: `(id, episode)` and the version each has now; `latest` is when the last was written.

    `revoked` is the number of keys that open nothing any more.
    """

    versions: dict[tuple[str, int], int]
    latest: datetime | None
    revoked: int


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
            )
            .where(LIVE_ROWS)
            .group_by(escalations.c.tier)
        )
        with self._database.read() as connection:
            found = [tuple(row) for row in connection.execute(query)]
        tiers = tuple(row[0] for row in sorted(found, key=lambda row: (row[1], row[0])))
        open_, overdue, unowned, paused = (sum(row[place] for row in found) for place in range(2, 6))
        return Counts(open_, overdue, unowned, paused, tiers)

    def changes(self, since: datetime | None) -> Changes:
        """What was written after `since`, the latest `MOST_CHANGES` of it; None: whatever was written last."""
        after = true() if since is None else escalations.c.updated_at > since
        written = (
            select(escalations.c.id, escalations.c.episode, escalations.c.version, escalations.c.updated_at)
            .where(after)
            .order_by(escalations.c.updated_at.desc())
            .limit(MOST_CHANGES)
            .subquery()
        )
        gone = select(func.count().label("revoked")).where(api_keys.c.revoked_at.is_not(None)).subquery()
        query = select(gone.c.revoked, written).select_from(gone.outerjoin(written, true()))
        with self._database.read() as connection:
            found = connection.execute(query).all()
        rows = [row for row in found if row.id is not None]
        latest = max((row.updated_at for row in rows), default=None)
        return Changes({(row.id, row.episode): row.version for row in rows}, latest, found[0].revoked)


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
