"""What was decided beforehand: policies and the roster, every version of each."""

from sqlalchemy import Table

from records.tables.columns import json, metadata, number, text, time

policies = Table(
    "policies",
    metadata,
    text("name", key=True),
    number("version", key=True),
    json("document"),
    text("source"),
    text("file_hash", nullable=True),
    time("created_at"),
    text("created_by", nullable=True),
)

roster = Table(
    "roster",
    metadata,
    number("version", key=True),
    json("document"),
    time("created_at"),
    text("created_by", nullable=True),
)
