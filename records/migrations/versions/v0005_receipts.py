"""Receipts find their message by our reference; addresses that do not work are remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Messages of before have no reference: their receipts name them by the provider's id."""
    op.add_column("messages", sa.Column("reference", sa.Text, nullable=True))
    op.add_column("messages", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_messages_reference", "messages", ["reference"])
    op.create_table(
        "bad_addresses",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name="pk_bad_addresses"),
    )
