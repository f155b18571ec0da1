"""What is learned from cases: causes, the problems behind several of them, and the actions somebody owes."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, Table

from records.tables.columns import json, metadata, number, text, time

causes = Table(
    "causes",
    metadata,
    number("version", key=True),
    json("document"),
    text("source"),
    text("file_hash", nullable=True),
    time("created_at"),
    text("created_by", nullable=True),
)

occurrences = Table(
    "occurrences",
    metadata,
    text("escalation", key=True),
    number("episode", key=True),
    text("category"),
    text("product", nullable=True),
    time("at"),
    Index(None, "category", "product", "at"),
)

problems = Table(
    "problems",
    metadata,
    text("id", key=True),
    Column("number", Integer, nullable=False, unique=True),
    text("title"),
    text("category"),
    text("product", nullable=True),
    text("state"),
    text("owner"),
    text("workaround", nullable=True),
    time("opened_at"),
    time("resolved_at", nullable=True),
    text("resolved_by", nullable=True),
    text("resolution", nullable=True),
    json("following", nullable=True),
    time("owed_since", nullable=True),
    Index(None, "category", "product", "state"),
    Index(None, "state", "opened_at"),
    Index(None, "owed_since"),
)

problem_cases = Table(
    "problem_cases",
    metadata,
    text("escalation", key=True),
    number("episode", key=True),
    text("problem"),
    text("linked_by", nullable=True),
    time("linked_at"),
    ForeignKeyConstraint(["problem"], ["problems.id"]),
    Index(None, "problem"),
)

actions = Table(
    "actions",
    metadata,
    text("id", key=True),
    text("escalation"),
    number("episode"),
    number("number"),
    text("text"),
    text("kind"),
    text("owner"),
    text("due_on"),
    text("state"),
    time("done_at", nullable=True),
    text("done_by", nullable=True),
    text("note", nullable=True),
    json("moved", nullable=True),
    time("owed_since", nullable=True),
    time("as_of", nullable=True),
    time("looked_at", nullable=True),
    Index(None, "escalation", "episode"),
    Index(None, "state", "due_on"),
    Index(None, "owner", "state"),
    Index(None, "owed_since"),
)
