"""Views of the board that somebody has given a name, and the index a board is read from."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LIVE = sa.text("status IN ('open', 'acknowledged', 'paused', 'resolved')")


def upgrade() -> None:
    """Nobody has a view yet."""
    op.create_table(
        "saved_views",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_saved_views"),
    )
    op.create_index(
        "ix_escalations_live",
        "escalations",
        [
            *("next_due_at", "id", "episode", "status", "breached", "owner", "tier", "tier_index", "team"),
            *("priority", "priority_rank", "opened_at", "updated_at"),
        ],
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
