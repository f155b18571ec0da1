"""Policies by version. A version is never changed; a running case finds the one it started with for ever.

A file is known by its hash: the same file at the next start says nothing new and cannot override what was PUT
meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from domain.policy import Policy
from records.database import Database, exclusive
from records.tables import policies

Source = Literal["file", "api"]


@dataclass(frozen=True)
class PolicyVersion:
    """Where one version came from; `created_by` is None for a file read at start."""

    name: str
    version: int
    source: Source
    file_hash: str | None
    created_at: datetime
    created_by: str | None


class Policies:
    """The store of escalation matrices."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Policy] = {}  # by name, the newest version last asked for

    def save(self, policy: Policy, source: Source, by: str | None, now: datetime, file_hash: str | None = None) -> int:
        """The version the policy has now: a new one, or the current one when nothing changed.

        A file whose hash is the one last read is taken as unchanged, whatever was stored since.
        """
        document = policy.with_version(0).model_dump(mode="json", by_alias=True)
        with self._database.write() as connection:
            exclusive(connection, f"policy {policy.name}")
            current = _latest(connection, policy.name)
            if current is not None and file_hash is not None and file_hash == _file_hash(connection, policy.name):
                return int(current["version"])
            if current is not None and current["document"] == document:
                _remember_hash(connection, current, file_hash)
                return int(current["version"])
            version = 1 if current is None else int(current["version"]) + 1
            row = {"name": policy.name, "version": version, "document": document, "source": source}
            connection.execute(insert(policies).values(**row, file_hash=file_hash, created_at=now, created_by=by))
            return version

    def latest(self, name: str) -> Policy | None:
        """The newest version, or None."""
        with self._database.read() as connection:
            return _policy(_latest(connection, name))

    def find(self, name: str, version: int) -> Policy | None:
        """One version, or None."""
        query = select(policies).where(policies.c.name == name, policies.c.version == version)
        with self._database.read() as connection:
            return _policy(connection.execute(query).mappings().one_or_none())

    def latest_all(self) -> list[Policy]:
        """The newest version of every policy, by name."""
        newest = select(policies.c.name, func.max(policies.c.version)).group_by(policies.c.name)
        with self._database.read() as connection:
            found = connection.execute(newest.order_by(policies.c.name)).all()
            return [self._parsed_once(connection, name, version) for name, version in found]

    def _parsed_once(self, connection: Connection, name: str, version: int) -> Policy:
        """Every opening asks for all policies. A version never changes, and parsing one is slow."""
        known = self._known.get(name)
        if known is None or known.version != version:
            query = select(policies).where(policies.c.name == name, policies.c.version == version)
            known = _parsed(connection.execute(query).mappings().one())
            self._known[name] = known
        return known

    def versions(self, name: str) -> list[PolicyVersion]:
        """All versions, newest first, without their rules."""
        columns = [column for column in policies.c if column.name != "document"]
        query = select(*columns).where(policies.c.name == name).order_by(policies.c.version.desc())
        with self._database.read() as connection:
            return [PolicyVersion(**row) for row in connection.execute(query).mappings()]

    def file_hash(self, name: str) -> str | None:
        """The hash of the file last read for this policy, or None."""
        with self._database.read() as connection:
            return _file_hash(connection, name)


def _latest(connection: Connection, name: str) -> RowMapping | None:
    query = select(policies).where(policies.c.name == name).order_by(policies.c.version.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def _file_hash(connection: Connection, name: str) -> str | None:
    query = select(policies.c.file_hash).where(policies.c.name == name, policies.c.file_hash.is_not(None))
    found: str | None = connection.scalar(query.order_by(policies.c.version.desc()).limit(1))
    return found


def _remember_hash(connection: Connection, current: RowMapping, file_hash: str | None) -> None:
    """A file with other words and the same rules: no new version, but this file has been read."""
    if file_hash is None:
        return
    same = (policies.c.name == current["name"]) & (policies.c.version == current["version"])
    connection.execute(update(policies).where(same).values(file_hash=file_hash))


def _policy(row: RowMapping | None) -> Policy | None:
    return None if row is None else _parsed(row)


def _parsed(row: RowMapping) -> Policy:
    document: dict[str, Any] = row["document"]
    return Policy.model_validate({**document, "version": row["version"]})
