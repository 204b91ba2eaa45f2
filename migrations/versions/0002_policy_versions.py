"""Published policy versions; the profiles an office has chosen; when a clock was opened by an extension and acknowledged;
waivers that are proposed and decided; mails that go out together.

An office that was founded before gets the policy files of this program as its first version: they hold every rule that
its clocks name, with the same numbers.
"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import infra.columns
from infra.files import read_tree

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_version",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("published_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_policy_version")),
    )
    op.create_index(op.f("ix_policy_version_version"), "policy_version", ["version"], unique=False)
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "waiver",
        sa.Column("case_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Integer(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("proposed_at", infra.columns.UTCDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", infra.columns.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_waiver_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_waiver")),
    )
    op.add_column("clock", sa.Column("opened_at", infra.columns.UTCDateTime(timezone=True), nullable=True))
    op.add_column("clock", sa.Column("acknowledged_at", infra.columns.UTCDateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("bundle", sa.String(), nullable=True))
    op.add_column("office", sa.Column("profiles", sa.String(), nullable=False, server_default=""))
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE office SET profiles = mediation_profile || ' petition hotline enterprise'"))
    op.drop_column("office", "mediation_profile")
    if connection.execute(sa.text("SELECT count(*) FROM office")).scalar_one():
        _publish(connection)


def _publish(connection: sa.Connection) -> None:
    """The first version, and its event at the end of the office's chain, as the program of this revision writes them."""
    files = read_tree("workflow", "policies", suffix=".toml")
    content = json.dumps(
        {name: files[name].decode() for name in sorted(files)}, ensure_ascii=False, separators=(",", ":")
    )
    version = hashlib.sha256(b"\0".join(n.encode() + b"\0" + files[n] for n in sorted(files))).hexdigest()[:12]
    now = datetime.now(UTC)
    instant = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    data = {"content": hashlib.sha256(content.encode()).hexdigest(), "plan": None, "version": version}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = connection.execute(sa.text("SELECT seq, hash FROM stream_head WHERE stream = 0")).one_or_none()
    seq, before = head or (0, "")
    key = f"{instant}:policy:{version}"
    hashed = [0, seq + 1, "policy:published", instant, instant, None, "system", None, text, key, before]
    digest = hashlib.sha256(json.dumps(hashed, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
    instants = sa.table(
        "event",
        *(sa.column(n) for n in ("stream", "seq", "code", "actor", "role", "unit", "data", "key", "hash")),
        sa.column("occurred_at", infra.columns.UTCDateTime()),
        sa.column("recorded_at", infra.columns.UTCDateTime()),
    )
    connection.execute(
        instants.insert().values(
            stream=0, seq=seq + 1, code="policy:published", occurred_at=now, recorded_at=now, actor=None, role="system",
            unit=None, data=text, key=key, hash=digest,
        )
    )  # fmt: skip
    heads = sa.table("stream_head", sa.column("stream"), sa.column("seq"), sa.column("hash"))
    if head is None:
        connection.execute(heads.insert().values(stream=0, seq=1, hash=digest))
    else:
        connection.execute(heads.update().where(heads.c.stream == 0).values(seq=seq + 1, hash=digest))
    versions = sa.table(
        "policy_version",
        *(sa.column(n) for n in ("number", "version", "content")),
        sa.column("published_at", infra.columns.UTCDateTime()),
    )
    connection.execute(versions.insert().values(number=1, version=version, published_at=now, content=content))
