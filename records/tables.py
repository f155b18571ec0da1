"""The tables, as SQLAlchemy Core, one schema for SQLite and PostgreSQL.

Columns are what people filter, sort and join by; everything else stays in the JSON `document` as the contract shows it,
so a new field of the contract needs no migration. Times go in aware and come out aware, in UTC, on both databases.
A change here needs a migration beside it; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator


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


def _json(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JSON(none_as_null=True), nullable=nullable)


def _text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=nullable)


def _number(name: str, *, key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=nullable, autoincrement=False)


def _time(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

escalations = Table(
    "escalations",
    metadata,
    _text("id", key=True),
    _number("episode", key=True),
    _text("status"),
    _text("priority"),
    _number("priority_rank"),
    _text("tier"),
    _number("tier_index"),
    _number("entry"),
    _text("team"),
    _text("owner", nullable=True),
    _text("accountable"),
    _text("customer"),
    _text("subject"),
    _text("policy"),
    _number("policy_version"),
    _time("next_due_at", nullable=True),
    Column("breached", Boolean, nullable=False),
    _time("opened_at"),
    _time("closed_at", nullable=True),
    _time("updated_at"),
    _number("version"),
    _json("document"),
    _text("search"),
    _time("as_of", nullable=True),
    _time("asked_at", nullable=True),
    Index(None, "status", "next_due_at"),
    Index(None, "opened_at"),
    Index(None, "closed_at"),
    Index(None, "updated_at"),
    Index(None, "customer"),
)

timeline = Table(
    "timeline",
    metadata,
    _text("id", key=True),
    _number("episode", key=True),
    _number("seq", key=True),
    _time("at"),
    _text("kind"),
    _text("actor"),
    _text("text"),
    _json("data"),
    _time("as_of", nullable=True),
    ForeignKeyConstraint(["id", "episode"], ["escalations.id", "escalations.episode"]),
)

messages = Table(
    "messages",
    metadata,
    _text("key", key=True),
    _text("id"),
    _number("episode"),
    _number("entry"),
    _text("kind"),
    _text("channel"),
    _text("person", nullable=True),
    _text("to", nullable=True),
    _text("subject", nullable=True),
    _text("text", nullable=True),
    _text("status"),
    _text("provider_id", nullable=True),
    _number("attempts"),
    _time("created_at"),
    _time("claimed_at", nullable=True),
    _time("sent_at", nullable=True),
    _time("delivered_at", nullable=True),
    _text("reason", nullable=True),
    _text("code", nullable=True),
    _json("document"),
    _time("as_of", nullable=True),
    _text("reference", nullable=True),
    _time("read_at", nullable=True),
    _text("led_by", nullable=True),
    ForeignKeyConstraint(["id", "episode"], ["escalations.id", "escalations.episode"]),
    Index(None, "id", "episode"),
    Index(None, "created_at"),
    Index(None, "provider_id"),
    Index(None, "reference"),
    Index(None, "led_by"),
    Index(None, "person", "channel", "claimed_at"),
)

commands = Table(
    "commands",
    metadata,
    _text("command_id", key=True),
    _text("escalation"),
    _number("episode", nullable=True),
    _text("name"),
    _text("by", nullable=True),
    _time("received_at"),
    _json("body"),
    _text("status"),
    _text("code", nullable=True),
    _text("reason", nullable=True),
    _time("settled_at", nullable=True),
    _time("owed_since", nullable=True),
    _time("as_of", nullable=True),
    Index(None, "escalation"),
    Index(None, "owed_since"),
)

idempotency = Table(
    "idempotency",
    metadata,
    _text("owner", key=True),
    _text("method", key=True),
    _text("path", key=True),
    _text("key", key=True),
    _text("body_hash"),
    _text("command_id", nullable=True),
    _number("status", nullable=True),
    _json("response", nullable=True),
    _time("created_at"),
    Index(None, "created_at"),
)

policies = Table(
    "policies",
    metadata,
    _text("name", key=True),
    _number("version", key=True),
    _json("document"),
    _text("source"),
    _text("file_hash", nullable=True),
    _time("created_at"),
    _text("created_by", nullable=True),
)

roster = Table(
    "roster",
    metadata,
    _number("version", key=True),
    _json("document"),
    _time("created_at"),
    _text("created_by", nullable=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("id", key=True),
    Column("hash", String(64), nullable=False, unique=True),
    _text("role"),
    _text("person", nullable=True),
    _text("label"),
    _time("created_at"),
    _time("revoked_at", nullable=True),
)

inbound_events = Table(
    "inbound_events",
    metadata,
    _text("source", key=True),
    _text("event_id", key=True),
    _time("received_at"),
    _json("body"),
    _time("handled_at", nullable=True),
    Index(None, "handled_at", "received_at"),
)

bad_addresses = Table(
    "bad_addresses",
    metadata,
    _text("channel", key=True),
    _text("address", key=True),
    _text("fault"),
    _text("code", nullable=True),
    _text("reason", nullable=True),
    _time("since"),
)

reply_codes = Table(
    "reply_codes",
    metadata,
    _number("number", key=True),
    Column("code", Text, nullable=False, unique=True),
    _text("id"),
    _number("episode"),
    _time("given_at"),
    UniqueConstraint("id", "episode"),
)
