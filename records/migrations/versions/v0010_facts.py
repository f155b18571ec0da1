"""What the KPIs are counted from: a row of facts for each episode, one for each tier it was at, and how many tickets there were.

The rows of cases from before are made in the background after the first start (`records.facts.fill`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty tables."""
    _facts()
    _tier_facts()
    _tickets_seen()


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_quarter", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("highest_tier", sa.Text, nullable=False),
        sa.Column("climbs", sa.Integer, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=True),
        sa.Column("category", sa.Text, nullable=True),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=True),
        sa.Column("cause", sa.Text, nullable=True),
        sa.Column("cause_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("origin", sa.Text, nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledge_seconds", sa.Integer, nullable=True),
        sa.Column("acknowledge_working", sa.Integer, nullable=True),
        sa.Column("resolve_seconds", sa.Integer, nullable=True),
        sa.Column("resolve_working", sa.Integer, nullable=True),
        sa.Column("acknowledge_met", sa.Integer, nullable=False),
        sa.Column("acknowledge_breached", sa.Integer, nullable=False),
        sa.Column("tier_resolution_met", sa.Integer, nullable=False),
        sa.Column("tier_resolution_breached", sa.Integer, nullable=False),
        sa.Column("customer_update_met", sa.Integer, nullable=False),
        sa.Column("customer_update_breached", sa.Integer, nullable=False),
        sa.Column("resolution_met", sa.Integer, nullable=False),
        sa.Column("resolution_breached", sa.Integer, nullable=False),
        sa.Column("closure_met", sa.Integer, nullable=False),
        sa.Column("closure_breached", sa.Integer, nullable=False),
        sa.Column("root_cause_met", sa.Integer, nullable=False),
        sa.Column("root_cause_breached", sa.Integer, nullable=False),
        sa.Column("promises_made", sa.Integer, nullable=False),
        sa.Column("resolutions", sa.Integer, nullable=False),
        sa.Column("reopen_count", sa.Integer, nullable=False),
        sa.Column("survey_score", sa.Integer, nullable=True),
        sa.Column("messages_sent", sa.Integer, nullable=False),
        sa.Column("messages_failed", sa.Integer, nullable=False),
        sa.Column("nobody_on_duty", sa.Integer, nullable=False),
        sa.Column("recurrence", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", "episode", name="pk_facts"),
    )
    op.create_index("ix_facts_opened_at", "facts", ["opened_at"])
    op.create_index("ix_facts_status_opened_at", "facts", ["status", "opened_at"])
    op.create_index("ix_facts_cause_cause_at", "facts", ["cause", "cause_at"])


def _tier_facts() -> None:
    op.create_table(
        "tier_facts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stays", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("breaches", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", "episode", "tier", name="pk_tier_facts"),
    )
    op.create_index("ix_tier_facts_opened_at", "tier_facts", ["opened_at"])


def _tickets_seen() -> None:
    op.create_table(
        "tickets_seen",
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("system", "begins", "ends", "product", "category", name="pk_tickets_seen"),
    )
    op.create_index("ix_tickets_seen_ends", "tickets_seen", ["ends"])
