"""Marks of the ids of forgotten customers, so that a repeat is told from a slip of the pen."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Who was forgotten before is as unknown as any other id."""
    op.create_table(
        "forgotten_ids",
        sa.Column("mark", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_forgotten_ids"),
        sqlite_with_rowid=False,
    )
