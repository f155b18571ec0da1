"""Sessions that were signed out of: a cookie lasts for hours, and a copy of it must open nothing any more.

Kept until the session would have ended by itself, and by its fingerprint, so that no cookie stands in the store.
"""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, exists, select

from records.database import Database, insert_or_ignore
from records.tables import ended_sessions


class EndedSessions:
    """One row for each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def end(self, session: str, until: datetime) -> None:
        """Nobody gets in by it any more; `until` is when its time would be over. Once more changes nothing."""
        with self._database.write() as connection:
            insert_or_ignore(connection, ended_sessions, [{"id": _fingerprint(session), "until": until}])

    def has(self, session: str) -> bool:
        """Whether it was ended."""
        with self._database.read() as connection:
            return bool(connection.scalar(select(exists().where(ended_sessions.c.id == _fingerprint(session)))))

    def among(self, sessions: Collection[str]) -> set[str]:
        """Those of them that were ended."""
        known = {_fingerprint(session): session for session in sessions}
        with self._database.read() as connection:
            found = connection.scalars(select(ended_sessions.c.id).where(ended_sessions.c.id.in_(known)))
            return {known[id] for id in found}

    def purge(self, now: datetime) -> int:
        """Forget those whose time is over by itself; how many there were."""
        with self._database.write() as connection:
            return connection.execute(delete(ended_sessions).where(ended_sessions.c.until < now)).rowcount


def _fingerprint(session: str) -> str:
    return sha256(session.encode()).hexdigest()
