"""Addresses that are told what has happened."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

instant = infra.columns.UTCDateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", key, nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("post_id", key, nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("ended_by", key, nullable=True),
        sa.Column("place", key, nullable=False),
        sa.Column("until_place", key, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", instant, nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("delivered_at", instant, nullable=True),
        sa.Column("failing_since", instant, nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_webhook_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("nonce", name=op.f("uq_webhook_nonce")),
    )
    op.create_index(op.f("ix_webhook_account_id"), "webhook", ["account_id"])
