"""Short messages to telephones, beside the mail."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

instant = infra.columns.UTCDateTime(timezone=True)
key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("next_try_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("telling", sa.Column("phone", sa.String(), nullable=True))
    op.create_table(
        "text_message",
        sa.Column("message_id", key, autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", instant, nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("sent_at", instant, nullable=True),
        sa.Column("dead_at", instant, nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_text_message_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_text_message")),
    )
    op.create_index(
        "ix_text_message_waiting", "text_message", ["next_try_at", "message_id"], sqlite_where=WAITING, postgresql_where=WAITING
    )
