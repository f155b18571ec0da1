"""Messages that go out together: those that follow name the one that leads them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No message of before follows another."""
    op.add_column("messages", sa.Column("led_by", sa.Text, nullable=True))
    op.create_index("ix_messages_led_by", "messages", ["led_by"])
    op.create_index("ix_messages_person_channel_claimed_at", "messages", ["person", "channel", "claimed_at"])
