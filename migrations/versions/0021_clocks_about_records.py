"""Clocks that are about a record of their case, and that somebody else than its holder answers for; what others are asked for."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.add_column("clock", sa.Column("about", sa.Integer(), nullable=True))
    op.add_column("clock", sa.Column("charged_unit", key, nullable=True))
    op.add_column("clock", sa.Column("charged_person", key, nullable=True))
    op.create_table(
        "task",
        sa.Column("case_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("unit", key, nullable=False),
        sa.Column("person", key, nullable=True),
        sa.Column("what", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=True),
        sa.Column("from_at", instant, nullable=False),
        sa.Column("until_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_task_case_id")),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name=op.f("fk_task_unit")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_task")),
    )
    for name, column, still_open in (
        ("ix_task_of_unit", "unit", sa.text("until_at IS NULL")),
        ("ix_task_of_person", "person", sa.text("until_at IS NULL AND person IS NOT NULL")),
    ):
        op.create_index(name, "task", [column, "case_id"], sqlite_where=still_open, postgresql_where=still_open)
