"""The short codes people answer with (`ACK 7K2`): one for each episode, the same for everybody who is told of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, select

from domain.reply_codes import code_of
from domain.state import LIVE
from records.database import Database, exclusive
from records.tables import escalations, messages, reply_codes

IN_WORK = ("open", "acknowledged", "paused")
NOT_AGAIN_FOR = timedelta(days=30)  # after its end, so that a late answer never hits another case

Document = dict[str, Any]


class ReplyCodes:
    """No two open cases have the same; the lowest free one is given, so codes stay short."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def code_for(self, id: str, episode: int, now: datetime) -> str:
        """The code of that episode, given out now if it had none."""
        known = select(reply_codes.c.code).where(reply_codes.c.id == id, reply_codes.c.episode == episode)
        with self._database.read() as connection:
            found: str | None = connection.scalar(known)
        return found or self._new_code(known, id, episode, now)

    def _new_code(self, known: Select[Any], id: str, episode: int, now: datetime) -> str:
        with self._database.write() as connection:
            exclusive(connection, "reply codes")
            found: str | None = connection.scalar(known)  # somebody may have been faster
            if found is not None:
                return found
            in_use = set(connection.scalars(_in_use(now)))
            number = next(number for number in count(1) if number not in in_use)
            row = {"number": number, "code": code_of(number), "id": id, "episode": episode, "given_at": now}
            connection.execute(delete(reply_codes).where(reply_codes.c.number == number))
            connection.execute(reply_codes.insert().values(**row))
            return code_of(number)

    def last_case(self, code: str) -> Document | None:
        """The case that had that code last, whether it is over or not: until the code is given again, it names that case."""
        with self._database.read() as connection:
            row = connection.execute(_documents().where(reply_codes.c.code == code)).one_or_none()
            return row.document if row else None

    def open_cases(self, person: str) -> list[tuple[str, Document]]:
        """Code and document of every case in work that the person was told of, the latest first; watching is not being told."""
        went_out = (messages.c.attempts > 0) & (messages.c.kind != "watch")
        told = (
            select(messages.c.id, messages.c.episode).where(messages.c.person == person, went_out).distinct().subquery()
        )
        same = (told.c.id == escalations.c.id) & (told.c.episode == escalations.c.episode)
        query = _documents().join(told, same).where(escalations.c.status.in_(IN_WORK))
        with self._database.read() as connection:
            rows: Iterable[Row[Any]] = connection.execute(query.order_by(escalations.c.opened_at.desc())).all()
            return [(row.code, row.document) for row in rows]


def _in_use(now: datetime) -> Select[Any]:
    """The numbers of cases that are open, or were not long ago."""
    lately = escalations.c.updated_at > now - NOT_AGAIN_FOR
    return (
        select(reply_codes.c.number)
        .join_from(reply_codes, escalations, _of_its_case())
        .where(escalations.c.status.in_(LIVE) | lately)
    )


def _documents() -> Select[Any]:
    return select(reply_codes.c.code, escalations.c.document).join_from(reply_codes, escalations, _of_its_case())


def _of_its_case() -> ColumnElement[bool]:
    return (reply_codes.c.id == escalations.c.id) & (reply_codes.c.episode == escalations.c.episode)
