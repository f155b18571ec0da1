"""When somebody last looked whether a reminder of an action is due."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until the first look by this release nobody is known to have looked."""
    op.add_column("actions", sa.Column("looked_at", sa.DateTime(timezone=True)))
