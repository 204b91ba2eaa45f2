"""Reports that take long are asked for, made by the timers, and kept."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    waiting = sa.text("finished_at IS NULL")
    op.create_table(
        "report_job",
        sa.Column("id", key, nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("mail", sa.Boolean(), nullable=False),
        sa.Column("taken_until", instant, nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("finished_at", instant, nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("bytes", key, nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("seen_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_report_job_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_job")),
        sa.UniqueConstraint("public_id", name=op.f("uq_report_job_public_id")),
        sa.UniqueConstraint("request", name=op.f("uq_report_job_request")),
    )
    op.create_index("ix_report_job_waiting", "report_job", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_report_job_account", "report_job", ["account_id", "id"])
    op.create_table(
        "report_part",
        sa.Column("job_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["report_job.id"], name=op.f("fk_report_part_job_id")),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_report_part")),
    )
