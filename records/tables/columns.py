"""What every table is made of: kinds of columns, and the one schema all of them belong to.

Times go in aware and come out aware, in UTC, on both databases.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. A naive datetime is refused, because nobody can know which instant was meant."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, which SQLite keeps as text that sorts by time."""
        del dialect
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"naive datetime {value!r}; the store takes instants only")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC, whatever the session's time zone is."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Terms(TypeDecorator[tuple[str, ...]]):
    """Words as each database's own full-text search wants them; each once, small, of letters and digits only."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL keeps them sorted, which finds one among many; SQLite's index reads them from the text."""
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Separated by blanks."""
        del dialect
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """In no particular order; PostgreSQL puts quotes around each."""
        del dialect
        return None if value is None else tuple(value.replace("'", "").split())


def json(name: str, *, nullable: bool = False) -> Column[Any]:
    """What nobody filters by, as JSON; nothing is NULL and not the JSON word for it."""
    return Column(name, JSON(none_as_null=True), nullable=nullable)


def text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    """A text of any length."""
    return Column(name, Text, primary_key=key, nullable=nullable)


def number(name: str, *, key: bool = False, nullable: bool = False) -> Column[int]:
    """A whole number, given by us: no database counts here by itself."""
    return Column(name, Integer, primary_key=key, nullable=nullable, autoincrement=False)


def time(name: str, *, nullable: bool = False) -> Column[datetime]:
    """An instant."""
    return Column(name, UtcDateTime, nullable=nullable)
