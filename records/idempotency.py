"""Answers remembered for a day under the caller's `Idempotency-Key`, so that a retry is safe and tells the same.

`begin` before the work, `finish` with the answer. A retry between the two finds `Pending`: the first call is under way
or died; because the command id is derived from the key, doing the work again is safe.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, select, update

from domain.errors import Invalid
from records.database import Database, insert_or_ignore
from records.tables import idempotency

REMEMBERED = timedelta(hours=24)


@dataclass(frozen=True)
class Fresh:
    """Never seen, or forgotten: do the work, then `finish`."""


@dataclass(frozen=True)
class Replay:
    """Done before: answer this again."""

    status: int
    response: Any
    command_id: str | None


@dataclass(frozen=True)
class Given:
    """An answer to be remembered, and what it answered."""

    status: int
    response: Any
    body_hash: str
    command_id: str | None = None


@dataclass(frozen=True)
class Pending:
    """Begun at `since` and not finished."""

    since: datetime
    command_id: str | None


class Idempotency:
    """`owner` is the id of the API key: two callers may use the same words without meeting."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        owner: str,
        method: str,
        path: str,
        key: str,
        body_hash: str,
        now: datetime,
        *,
        command_id: str | None = None,
    ) -> Fresh | Replay | Pending:
        """Take the key, or learn what became of it. Raises Invalid (`idempotency_key_reused`) for another body."""
        row = {"owner": owner, "method": method, "path": path, "key": key}
        values = {"body_hash": body_hash, "command_id": command_id, "created_at": now}
        while (known := self._take({**row, **values}, _same(**row), now)) is None:
            pass  # let go by its first request between our two looks at it; PostgreSQL does not hold it for us
        if isinstance(known, Fresh):
            return known
        if known.body_hash != body_hash:
            raise Invalid(
                "idempotency_key_reused",
                "this Idempotency-Key was used with another body; use a new one",
                field="Idempotency-Key",
            )
        if known.status is None:
            return Pending(known.created_at, known.command_id)
        return Replay(known.status, known.response, known.command_id)

    def _take(self, row: dict[str, Any], same: ColumnElement[bool], now: datetime) -> Fresh | Row[Any] | None:
        """Fresh when the key is ours now, else what is known of it; None when it is gone again."""
        with self._database.write() as connection:
            connection.execute(delete(idempotency).where(same, idempotency.c.created_at <= now - REMEMBERED))
            if insert_or_ignore(connection, idempotency, [row]):
                return Fresh()
            return connection.execute(select(idempotency).where(same)).one_or_none()

    def finish(self, owner: str, method: str, path: str, key: str, given: Given, now: datetime) -> Replay | None:
        """Remember the answer; the first one stays, and is given back, for a slow request and its retry must say the same.

        Two that work at once share the key: should the other one have failed and let it go meanwhile, it is taken again.
        """
        row = {"owner": owner, "method": method, "path": path, "key": key}
        answer = {"status": given.status, "response": given.response}
        let_go = {"body_hash": given.body_hash, "command_id": given.command_id, "created_at": now}
        mine = _same(**row)
        with self._database.write() as connection:
            unanswered = update(idempotency).where(mine, idempotency.c.status.is_(None))
            if connection.execute(unanswered.values(**answer)).rowcount:
                return None
            if insert_or_ignore(connection, idempotency, [{**row, **let_go, **answer}]):
                return None
            first = connection.execute(select(idempotency).where(mine)).one()
            return Replay(first.status, first.response, first.command_id)

    def release(self, owner: str, method: str, path: str, key: str) -> None:
        """Forget a key whose work failed on our side, so that the retry is fresh; an answer once given stays."""
        unanswered = and_(_same(owner, method, path, key), idempotency.c.status.is_(None))
        with self._database.write() as connection:
            connection.execute(delete(idempotency).where(unanswered))

    def purge(self, now: datetime) -> int:
        """Delete what is older than a day; the number of keys forgotten."""
        with self._database.write() as connection:
            return connection.execute(delete(idempotency).where(idempotency.c.created_at <= now - REMEMBERED)).rowcount


def _same(owner: str, method: str, path: str, key: str) -> ColumnElement[bool]:
    table = idempotency.c
    return and_(table.owner == owner, table.method == method, table.path == path, table.key == key)
