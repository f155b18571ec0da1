"""Who may ask, what they asked and saw, and what they keep for themselves."""

from sqlalchemy import Column, Index, String, Table

from records.tables.columns import json, metadata, number, text, time

api_keys = Table(
    "api_keys",
    metadata,
    text("id", key=True),
    Column("hash", String(64), nullable=False, unique=True),
    text("role"),
    text("person", nullable=True),
    text("label"),
    time("created_at"),
    time("revoked_at", nullable=True),
)

commands = Table(
    "commands",
    metadata,
    text("command_id", key=True),
    text("escalation"),
    number("episode", nullable=True),
    text("name"),
    text("by", nullable=True),
    time("received_at"),
    json("body"),
    text("status"),
    text("code", nullable=True),
    text("reason", nullable=True),
    time("settled_at", nullable=True),
    time("owed_since", nullable=True),
    time("as_of", nullable=True),
    Index(None, "escalation"),
    Index(None, "owed_since"),
)

idempotency = Table(
    "idempotency",
    metadata,
    text("owner", key=True),
    text("method", key=True),
    text("path", key=True),
    text("key", key=True),
    text("body_hash"),
    text("command_id", nullable=True),
    number("status", nullable=True),
    json("response", nullable=True),
    time("created_at"),
    Index(None, "created_at"),
)

saved_views = Table(
    "saved_views",
    metadata,
    text("owner", key=True),
    text("name", key=True),
    text("query"),
    time("created_at"),
)

audit = Table(
    "audit",
    metadata,
    text("id", key=True),
    time("at"),
    text("key_id", nullable=True),
    text("person", nullable=True),
    text("role", nullable=True),
    text("what"),
    text("subject_kind", nullable=True),
    text("subject", nullable=True),
    text("via"),
    text("request", nullable=True),
    json("details"),
    Index(None, "at", "id"),
    Index(None, "person", "at"),
    Index(None, "subject", "at"),
)

forgotten = Table(
    "forgotten",
    metadata,
    text("pseudonym", key=True),
    time("at"),
    time("done_at", nullable=True),
)

forgotten_ids = Table(  # sorted by the marks alone: the order they came in would lead to the pseudonyms
    "forgotten_ids",
    metadata,
    Column("mark", String(64), primary_key=True),
    sqlite_with_rowid=False,
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    text("id", key=True),
    time("until"),
)
