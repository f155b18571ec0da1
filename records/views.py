"""Views of the board with a name: the filters of an address, kept for one person, or for one key that belongs to nobody.

A view is the query of an address and nothing else, so opening one is following a link.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from domain.errors import NotAllowed
from records.database import Database, exclusive
from records.tables import saved_views

MOST = 30  # of one owner; more than anybody finds a name in


@dataclass(frozen=True)
class View:
    """`query` is what stands behind the `?`."""

    name: str
    query: str


class Views:
    """Saved, listed and forgotten by their owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, owner: str) -> list[View]:
        """By name."""
        query = select(saved_views.c.name, saved_views.c.query).where(saved_views.c.owner == owner)
        with self._database.read() as connection:
            return [View(row.name, row.query) for row in connection.execute(query.order_by(saved_views.c.name))]

    def save(self, owner: str, view: View, now: datetime) -> None:
        """Keep it; one of the same name is replaced. Raises NotAllowed `too_many_views`."""
        mine = saved_views.c.owner == owner
        with self._database.write() as connection:
            exclusive(connection, f"views {owner}")
            connection.execute(delete(saved_views).where(mine, saved_views.c.name == view.name))
            if (connection.scalar(select(func.count()).where(mine)) or 0) >= MOST:
                raise NotAllowed("too_many_views", f"there are {MOST} views already; remove one first")
            row = {"owner": owner, "name": view.name, "query": view.query, "created_at": now}
            connection.execute(insert(saved_views).values(**row))

    def forget(self, owner: str, name: str) -> None:
        """Remove it, if it is there."""
        this = (saved_views.c.owner == owner) & (saved_views.c.name == name)
        with self._database.write() as connection:
            connection.execute(delete(saved_views).where(this))
