"""Customers as their cases know them: whose an address is, what an id is called, whom a name means."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

from domain.state import LIVE
from domain.tickets import PersonalChannel
from records.database import Database
from records.tables import escalations

Document = dict[str, Any]

_FIELDS: Mapping[PersonalChannel, str] = {"email": "email", "sms": "phone"}


MOST_CALLED = 1_000  # customers looked at whose cases have the words somewhere


class Customers:
    """Cases by their customer's address, customers by their name.

    An e-mail address counts in any case of letters, a number as `+493023125000`.
    """

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

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """Id → name, of those that have a case; each by a look into an index."""
        name = escalations.c.document["customer"]["name"].as_string()
        query = select(name).where(escalations.c.customer == bindparam("customer_id")).limit(1)
        with self._database.read() as connection:
            found = {id: connection.scalar(query, {"customer_id": id}) for id in ids}
        return {id: name for id, name in found.items() if name is not None}

    def called(self, text: str) -> dict[str, str]:
        """Id → name of the customers whose name is that or has it inside, in any case of letters; the names in order."""
        name = escalations.c.document["customer"]["name"].as_string()
        words = [escalations.c.search.contains(word, autoescape=True) for word in text.casefold().split()]
        query = select(escalations.c.customer, name).where(*words).distinct().limit(MOST_CALLED)
        with self._database.read() as connection:
            found = {row[0]: row[1] for row in connection.execute(query) if text.casefold() in row[1].casefold()}
        same = {id: name for id, name in found.items() if name.casefold() == text.casefold()}
        return dict(sorted((same or found).items(), key=lambda one: (one[1], one[0])))


def _theirs(channel: PersonalChannel, address: str) -> ColumnElement[bool]:
    kept = escalations.c.document["customer"][_FIELDS[channel]].as_string()
    return func.lower(kept) == address.lower()
