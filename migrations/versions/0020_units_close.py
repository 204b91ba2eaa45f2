"""Units that were closed."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("unit", sa.Column("closed_at", infra.columns.UTCDateTime(timezone=True), nullable=True))
