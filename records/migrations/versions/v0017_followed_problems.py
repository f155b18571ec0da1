"""How far the following up of a problem has come, and what its run has yet to hear of."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A problem that is open by now is followed up once something happens to it again."""
    op.add_column("problems", sa.Column("following", sa.JSON))
    op.add_column("problems", sa.Column("owed_since", sa.DateTime(timezone=True)))
    op.create_index("ix_problems_owed_since", "problems", ["owed_since"])
