"""What went out, where nothing arrives any more, and what came in."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, Text, UniqueConstraint

from records.tables.columns import json, metadata, number, text, time

messages = Table(
    "messages",
    metadata,
    text("key", key=True),
    text("id"),
    number("episode"),
    number("entry"),
    text("kind"),
    text("channel"),
    text("person", nullable=True),
    text("to", nullable=True),
    text("subject", nullable=True),
    text("text", nullable=True),
    text("status"),
    text("provider_id", nullable=True),
    number("attempts"),
    time("created_at"),
    time("claimed_at", nullable=True),
    time("sent_at", nullable=True),
    time("delivered_at", nullable=True),
    text("reason", nullable=True),
    text("code", nullable=True),
    json("document"),
    time("as_of", nullable=True),
    text("reference", nullable=True),
    time("read_at", nullable=True),
    text("led_by", nullable=True),
    ForeignKeyConstraint(["id", "episode"], ["escalations.id", "escalations.episode"]),
    Index(None, "id", "episode"),
    Index(None, "created_at"),
    Index(None, "provider_id"),
    Index(None, "reference"),
    Index(None, "led_by"),
    Index(None, "person", "channel", "claimed_at"),
)

reply_codes = Table(
    "reply_codes",
    metadata,
    number("number", key=True),
    Column("code", Text, nullable=False, unique=True),
    text("id"),
    number("episode"),
    time("given_at"),
    UniqueConstraint("id", "episode"),
)

bad_addresses = Table(
    "bad_addresses",
    metadata,
    text("channel", key=True),
    text("address", key=True),
    text("fault"),
    text("code", nullable=True),
    text("reason", nullable=True),
    time("since"),
)

inbound_events = Table(
    "inbound_events",
    metadata,
    text("source", key=True),
    text("event_id", key=True),
    time("received_at"),
    json("body"),
    time("handled_at", nullable=True),
    Index(None, "handled_at", "received_at"),
)
