"""Several posts for one account, and deputies."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

instant = infra.columns.UTCDateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXED = ("account_id", "unit_id", "stands_in_for")


def upgrade() -> None:
    op.create_table(
        "post",
        sa.Column("id", key, nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit_id", key, nullable=False),
        sa.Column("stands_in_for", key, nullable=True),
        sa.Column("from_at", instant, nullable=False),
        sa.Column("until_at", instant, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("given_by", key, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_post_account_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_post_unit_id")),
        sa.ForeignKeyConstraint(["stands_in_for"], ["account.id"], name=op.f("fk_post_stands_in_for")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
    )
    for column in INDEXED:
        op.create_index(op.f(f"ix_post_{column}"), "post", [column])
    op.add_column("web_session", sa.Column("post_id", key, nullable=True))
    op.add_column("report_job", sa.Column("post_id", key, nullable=True))
