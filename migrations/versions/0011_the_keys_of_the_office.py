"""The keys of the office are pinned: a machine that has others, or has lost them, uses none."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "office_key",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("public", sa.String(), nullable=True),
        sa.Column("pinned_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_office_key")),
    )
