"""Tries are counted in the database; browsers that people have signed in with are known; a session knows that a link began
it; sign-in names are unique without capitals and width.

A name whose spelling another account has already stays as it was typed, and signs in with exactly that
(`people.signin.account_named`); where several would get the same one, it goes to the oldest open account.
"""

import sqlalchemy as sa
from alembic import op

import infra.columns
from infra.identifiers import read_sign_in_name

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = infra.columns.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "known_browser",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("seen_at", instant, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_known_browser_account_id")),
        sa.PrimaryKeyConstraint("token_hash", "account_id", name=op.f("pk_known_browser")),
    )
    op.create_index(op.f("ix_known_browser_account_id"), "known_browser", ["account_id"])
    op.create_table(
        "tries",
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("counted_at", instant, nullable=False),
        sa.Column("forgotten_at", instant, nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_tries")),
    )
    op.create_index(op.f("ix_tries_forgotten_at"), "tries", ["forgotten_at"])
    op.add_column("web_session", sa.Column("by_link", sa.Boolean(), nullable=False, server_default=sa.false()))
    _names_in_one_spelling(op.get_bind())


def _names_in_one_spelling(connection: sa.Connection) -> None:
    account = sa.table("account", sa.column("id"), sa.column("login"), sa.column("active"))
    rows = connection.execute(sa.select(account).order_by(account.c.active.desc(), account.c.id)).all()
    taken = {row.login for row in rows}
    for row in rows:
        spelled = read_sign_in_name(row.login)
        if spelled and spelled not in taken:
            connection.execute(account.update().where(account.c.id == row.id).values(login=spelled))
            taken.add(spelled)
