"""People who take part in a case beside whoever holds it."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "participant",
        sa.Column("case_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("person", key, nullable=True),
        sa.Column("name", sa.Integer(), nullable=True),
        sa.Column("contact", sa.Integer(), nullable=True),
        sa.Column("from_at", instant, nullable=False),
        sa.Column("until_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_participant_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_participant")),
    )
    taking_part = sa.text("until_at IS NULL AND person IS NOT NULL")
    op.create_index(
        "ix_participant_taking_part", "participant", ["person", "case_id"], sqlite_where=taking_part,
        postgresql_where=taking_part,
    )  # fmt: skip
