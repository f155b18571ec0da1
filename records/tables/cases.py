"""What an escalation is and what happened to it; and each closed one once more, in the words it is found by."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    literal_column,
)

from domain.state import LIVE
from records.tables.columns import Terms, json, metadata, number, text, time

LIVE_ROWS: ColumnElement[Any] = literal_column(f"status IN ({', '.join(repr(one) for one in LIVE)})")
"""The open cases, in the same words in a query as in the index for it: with parameters SQLite would not know them again."""

escalations = Table(
    "escalations",
    metadata,
    text("id", key=True),
    number("episode", key=True),
    text("status"),
    text("priority"),
    number("priority_rank"),
    text("tier"),
    number("tier_index"),
    number("entry"),
    text("team"),
    text("owner", nullable=True),
    text("accountable"),
    text("customer"),
    text("subject"),
    text("policy"),
    number("policy_version"),
    time("next_due_at", nullable=True),
    Column("breached", Boolean, nullable=False),
    time("opened_at"),
    time("closed_at", nullable=True),
    time("updated_at"),
    number("version"),
    json("document"),
    text("search"),
    time("as_of", nullable=True),
    time("asked_at", nullable=True),
    Index(None, "status", "opened_at"),
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
    text("id", key=True),
    number("episode", key=True),
    number("seq", key=True),
    time("at"),
    text("kind"),
    text("actor"),
    text("text"),
    json("data"),
    time("as_of", nullable=True),
    ForeignKeyConstraint(["id", "episode"], ["escalations.id", "escalations.episode"]),
)

closures = Table(
    "closures",
    metadata,
    # what SQLite's full-text index knows a row by
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    text("id"),
    number("episode"),
    time("closed_at"),
    text("customer"),
    text("product", nullable=True),
    text("category", nullable=True),
    text("cause_category", nullable=True),
    text("origin", nullable=True),
    text("priority"),
    text("subject"),
    text("fix", nullable=True),
    text("cause", nullable=True),
    text("language", nullable=True),
    text("subject_terms"),
    Column("terms", Terms, nullable=False),
    UniqueConstraint("id", "episode"),
    ForeignKeyConstraint(["id", "episode"], ["escalations.id", "escalations.episode"]),
    Index(None, "closed_at", "number"),
    Index(None, "customer", "closed_at"),
    Index(None, "terms", postgresql_using="gin").ddl_if(dialect="postgresql"),
)
