"""Cases that have to do with one another."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "link",
        sa.Column("case_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("other", key, nullable=False),
        sa.Column("from_at", instant, nullable=False),
        sa.Column("until_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_link_case_id")),
        sa.ForeignKeyConstraint(["other"], ["cases.id"], name=op.f("fk_link_other")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_link")),
    )
