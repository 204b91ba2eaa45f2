"""What can be found: the terms of texts, and an index of them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: As `cases/terms_index.py` asks for it, letter by letter: PostgreSQL uses the index of an expression for that expression alone.
ON_POSTGRESQL = """
    CREATE INDEX ix_finding_terms ON finding USING gin (array_to_tsvector(
        string_to_array(btrim(words), ' ') || ARRAY['▪12▪' || (id >> 32)::text, '▪15▪' || (id >> 35)::text,
        '▪18▪' || (id >> 38)::text, '▪' || (id >> 20 & 1023)::text]
    )) WITH (fastupdate = on, gin_pending_list_limit = 256)"""
ON_SQLITE = """
    CREATE VIRTUAL TABLE finding_terms USING fts5(
        words, content = finding, content_rowid = id, columnsize = 0, detail = none, tokenize = 'ascii')"""


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("id", key, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.execute(ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else ON_SQLITE)
