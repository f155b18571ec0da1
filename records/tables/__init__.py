"""The tables, as SQLAlchemy Core, one schema for SQLite and PostgreSQL; each area has a module.

Columns are what people filter, sort and join by; everything else stays in the JSON `document` as the contract shows it,
so a new field of the contract needs no migration. A change here needs a migration beside it; a test compares the two.
"""

from records.tables.cases import LIVE_ROWS, closures, escalations, timeline
from records.tables.columns import UtcDateTime, metadata
from records.tables.figures import facts, tickets_seen, tier_facts
from records.tables.lessons import actions, causes, occurrences, problem_cases, problems
from records.tables.plans import policies, roster
from records.tables.requests import (
    api_keys,
    audit,
    commands,
    ended_sessions,
    forgotten,
    forgotten_ids,
    idempotency,
    saved_views,
)
from records.tables.traffic import bad_addresses, inbound_events, messages, reply_codes

__all__ = [
    "LIVE_ROWS",
    "UtcDateTime",
    "actions",
    "api_keys",
    "audit",
    "bad_addresses",
    "causes",
    "closures",
    "commands",
    "ended_sessions",
    "escalations",
    "facts",
    "forgotten",
    "forgotten_ids",
    "idempotency",
    "inbound_events",
    "messages",
    "metadata",
    "occurrences",
    "policies",
    "problem_cases",
    "problems",
    "reply_codes",
    "roster",
    "saved_views",
    "tickets_seen",
    "tier_facts",
    "timeline",
]
