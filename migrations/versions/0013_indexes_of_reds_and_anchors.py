"""What a bad month and many anchors are asked for has an index: lights that count red, and the streams that anchors name."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LINE = re.compile(r"^(\d{1,19}) ([1-9]\d{0,17}) [0-9a-f]{64}$", re.MULTILINE)


def upgrade() -> None:
    red = sa.text("measure = 'light' AND outcome = 'red'")
    op.create_index("ix_mark_red", "mark", ["at"], sqlite_where=red, postgresql_where=red)
    named = op.create_table(
        "anchored_head",
        sa.Column("stream", key, nullable=False),
        sa.Column("anchor", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["anchor"], ["anchor.number"], name=op.f("fk_anchored_head_anchor")),
        sa.PrimaryKeyConstraint("stream", "anchor", name=op.f("pk_anchored_head")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for (number,) in connection.execute(sa.text("SELECT number FROM anchor ORDER BY number")).all():
        content = connection.execute(sa.text("SELECT content FROM anchor WHERE number = :n"), {"n": number}).scalar_one()
        rows = [{"stream": int(stream), "anchor": number} for stream, _ in LINE.findall(content)]
        if rows:
            connection.execute(sa.insert(named), rows)
