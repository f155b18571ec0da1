"""Which cases came back, and which episodes are a case before going on: the reopen rate counts each case once."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FACTS = sa.table(
    "facts",
    sa.column("id", sa.Text),
    sa.column("episode", sa.Integer),
    sa.column("reopen_count", sa.Integer),
    sa.column("reopens", sa.Boolean),
    sa.column("came_back", sa.Boolean),
)
ESCALATIONS = sa.table(
    "escalations", sa.column("id", sa.Text), sa.column("episode", sa.Integer), sa.column("document", sa.JSON)
)


def upgrade() -> None:
    """Of the cases in the store too; of most only their count of reopenings is read."""
    for name in ("reopens", "came_back"):
        op.add_column("facts", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(_reopening())
    op.execute(_coming_back())


def _reopening() -> sa.Update:
    same = sa.and_(ESCALATIONS.c.id == FACTS.c.id, ESCALATIONS.c.episode == FACTS.c.episode)
    begun_so = ESCALATIONS.c.document["reopened_from"].as_integer().is_not(None)
    found = sa.exists().where(same, begun_so).correlate(FACTS)
    return sa.update(FACTS).where(FACTS.c.reopen_count > 0, found).values(reopens=True)


def _coming_back() -> sa.Update:
    """One reopening is how an episode that reopens began; every other one is of a fix of its own."""
    following = FACTS.alias("following")
    reopened_from = sa.select(following.c.id, following.c.episode - 1).where(following.c.reopens)
    as_next = sa.tuple_(FACTS.c.id, FACTS.c.episode).in_(reopened_from)
    itself = FACTS.c.reopen_count > sa.case((FACTS.c.reopens, 1), else_=0)
    return sa.update(FACTS).where(itself | as_next).values(came_back=True)
