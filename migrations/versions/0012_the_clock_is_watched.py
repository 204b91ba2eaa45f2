"""What the clock showed last, and since when it is in doubt."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "clock_watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("ticks", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", instant, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_clock_watch_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_watch")),
    )
    op.add_column("office", sa.Column("clock_doubted_at", instant, nullable=True))
