"""Who did and saw what, and which customers were forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of what was done before."""
    op.create_table(
        "forgotten",
        sa.Column("pseudonym", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("pseudonym", name="pk_forgotten"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text, nullable=True),
        sa.Column("person", sa.Text, nullable=True),
        sa.Column("role", sa.Text, nullable=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=True),
        sa.Column("subject", sa.Text, nullable=True),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=True),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at_id", "audit", ["at", "id"])
    op.create_index("ix_audit_person_at", "audit", ["person", "at"])
    op.create_index("ix_audit_subject_at", "audit", ["subject", "at"])
