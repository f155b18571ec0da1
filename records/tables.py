"""The tables, as SQLAlchemy Core, one schema for SQLite and PostgreSQL.

Columns are what people filter, sort and join by; everything else stays in the JSON `document` as the contract shows it,
so a new field of the contract needs no migration. Times go in aware and come out aware, in UTC, on both databases.
A change here needs a migration beside it; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
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
    literal_column,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator, TypeEngine

from domain.state import LIVE


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

LIVE_ROWS: ColumnElement[Any] = literal_column(f"status IN ({', '.join(repr(one) for one in LIVE)})")
"""The open cases, in the same words in a query as in the index for it: with parameters SQLite would not know them again."""

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
    Index(
        "ix_escalations_live",
        *("next_due_at", "id", "episode", "status", "breached", "owner", "tier", "tier_index", "team"),
        *("priority", "priority_rank", "opened_at", "updated_at"),
        sqlite_where=LIVE_ROWS,
        postgresql_where=LIVE_ROWS,
    ),
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

saved_views = Table(
    "saved_views",
    metadata,
    _text("owner", key=True),
    _text("name", key=True),
    _text("query"),
    _time("created_at"),
)

facts = Table(
    "facts",
    metadata,
    _text("id", key=True),
    _number("episode", key=True),
    _number("version"),
    _time("opened_at"),
    _number("opened_quarter"),
    _text("status"),
    _text("system"),
    _text("team"),
    _text("tier"),
    _text("highest_tier"),
    _number("climbs"),
    _text("priority"),
    _text("product", nullable=True),
    _text("category", nullable=True),
    _text("customer"),
    _text("owner", nullable=True),
    _text("cause", nullable=True),
    _time("cause_at", nullable=True),
    _text("origin", nullable=True),
    _time("acknowledged_at", nullable=True),
    _time("resolved_at", nullable=True),
    _time("closed_at", nullable=True),
    _number("acknowledge_seconds", nullable=True),
    _number("acknowledge_working", nullable=True),
    _number("resolve_seconds", nullable=True),
    _number("resolve_working", nullable=True),
    _number("acknowledge_met"),
    _number("acknowledge_breached"),
    _number("tier_resolution_met"),
    _number("tier_resolution_breached"),
    _number("customer_update_met"),
    _number("customer_update_breached"),
    _number("resolution_met"),
    _number("resolution_breached"),
    _number("closure_met"),
    _number("closure_breached"),
    _number("root_cause_met"),
    _number("root_cause_breached"),
    _number("promises_made"),
    _number("resolutions"),
    _number("reopen_count"),
    _number("survey_score", nullable=True),
    _number("messages_sent"),
    _number("messages_failed"),
    _number("nobody_on_duty"),
    Column("recurrence", Boolean, nullable=False),
    Index(None, "opened_at"),
    Index(None, "status", "opened_at"),
    Index(None, "cause", "cause_at"),
)

tier_facts = Table(
    "tier_facts",
    metadata,
    _text("id", key=True),
    _number("episode", key=True),
    _text("tier", key=True),
    _time("opened_at"),
    _number("stays"),
    _number("seconds"),
    _number("breaches"),
    Index(None, "opened_at"),
)

tickets_seen = Table(
    "tickets_seen",
    metadata,
    _text("system", key=True),
    Column("begins", UtcDateTime, primary_key=True),
    Column("ends", UtcDateTime, primary_key=True),
    _text("product", key=True),
    _text("category", key=True),
    _number("count"),
    _time("said_at"),
    _text("said_by"),
    Index(None, "ends"),
)

causes = Table(
    "causes",
    metadata,
    _number("version", key=True),
    _json("document"),
    _text("source"),
    _text("file_hash", nullable=True),
    _time("created_at"),
    _text("created_by", nullable=True),
)

actions = Table(
    "actions",
    metadata,
    _text("id", key=True),
    _text("escalation"),
    _number("episode"),
    _number("number"),
    _text("text"),
    _text("kind"),
    _text("owner"),
    _text("due_on"),
    _text("state"),
    _time("done_at", nullable=True),
    _text("done_by", nullable=True),
    _text("note", nullable=True),
    _time("as_of", nullable=True),
    Index(None, "escalation", "episode"),
    Index(None, "state", "due_on"),
    Index(None, "owner", "state"),
)

occurrences = Table(
    "occurrences",
    metadata,
    _text("escalation", key=True),
    _number("episode", key=True),
    _text("category"),
    _text("product", nullable=True),
    _time("at"),
    Index(None, "category", "product", "at"),
)

problems = Table(
    "problems",
    metadata,
    _text("id", key=True),
    Column("number", Integer, nullable=False, unique=True),
    _text("title"),
    _text("category"),
    _text("product", nullable=True),
    _text("state"),
    _text("owner"),
    _text("workaround", nullable=True),
    _time("opened_at"),
    _time("resolved_at", nullable=True),
    _text("resolved_by", nullable=True),
    _text("resolution", nullable=True),
    Index(None, "category", "product", "state"),
    Index(None, "state", "opened_at"),
)

problem_cases = Table(
    "problem_cases",
    metadata,
    _text("escalation", key=True),
    _number("episode", key=True),
    _text("problem"),
    _text("linked_by", nullable=True),
    _time("linked_at"),
    ForeignKeyConstraint(["problem"], ["problems.id"]),
    Index(None, "problem"),
)

closures = Table(
    "closures",
    metadata,
    Column(
        "number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True
    ),  # what SQLite's index knows a row by
    _text("id"),
    _number("episode"),
    _time("closed_at"),
    _text("customer"),
    _text("product", nullable=True),
    _text("category", nullable=True),
    _text("cause_category", nullable=True),
    _text("origin", nullable=True),
    _text("priority"),
    _text("subject"),
    _text("fix", nullable=True),
    _text("cause", nullable=True),
    _text("language", nullable=True),
    _text("subject_terms"),
    Column("terms", Terms, nullable=False),
    UniqueConstraint("id", "episode"),
    ForeignKeyConstraint(["id", "episode"], ["escalations.id", "escalations.episode"]),
    Index(None, "closed_at", "number"),
    Index(None, "customer", "closed_at"),
    Index(None, "terms", postgresql_using="gin").ddl_if(dialect="postgresql"),
)

forgotten = Table(
    "forgotten",
    metadata,
    _text("pseudonym", key=True),
    _time("at"),
    _time("done_at", nullable=True),
)

audit = Table(
    "audit",
    metadata,
    _text("id", key=True),
    _time("at"),
    _text("key_id", nullable=True),
    _text("person", nullable=True),
    _text("role", nullable=True),
    _text("what"),
    _text("subject_kind", nullable=True),
    _text("subject", nullable=True),
    _text("via"),
    _text("request", nullable=True),
    _json("details"),
    Index(None, "at", "id"),
    Index(None, "person", "at"),
    Index(None, "subject", "at"),
)
