"""Sessions are vouched for by the event that began them: those of before end, and everybody signs in once more.

What stands of accounts, units and the office is vouched for right after the upgrade (`people.staffing.vouch_for_what_stands`).
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM web_session")
