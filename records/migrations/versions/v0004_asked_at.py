"""When the record that stands there was asked for, so that two executions of one workflow task can be told apart."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Unknown for what is there already: it counts as older than any record to come."""
    op.add_column("escalations", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
