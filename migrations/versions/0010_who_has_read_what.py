"""Who has read a case that they neither hold nor serve in: a note a reader, a case and a day."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "case_read",
        sa.Column("case_id", key, nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_at", instant, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_read_case_id")),
        sa.PrimaryKeyConstraint("case_id", "account_id", "day", name=op.f("pk_case_read")),
    )
    waiting = sa.text("seq IS NULL")
    op.create_index("ix_case_read_waiting", "case_read", ["first_at"], sqlite_where=waiting, postgresql_where=waiting)
