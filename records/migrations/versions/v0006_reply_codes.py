"""The short codes by which people answer to a case."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Given out one after the other, one for each episode."""
    op.create_table(
        "reply_codes",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_reply_codes"),
        sa.UniqueConstraint("code", name="uq_reply_codes_code"),
        sa.UniqueConstraint("id", "episode", name="uq_reply_codes_id_episode"),
    )
