"""What 0.1.0 did not write down of an extended time limit: when the extension opened it. The scheme that an office scores by,
if it has chosen one. Since when a recurring job has failed at every run; what a job did is kept as figures."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Clocks that an extension opened, of which nothing says when.
UNSAID = "extends IS NOT NULL AND opened_at IS NULL"


def upgrade() -> None:
    op.add_column("office", sa.Column("scheme", sa.String(), nullable=True))
    op.add_column("job_run", sa.Column("failing_since", infra.columns.UTCDateTime(timezone=True), nullable=True))
    op.execute("UPDATE job_run SET summary = '{}'")
    # Their marks lack the extension, if they have been worked out at all.
    op.execute(f"UPDATE stream_head SET tallied = 0 WHERE stream IN (SELECT case_id FROM clock WHERE {UNSAID})")
    # An extension stops a clock and opens the next one at the same instant.
    op.execute(
        "UPDATE clock SET opened_at = (SELECT earlier.stopped_at FROM clock AS earlier"
        f" WHERE earlier.case_id = clock.case_id AND earlier.number = clock.extends) WHERE {UNSAID}"
    )
