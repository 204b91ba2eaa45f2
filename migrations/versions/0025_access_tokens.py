"""Tokens that programs of others act with."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

instant = infra.columns.UTCDateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("post_id", key, nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("ended_by", key, nullable=True),
        sa.Column("used_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_access_token_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_token")),
    )
    op.create_index(op.f("ix_access_token_account_id"), "access_token", ["account_id"])
