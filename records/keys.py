"""API keys. The secret is shown once and never stored: 256 random bits need no salt, so its SHA-256 finds the row."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from sqlalchemy import ColumnElement, insert, select, update

from records.database import Database
from records.tables import api_keys

Role = Literal["system", "agent", "operator", "admin", "viewer"]

PREFIX = "tl_"  # lets secret scanners and people recognise a leaked key
SECRET_BYTES = 32


@dataclass(frozen=True)
class ApiKey:
    """Who a key speaks for; `person` is set for an agent's key."""

    id: str
    role: Role
    person: str | None
    label: str
    created_at: datetime
    revoked_at: datetime | None


class Keys:
    """Created and revoked by an admin, looked up at every request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, role: Role, person: str | None, label: str, now: datetime) -> tuple[str, str]:
        """The new key's id and its secret, which nobody can read again."""
        id, secret = secrets.token_hex(6), PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        row = {"id": id, "hash": _hash(secret), "role": role, "person": person, "label": label, "created_at": now}
        with self._database.write() as connection:
            connection.execute(insert(api_keys).values(**row))
        return id, secret

    def find(self, secret: str) -> ApiKey | None:
        """The key with this secret, or None when it is unknown or revoked."""
        return self._one(api_keys.c.hash == _hash(secret))

    def valid(self, id: str) -> ApiKey | None:
        """The key of this id, or None when it is unknown or revoked."""
        return self._one(api_keys.c.id == id)

    def all(self) -> list[ApiKey]:
        """Every key ever made, oldest first, the revoked too."""
        query = select(*_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.id)
        with self._database.read() as connection:
            return [ApiKey(**row) for row in connection.execute(query).mappings()]

    def revoke(self, id: str, now: datetime) -> bool:
        """From now on the key opens nothing; False when it is unknown or was revoked before."""
        valid = (api_keys.c.id == id) & api_keys.c.revoked_at.is_(None)
        with self._database.write() as connection:
            return connection.execute(update(api_keys).where(valid).values(revoked_at=now)).rowcount == 1

    def _one(self, which: ColumnElement[bool]) -> ApiKey | None:
        query = select(*_COLUMNS).where(which, api_keys.c.revoked_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else ApiKey(**row)


_COLUMNS = [column for column in api_keys.c if column.name != "hash"]


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
