"""Whose cases are a customer's: found by the address that a message of theirs came from, an e-mail address or a phone number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from domain.state import LIVE
from domain.tickets import PersonalChannel
from records.database import Database
from records.tables import escalations

Document = dict[str, Any]

_FIELDS: Mapping[PersonalChannel, str] = {"email": "email", "sms": "phone"}


class Customers:
    """Cases by their customer's address; an e-mail address counts in any case of letters, a number as `+493023125000`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def live(self, channel: PersonalChannel, address: str) -> list[Document]:
        """Every live case of the customer with that address, the latest first."""
        query = select(escalations.c.document).where(escalations.c.status.in_(LIVE), _theirs(channel, address))
        with self._database.read() as connection:
            return list(connection.scalars(query.order_by(escalations.c.opened_at.desc())))

    def last(self, channel: PersonalChannel, address: str, since: datetime) -> Document | None:
        """Of the cases of the customer with that address that ended since then, the one that ended last."""
        query = select(escalations.c.document).where(_theirs(channel, address), escalations.c.closed_at > since)
        with self._database.read() as connection:
            found: Document | None = connection.scalar(query.order_by(escalations.c.closed_at.desc()).limit(1))
        return found


def _theirs(channel: PersonalChannel, address: str) -> ColumnElement[bool]:
    kept = escalations.c.document["customer"][_FIELDS[channel]].as_string()
    return func.lower(kept) == address.lower()
