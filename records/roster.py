"""The roster by version: people, teams, rotations, overrides, absences as one document.

Overrides and absences are edits of the newest version; `change` makes reading, editing and writing one step, so that
two people who edit at once both keep their edit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from domain.roster import Roster
from records.database import Database, exclusive
from records.tables import roster


class RosterStore:
    """The newest roster is the one that counts; older ones are kept for the record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: tuple[int, Roster] = (0, Roster())  # the newest seen; a version never changes, parsing it is slow

    def current(self) -> Roster:
        """The newest roster; an empty one when none was stored."""
        with self._database.read() as connection:
            version = connection.scalar(select(func.max(roster.c.version))) or 0
            known, parsed = self._known
            if version == known:
                return parsed
            newest = _newest(connection)
        parsed = _parsed(newest)
        self._known = (newest["version"] if newest else 0, parsed)
        return parsed

    def is_empty(self) -> bool:
        """Whether no roster was ever stored."""
        with self._database.read() as connection:
            return _newest(connection) is None

    def save(self, new: Roster, by: str | None, now: datetime) -> int:
        """Replace the roster; its version. An unchanged one keeps its version."""
        with self._locked() as connection:
            return _append(connection, new, by, now)

    def change(self, edit: Callable[[Roster], Roster], by: str | None, now: datetime) -> Roster:
        """Apply `edit` to the newest roster and store what it returns; nothing is stored when it raises."""
        with self._locked() as connection:
            changed = edit(_parsed(_newest(connection)))
            _append(connection, changed, by, now)
            return changed

    def seed(self, first: Roster, now: datetime) -> bool:
        """Store the roster file into an empty store; False when there is a roster already."""
        with self._locked() as connection:
            if _newest(connection) is not None:
                return False
            _append(connection, first, None, now)
            return True

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        with self._database.write() as connection:
            exclusive(connection, "roster")
            yield connection


def _append(connection: Connection, new: Roster, by: str | None, now: datetime) -> int:
    newest = _newest(connection)
    document: dict[str, Any] = new.model_dump(mode="json", by_alias=True)
    if newest is not None and newest["document"] == document:
        return int(newest["version"])
    version = 1 if newest is None else int(newest["version"]) + 1
    connection.execute(insert(roster).values(version=version, document=document, created_at=now, created_by=by))
    return version


def _newest(connection: Connection) -> RowMapping | None:
    return connection.execute(select(roster).order_by(roster.c.version.desc()).limit(1)).mappings().one_or_none()


def _parsed(row: RowMapping | None) -> Roster:
    return Roster() if row is None else Roster.model_validate(row["document"])
