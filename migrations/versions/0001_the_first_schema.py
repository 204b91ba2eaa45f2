"""The first schema: people, the record, the ledger and what protects it."""

import sqlalchemy as sa
from alembic import op

import infra.columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("occurred_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("key", name=op.f("uq_event_key")),
        sa.UniqueConstraint("stream", "seq", name=op.f("uq_event_stream_seq")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_event_crossings",
            ["occurred_at"],
            unique=False,
            sqlite_where=sa.text("code = 'clock:crossed'"),
            postgresql_where=sa.text("code = 'clock:crossed'"),
        )

    op.create_table(
        "job_run",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("succeeded_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("failed_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("summary", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_run")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recorded_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("stream", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("sent_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("dead_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "recorded_at", "stream", "seq", "recipient", name=op.f("uq_message_recorded_at_stream_seq_recipient")
        ),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_message_waiting",
            ["next_try_at", "id"],
            unique=False,
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )

    op.create_table(
        "office",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("short_name", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("mediation_profile", sa.String(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("simulation", sa.Boolean(), nullable=False),
        sa.Column("created_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_office_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
    )
    op.create_table(
        "series",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_series")),
    )
    op.create_table(
        "stream_head",
        sa.Column("stream", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_stream_head")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("takes_intake", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_account_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_role"), ["role"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("dispute_type", sa.String(), nullable=False),
        sa.Column("received_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("registered_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("intake_unit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("milestones", sa.String(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("holder_unit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("holder_person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("custody_number", sa.Integer(), nullable=False),
        sa.Column("custody_from", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("next_due_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("paused_until", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("extension_asked", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("closed_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("received_at <= registered_at", name=op.f("ck_cases_received_before_registered")),
        sa.ForeignKeyConstraint(["holder_unit"], ["unit.id"], name=op.f("fk_cases_holder_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("public_id", name=op.f("uq_cases_public_id")),
        sa.UniqueConstraint("series", "year", "serial", name=op.f("uq_cases_series_year_serial")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            "ix_cases_closed",
            ["closed_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NOT NULL"),
            postgresql_where=sa.text("closed_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_cases_due",
            ["next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index("ix_cases_person", ["holder_person", "closed_at"], unique=False)
        batch_op.create_index(
            "ix_cases_unit_due",
            ["holder_unit", "next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_cases_waiting",
            ["holder_unit", "id"],
            unique=False,
            sqlite_where=sa.text("holder_person IS NULL AND closed_at IS NULL"),
            postgresql_where=sa.text("holder_person IS NULL AND closed_at IS NULL"),
        )

    op.create_table(
        "unit_above",
        sa.Column("unit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("above", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["above"], ["unit.id"], name=op.f("fk_unit_above_above")),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name=op.f("fk_unit_above_unit")),
        sa.PrimaryKeyConstraint("unit", "above", name=op.f("pk_unit_above")),
    )
    with op.batch_alter_table("unit_above", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_above_above"), ["above"], unique=False)

    op.create_table(
        "agreement",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.Column("amount_yuan", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("effective_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("performance_due_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_agreement_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_agreement")),
    )
    op.create_table(
        "appointment",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chief", sa.Boolean(), nullable=False),
        sa.Column("from_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("until_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("disclosure", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_appointment_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_appointment")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_appointment_serving",
            ["person", "case_id"],
            unique=False,
            sqlite_where=sa.text("until_at IS NULL"),
            postgresql_where=sa.text("until_at IS NULL"),
        )

    op.create_table(
        "clock",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("started_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("due_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("rungs", sa.Text(), nullable=False),
        sa.Column("pauses", sa.Text(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("extends", sa.Integer(), nullable=True),
        sa.Column("waived", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("yellow_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("red_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("crossed_until", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("next_crossing_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_clock_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_clock")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clock_next_crossing",
            ["next_crossing_at", "case_id", "number"],
            unique=False,
            sqlite_where=sa.text("next_crossing_at IS NOT NULL"),
            postgresql_where=sa.text("next_crossing_at IS NOT NULL"),
        )

    op.create_table(
        "custody",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("unit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("from_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("until_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_custody_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_custody")),
    )
    op.create_table(
        "mediation_session",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("invitees", sa.Integer(), nullable=True),
        sa.Column("held_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_mediation_session_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_mediation_session")),
    )
    op.create_table(
        "party",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("name", sa.Integer(), nullable=False),
        sa.Column("contact", sa.Integer(), nullable=True),
        sa.Column("consent", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_party_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_party")),
    )
    op.create_table(
        "personal_text",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_personal_text_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_personal_text")),
    )
    op.create_table(
        "rating",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("score", sa.String(), nullable=False),
        sa.Column("comment", sa.Integer(), nullable=True),
        sa.Column("rated_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_rating_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_rating")),
    )
    op.create_table(
        "recusal",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_recusal_case_id")),
        sa.PrimaryKeyConstraint("case_id", "person", name=op.f("pk_recusal")),
    )
    op.create_table(
        "signin_link",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("reusable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_signin_link_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_signin_link")),
    )
    op.create_table(
        "tracking",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_tracking_case_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_tracking")),
        sa.UniqueConstraint("case_id", name=op.f("uq_tracking_case_id")),
    )
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_web_session_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_session")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_session_account_id"), ["account_id"], unique=False)

    protect_ledger()


#: The ledger takes new events at the end of a stream and nothing else. `recursive_triggers` makes REPLACE fire them.
SQLITE = (
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER event_at_the_end BEFORE INSERT ON event "
    "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM event WHERE stream = NEW.stream) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
    "CREATE FUNCTION ledger_has_no_gaps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM event WHERE stream = NEW.stream) "
    "THEN RAISE EXCEPTION 'the ledger has no gaps'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()",
    "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()",
    "CREATE TRIGGER event_at_the_end BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION ledger_has_no_gaps()",
    "ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_change",
    "ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_truncate",
    "ALTER TABLE event ENABLE ALWAYS TRIGGER event_at_the_end",
)


def protect_ledger() -> None:
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)
