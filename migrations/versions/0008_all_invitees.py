"""A session keeps everybody who was invited to it (before: the first); which limits went on after a reopening is found at
once. Sessions of before keep their one name: the others are in the event of the session. Marks are worked out anew: there
are more kinds of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mediation_session", sa.Column("more_invitees", sa.String(), nullable=True))
    reopened = sa.text("outcome = 'reopened'")
    op.create_index("ix_clock_reopened", "clock", ["case_id"], sqlite_where=reopened, postgresql_where=reopened)
    op.execute("DELETE FROM mark")
    op.execute("DELETE FROM tally")
    op.execute("UPDATE stream_head SET tallied = 0 WHERE stream <> 0")
