"""`huiyin database grant ROLE`: on PostgreSQL the program runs as a role of its own, which cannot undo the record.

The owner of the tables runs this, once and after each upgrade: it brings the schema up to date and gives the role what
the program needs. The role reads everything, adds rows everywhere, and changes or removes rows of all tables but those
that only grow; it has no say about the schema. SQLite has no roles: there `infra/authorizer.py` sets the same limits.
"""

from typing import Annotated

import typer
from sqlalchemy import Connection, Engine, make_url, text

import migrations
from cli.printing import ASKED_WRONGLY, WRONG, fail
from infra.authorizer import APPEND_ONLY
from infra.columns import Row
from infra.db import open_engine, transaction
from infra.settings import settings

database = typer.Typer(no_args_is_help=True, help="数据库所有者用的命令。For the owner of the database.")
VERSIONS = "alembic_version"

_OWNED = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('event')")
_ROLE = text(
    "SELECT rolsuper, pg_has_role(oid, (SELECT relowner FROM pg_class WHERE oid = to_regclass('event')), 'MEMBER') "
    "FROM pg_roles WHERE rolname = :role"
)
#: What the role could still do that nobody gave it here: by another role that it is a member of, or by PUBLIC.
_LEFT = text(
    "SELECT has_schema_privilege(:role, current_schema(), 'CREATE') OR bool_or("
    "has_table_privilege(:role, name::regclass, 'UPDATE, DELETE, TRUNCATE, TRIGGER')) FROM unnest(CAST(:tables AS text[])) name"
)


@database.callback()
def group() -> None:
    """Keeps `grant` a word of its own, however few commands there are."""


@database.command()
def grant(role: Annotated[str, typer.Argument(help="程序运行所用的角色 / the role that the program runs as")]) -> None:
    """升级数据库结构，并授予程序角色恰好需要的权限（PostgreSQL）。Upgrade the schema; let the role do what the program needs and no more."""
    url = settings().database_url()
    if make_url(url).get_backend_name() != "postgresql":
        fail(
            "SQLite 没有角色，程序自己的连接已有同样的限制，不必授权。"
            "SQLite has no roles; the program's own connections are limited in the same way. Nothing to do.",
            ASKED_WRONGLY,
        )
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        granted(engine, role)
    finally:
        engine.dispose()
    typer.echo(
        f"已授权 {role}。请在 HUIYIN_DATABASE 中改用这个角色，再启动程序。\n"
        f"Granted. Name this role in HUIYIN_DATABASE and start the program again."
    )


def granted(engine: Engine, role: str) -> None:
    """Gives the role what the program needs; fails in words."""
    with transaction(engine) as connection:
        _check(connection, role)
        for statement in grants(connection, role):
            connection.execute(text(statement))
        left = connection.execute(_LEFT, {"role": role, "tables": sorted(APPEND_ONLY)}).scalar_one()
    if left:
        fail(
            f"角色 {role} 仍可经由它所属的其他角色改动只增不改的表或数据库结构，请收回那些权限。"
            f"By another role that it is a member of, {role} may still change what only grows, or the schema: revoke that.",
            WRONG,
        )


def grants(connection: Connection, role: str) -> list[str]:
    """What the owner says. Whatever the role had before is taken back first."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    schema, base = connection.execute(text("SELECT current_schema(), current_database()")).one()
    role, schema, base = quote(role), quote(schema), quote(base)
    tables = [quote(name) for name in sorted(Row.metadata.tables)]
    changing = [quote(name) for name in sorted(Row.metadata.tables.keys() - APPEND_ONLY)]
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {role}",
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {role}",
        # With a temporary table of the same name in front, a session would write beside the ledger.
        f"REVOKE CREATE, TEMPORARY ON DATABASE {base} FROM PUBLIC, {role}",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT, INSERT ON {', '.join(tables)} TO {role}",
        f"GRANT UPDATE, DELETE ON {', '.join(changing)} TO {role}",
        f"GRANT SELECT ON {quote(VERSIONS)} TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    ]


def _check(connection: Connection, role: str) -> None:
    if not connection.execute(_OWNED).scalar_one():  # PostgreSQL itself would only warn, and grant nothing
        fail("请以数据表所有者的身份运行。Run this as the owner of the tables.", WRONG)
    found = connection.execute(_ROLE, {"role": role}).one_or_none()
    if found is None:
        fail(
            f"没有角色 {role}；请先建立。There is no role {role}; make it first:\n"
            f"  CREATE ROLE {connection.dialect.identifier_preparer.quote_identifier(role)} LOGIN PASSWORD '…'",
            ASKED_WRONGLY,
        )
    if any(found):
        fail(
            f"{role} 是超级用户或数据表的所有者，限制对它无效；请另建一个普通角色。"
            f"{role} is a superuser or owns the tables, and no limit holds for it: make an ordinary role.",
            WRONG,
        )
