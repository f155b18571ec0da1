"""Commands that Temporal had no room for, and that the API still has to hand over."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Since when, found fast: the API looks every second."""
    op.add_column("commands", sa.Column("owed_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_commands_owed_since", "commands", ["owed_since"])
