"""How many tickets there were: what ticket systems say (`domain.seen`), a row for each span of time."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select

from domain.errors import NotAllowed
from domain.seen import Seen
from domain.view_time import rfc3339
from records.database import Database, exclusive
from records.tables import tickets_seen


class TicketsSeen:
    """Takes counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def say(self, seen: Seen, by: str, now: datetime) -> None:
        """Store a count, in place of the one for the same span, product and category.

        Raises NotAllowed `spans_overlap` when it shares time with another span of the same: tickets would count twice.
        """
        with self._database.write() as connection:
            exclusive(connection, f"tickets of {seen.system}")
            other = connection.execute(select(tickets_seen).where(_same(seen), _shares_time(seen))).mappings().first()
            if other is not None:
                span = f"{rfc3339(other['begins'])} to {rfc3339(other['ends'])}"
                message = (
                    f"'{seen.system}' has already counted {span}; count the same span again, or the time beside it"
                )
                raise NotAllowed("spans_overlap", message, field="from")
            table = tickets_seen.c
            connection.execute(
                delete(tickets_seen).where(_same(seen), table.begins == seen.begins, table.ends == seen.ends)
            )
            connection.execute(insert(tickets_seen).values(**asdict(seen), said_at=now, said_by=by))


def spans_between(connection: Connection, begin: datetime, end: datetime) -> list[Seen]:
    """Every count of a span that shares time with this one."""
    inside = (tickets_seen.c.ends > begin) & (tickets_seen.c.begins < end)
    names = Seen.__dataclass_fields__
    return [
        Seen(**row)
        for row in connection.execute(select(*(tickets_seen.c[name] for name in names)).where(inside)).mappings()
    ]


def _same(seen: Seen) -> ColumnElement[bool]:
    return and_(*(tickets_seen.c[name] == getattr(seen, name) for name in ("system", "product", "category")))


def _shares_time(seen: Seen) -> ColumnElement[bool]:
    mine = (tickets_seen.c.begins == seen.begins) & (tickets_seen.c.ends == seen.ends)
    return ~mine & (tickets_seen.c.ends > seen.begins) & (tickets_seen.c.begins < seen.ends)
