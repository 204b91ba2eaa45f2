"""A link knows who made it and which code belongs to it; some things are decided by two; accounts may have a second factor. Sessions are vouched for by the event that began them: those of before end, and everybody signs in once more.

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
    op.add_column("account", sa.Column("totp_secret", sa.String(), nullable=True))
    op.add_column("account", sa.Column("totp_step", key, nullable=True))
    op.add_column("web_session", sa.Column("limited", sa.String(), nullable=True))
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("used_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
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
