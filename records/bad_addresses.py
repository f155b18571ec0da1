"""Addresses that do not work, as providers have told: nothing is sent there until an operator says they are well again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, select

from domain.provider_codes import FAULT_WORDS, AddressFault
from domain.tickets import Channel
from records.database import Database, insert_or_ignore
from records.tables import bad_addresses


@dataclass(frozen=True)
class BadAddress:
    """An e-mail address or a number, what is wrong with it, and the provider's own code and words."""

    channel: Channel
    address: str
    fault: AddressFault
    code: str | None
    reason: str | None
    since: datetime

    @property
    def words(self) -> str:
        """A sentence an operator can act on, without the address."""
        return f"{FAULT_WORDS[self.fault]}, known since {self.since:%Y-%m-%d}"


class BadAddresses:
    """An e-mail address counts whatever case it is written in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, bad: BadAddress) -> bool:
        """Write it down; False when it is known already (the first reason stays)."""
        row: dict[str, Any] = {**vars(bad), "address": _folded(bad.address)}
        with self._database.write() as connection:
            return insert_or_ignore(connection, bad_addresses, [row]) == 1

    def find(self, channel: Channel, address: str) -> BadAddress | None:
        """What is known against the address, or None."""
        query = select(bad_addresses).where(*_is(channel, address))
        with self._database.read() as connection:
            found = connection.execute(query).mappings().one_or_none()
        return None if found is None else _bad(found)

    def all(self) -> list[BadAddress]:
        """Every one of them, the latest first."""
        query = select(bad_addresses).order_by(bad_addresses.c.since.desc(), bad_addresses.c.address)
        with self._database.read() as connection:
            return [_bad(row) for row in connection.execute(query).mappings()]

    def forgive(self, channel: Channel, address: str) -> bool:
        """The address is well again; False when nothing was known against it."""
        with self._database.write() as connection:
            return connection.execute(delete(bad_addresses).where(*_is(channel, address))).rowcount == 1


def _is(channel: Channel, address: str) -> tuple[Any, ...]:
    return bad_addresses.c.channel == channel, bad_addresses.c.address == _folded(address)


def _folded(address: str) -> str:
    return address.strip().casefold()


def _bad(row: RowMapping) -> BadAddress:
    return BadAddress(**row)
