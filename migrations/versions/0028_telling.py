"""How people have chosen to be told. The index of words is written anew: names are found by their initials from here on."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "telling",
        sa.Column("account_id", key, nullable=False),
        sa.Column("lights", sa.String(), nullable=False),
        sa.Column("news", sa.String(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_telling_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_telling")),
    )
