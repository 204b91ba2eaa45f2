"""What still runs about a record is found by its name, whether its case is open or not."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    runs = sa.text("about IS NOT NULL AND stopped_at IS NULL")
    op.create_index("ix_clock_about", "clock", ["name", "case_id"], sqlite_where=runs, postgresql_where=runs)
