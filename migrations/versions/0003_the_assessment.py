"""The year-end assessment: marks and tallies, closed years, anchors, reviews of signs; who appealed against a light and
who decided; how far a stream is tallied and anchored (nothing of what was there before: the first run catches up).
Published policies, anchors and closed years are append-only from here on, as the ledger is."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    for name in ("tallied", "anchored"):
        op.add_column("stream_head", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name, column in (("untallied", "tallied"), ("unanchored", "anchored")):
        condition = sa.text(f"{column} < seq")
        op.create_index(
            f"ix_stream_head_{name}", "stream_head", ["stream"], sqlite_where=condition, postgresql_where=condition
        )
    op.add_column("waiver", sa.Column("stage", sa.String(), nullable=True))
    op.add_column("waiver", sa.Column("unit", key, nullable=True))
    op.add_column("waiver", sa.Column("asked_by", key, nullable=True))
    op.add_column("waiver", sa.Column("evidence", sa.Integer(), nullable=True))
    op.add_column("waiver", sa.Column("decided_by", key, nullable=True))
    _marks()
    _closed_years()
    _beside()
    _protect()


def _marks() -> None:
    op.create_table(
        "mark",
        sa.Column("case_id", key, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("unit", key, nullable=False),
        sa.Column("person", key, nullable=True),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("ground", sa.String(), nullable=True),
        sa.Column("decided", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "position", name=op.f("pk_mark")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mark_sheet", "mark", ["year", "unit", "person", "measure", "outcome"])
    op.create_table(
        "tally",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("unit", key, nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", "person", "unit", "measure", "outcome", name=op.f("pk_tally")),
        sqlite_with_rowid=False,
    )


def _closed_years() -> None:
    op.create_table(
        "year_close",
        sa.Column("year", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("scheme_content", sa.Text(), nullable=False),
        sa.Column("calendar_content", sa.Text(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("cutoff_hash", sa.String(), nullable=False),
        sa.Column("result_hash", sa.String(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("proposed_by", key, nullable=False),
        sa.Column("proposed_at", instant, nullable=False),
        sa.Column("closed_by", key, nullable=False),
        sa.Column("closed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_year_close")),
    )
    op.create_table(
        "year_cutoff",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("stream", key, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("year", "stream", name=op.f("pk_year_cutoff")),
        sqlite_with_rowid=False,
    )


def _beside() -> None:
    op.create_table(
        "anchor",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_anchor")),
    )
    op.create_table(
        "sign_review",
        sa.Column("sign", sa.String(), nullable=False),
        sa.Column("stream", key, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reviewed_by", key, nullable=False),
        sa.Column("reviewed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("sign", "stream", "seq", name=op.f("pk_sign_review")),
    )
    op.create_table(
        "rating_origin",
        sa.Column("case_id", key, nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("rated_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_rating_origin")),
    )
    op.create_index(op.f("ix_rating_origin_origin"), "rating_origin", ["origin"])


APPEND_ONLY = ("policy_version", "anchor", "year_close", "year_cutoff")


def _protect() -> None:
    """What has been added to these tables stays. `recursive_triggers` makes REPLACE fire the triggers of SQLite; the
    function of PostgreSQL is the ledger's."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in APPEND_ONLY:
        for statement in _on_postgresql(table) if postgresql else _on_sqlite(table):
            op.execute(statement)


def _on_sqlite(table: str) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    )


def _on_postgresql(table: str) -> tuple[str, ...]:
    refuse = "EXECUTE FUNCTION ledger_is_append_only()"
    return (
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate",
    )
