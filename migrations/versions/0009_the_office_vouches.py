"""A link knows who made it and which code belongs to it; some things are decided by two. Sessions are vouched for by the event that began them: those of before end, and everybody signs in once more.

What stands of accounts, units and the office is vouched for right after the upgrade (`people.staffing.vouch_for_what_stands`).
"""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.execute("DELETE FROM web_session")
    op.add_column("signin_link", sa.Column("nonce", sa.String(), nullable=True))
    op.add_column("signin_link", sa.Column("code_hash", sa.String(), nullable=True))
    op.add_column("signin_link", sa.Column("made_by", key, nullable=True))
    op.create_table(
        "proposal",
        sa.Column("id", key, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("account_id", key, nullable=True),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("asked_by", key, nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("decided_by", key, nullable=True),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_proposal_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
