"""What cases show of gaming is kept up beside their marks."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sign",
        sa.Column("case_id", key, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("unit", key, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("alike", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "position", name=op.f("pk_sign")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sign_code_at", "sign", ["code", "at"])
    # Every case is worked out once more, which changes no mark and makes its signs; pages say how far that has come.
    op.execute(sa.text("UPDATE stream_head SET tallied = 0 WHERE stream <> 0"))
