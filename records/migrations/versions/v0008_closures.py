"""What a closed case teaches, to be found again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from records.closure_rows import closure_row
from records.tables import closures

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = (
    *(
        "id",
        "episode",
        "closed_at",
        "customer",
        "product",
        "category",
        "cause_category",
        "origin",
        "priority",
        "subject",
    ),
    *("fix", "cause", "language", "subject_terms", "terms"),
)  # those of this revision; a later one may have more
BATCH = 1_000

# SQLite's own full-text index keeps no text: it reads it from the table, and triggers tell it of every change.
FULL_TEXT = (
    "CREATE VIRTUAL TABLE closure_words USING fts5(terms, content='closures', content_rowid='number', "
    "tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER closure_words_in AFTER INSERT ON closures BEGIN "
    "INSERT INTO closure_words(rowid, terms) VALUES (new.number, new.terms); END",
    "CREATE TRIGGER closure_words_out AFTER DELETE ON closures BEGIN "
    "INSERT INTO closure_words(closure_words, rowid, terms) VALUES ('delete', old.number, old.terms); END",
    "CREATE TRIGGER closure_words_changed AFTER UPDATE ON closures BEGIN "
    "INSERT INTO closure_words(closure_words, rowid, terms) VALUES ('delete', old.number, old.terms); "
    "INSERT INTO closure_words(rowid, terms) VALUES (new.number, new.terms); END",
)


def upgrade() -> None:
    """The cases closed before are entered at once."""
    connection = op.get_bind()
    terms = sa.Text().with_variant(TSVECTOR(), "postgresql")
    op.create_table(
        "closures",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=True),
        sa.Column("category", sa.Text, nullable=True),
        sa.Column("cause_category", sa.Text, nullable=True),
        sa.Column("origin", sa.Text, nullable=True),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("fix", sa.Text, nullable=True),
        sa.Column("cause", sa.Text, nullable=True),
        sa.Column("language", sa.Text, nullable=True),
        sa.Column("subject_terms", sa.Text, nullable=False),
        sa.Column("terms", terms, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_closures"),
        sa.UniqueConstraint("id", "episode", name="uq_closures_id_episode"),
        sa.ForeignKeyConstraint(
            ["id", "episode"], ["escalations.id", "escalations.episode"], name="fk_closures_escalations"
        ),
    )
    for columns in (["closed_at", "number"], ["customer", "closed_at"]):
        op.create_index(f"ix_closures_{'_'.join(columns)}", "closures", columns)
    if connection.dialect.name == "sqlite":
        for statement in FULL_TEXT:
            op.execute(statement)
    else:
        op.create_index("ix_closures_terms", "closures", ["terms"], postgresql_using="gin")
    _enter_closed(connection)


def _enter_closed(connection: sa.Connection) -> None:
    """In the order of their closing, so that the newest have the highest numbers."""
    closed = sa.text("SELECT document FROM escalations WHERE status = 'closed' ORDER BY closed_at").columns(
        document=sa.JSON
    )
    documents = connection.execute(closed, execution_options={"stream_results": True}).scalars()
    for batch in documents.partitions(BATCH):
        entered = [closure_row(document) for document in batch]
        connection.execute(closures.insert(), [{name: row[name] for name in COLUMNS} for row in entered])
