"""Actions that are followed up, and causes that came back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was recorded before is not followed up: nobody who closed a case then expects a reminder now."""
    _causes()
    _actions()
    _problems()


def _causes() -> None:
    op.create_table(
        "causes",
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("file_hash", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("version", name="pk_causes"),
    )
    op.create_table(
        "occurrences",
        sa.Column("escalation", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("product", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("escalation", "episode", name="pk_occurrences"),
    )
    op.create_index("ix_occurrences_category_product_at", "occurrences", ["category", "product", "at"])


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("escalation", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("due_on", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("done_by", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("as_of", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
    )
    op.create_index("ix_actions_escalation_episode", "actions", ["escalation", "episode"])
    op.create_index("ix_actions_state_due_on", "actions", ["state", "due_on"])
    op.create_index("ix_actions_owner_state", "actions", ["owner", "state"])


def _problems() -> None:
    op.create_table(
        "problems",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("product", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("workaround", sa.Text),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_by", sa.Text),
        sa.Column("resolution", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_problems"),
        sa.UniqueConstraint("number", name="uq_problems_number"),
    )
    op.create_index("ix_problems_category_product_state", "problems", ["category", "product", "state"])
    op.create_index("ix_problems_state_opened_at", "problems", ["state", "opened_at"])
    op.create_table(
        "problem_cases",
        sa.Column("escalation", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("linked_by", sa.Text),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("escalation", "episode", name="pk_problem_cases"),
        sa.ForeignKeyConstraint(["problem"], ["problems.id"], name="fk_problem_cases_problems"),
    )
    op.create_index("ix_problem_cases_problem", "problem_cases", ["problem"])
