"""An action that somebody gave another day or another owner, and what those who remind have yet to hear of it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until now nobody could move one."""
    op.add_column("actions", sa.Column("moved", sa.JSON))
    op.add_column("actions", sa.Column("owed_since", sa.DateTime(timezone=True)))
    op.create_index("ix_actions_owed_since", "actions", ["owed_since"])
