"""The tree of causes by version. A file is known by its hash, as a policy's is: read again, it never overrides a PUT."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from domain.causes import Causes, Stored, dump_causes
from records.database import Database, exclusive
from records.policies import Source
from records.tables import causes


class CauseTree:
    """The newest tree is the one that counts; older ones are kept for the record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Stored | None = None  # the newest seen; a version never changes, parsing it takes a while

    def current(self) -> Stored | None:
        """The newest tree; None when none was stored."""
        with self._database.read() as connection:
            version = connection.scalar(select(func.max(causes.c.version)))
            if version is None or (self._known is not None and self._known.version == version):
                return self._known
            newest = _newest(connection)
        self._known = _parsed(newest) if newest is not None else None
        return self._known

    @property
    def tree(self) -> Causes | None:
        """The newest tree without its version."""
        stored = self.current()
        return stored.causes if stored is not None else None

    def save(self, tree: Causes, source: Source, by: str | None, now: datetime, file_hash: str | None = None) -> int:
        """The version the tree has now: a new one, or the current one when nothing changed.

        A file whose hash is the one last read is taken as unchanged, whatever was stored since.
        """
        document = dump_causes(tree)
        with self._database.write() as connection:
            exclusive(connection, "causes")
            newest = _newest(connection)
            if newest is not None and file_hash is not None and file_hash == _file_hash(connection):
                return int(newest["version"])
            if newest is not None and newest["document"] == document:
                _remember_hash(connection, int(newest["version"]), file_hash)
                return int(newest["version"])
            version = 1 if newest is None else int(newest["version"]) + 1
            row = {"version": version, "document": document, "source": source, "file_hash": file_hash}
            connection.execute(insert(causes).values(**row, created_at=now, created_by=by))
            return version


def _newest(connection: Connection) -> RowMapping | None:
    query = select(causes).order_by(causes.c.version.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def _file_hash(connection: Connection) -> str | None:
    read = select(causes.c.file_hash).where(causes.c.file_hash.is_not(None))
    found: str | None = connection.scalar(read.order_by(causes.c.version.desc()).limit(1))
    return found


def _remember_hash(connection: Connection, version: int, file_hash: str | None) -> None:
    if file_hash is not None:
        connection.execute(update(causes).where(causes.c.version == version).values(file_hash=file_hash))


def _parsed(row: RowMapping) -> Stored:
    return Stored(Causes.model_validate(row["document"]), int(row["version"]))
