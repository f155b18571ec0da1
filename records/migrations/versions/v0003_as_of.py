"""As of when the workflow wrote what it wrote, so that what a workflow task wrote that died can be told from what happened."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Unknown for what is there already: that stays as it is."""
    for table in ("escalations", "timeline", "messages", "commands"):
        op.add_column(table, sa.Column("as_of", sa.DateTime(timezone=True), nullable=True))
