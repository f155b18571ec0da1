"""A list of closed cases, opened last first, is read from an index in that order; open ones have an index of their own (0011)."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """In place of one that had closed cases in no order anybody wants; with both, SQLite might take that one."""
    op.create_index("ix_escalations_status_opened_at", "escalations", ["status", "opened_at"])
    op.drop_index("ix_escalations_status_next_due_at", "escalations")
