"""`huiyin database grant`: the role that the program runs as gets what it needs and no more, or a clear refusal."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

import migrations
from cli.database import grants
from infra.db import open_engine, owned, transaction
from tests.cases.conftest import postgres_office, postgres_world
from tests.cases.records import World
from tests.ops.command_line import ASKED_WRONGLY, WRONG, home, run
from tests.ops.program_role import granted, granting, plain_role

__all__ = ["home", "postgres_office", "postgres_world"]

UNREADABLE = 3


def _own(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1), autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.mark.usefixtures("home")
def test_sqlite_has_no_roles_and_needs_none(home: Path) -> None:
    result = run("database", "grant", "somebody")
    assert (result.exit_code, home.exists()) == (ASKED_WRONGLY, False)
    assert "SQLite has no roles" in result.stderr
    assert "SQLite 没有角色" in result.stderr


@pytest.mark.postgres
def test_a_role_that_does_not_exist_is_refused_with_the_statement_that_makes_it(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = granting(monkeypatch, postgres_world.url, 'no"body')
    assert result.exit_code == ASKED_WRONGLY
    assert 'CREATE ROLE "no""body" LOGIN' in result.stderr


@pytest.mark.postgres
def test_a_superuser_and_the_owner_are_refused(postgres_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with plain_role(postgres_world.url, "SUPERUSER") as (role, _):
        assert granting(monkeypatch, postgres_world.url, role).exit_code == WRONG
    with plain_role(postgres_world.url) as (role, _):
        _own(postgres_world.url, f"GRANT postgres TO {role}")
        result = granting(monkeypatch, postgres_world.url, role)
        assert (result.exit_code, "owns the tables" in result.stderr) == (WRONG, True)


@pytest.mark.postgres
def test_a_role_that_has_more_by_another_role_is_told(postgres_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with plain_role(postgres_world.url) as (group, _), plain_role(postgres_world.url) as (role, _):
        _own(postgres_world.url, f"GRANT DELETE ON event TO {group}; GRANT {group} TO {role}")
        assert granting(monkeypatch, postgres_world.url, role).exit_code == WRONG


@pytest.mark.postgres
def test_what_the_role_had_before_is_taken_back(postgres_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with plain_role(postgres_world.url) as (role, url):
        _own(postgres_world.url, f"GRANT ALL ON event TO {role}; GRANT CREATE ON SCHEMA public TO {role}")
        granted(monkeypatch, postgres_world.url, role)
        granted(monkeypatch, postgres_world.url, role)  # again does no harm
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _own(url, "DELETE FROM event")


@pytest.mark.postgres
def test_somebody_who_does_not_own_the_tables_cannot_grant(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with plain_role(postgres_world.url) as (role, url), plain_role(postgres_world.url) as (other, _):
        granted(monkeypatch, postgres_world.url, role)
        result = granting(monkeypatch, url, other)
        assert (result.exit_code, "as the owner of the tables" in result.stderr) == (WRONG, True)


@pytest.mark.postgres
def test_the_role_starts_on_a_current_schema_and_is_told_what_to_do_about_an_older_one(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with plain_role(postgres_world.url) as (role, url):
        granted(monkeypatch, postgres_world.url, role)
        engine = open_engine(url)
        migrations.upgrade(engine)
        with owned(postgres_world.engine) as owning, transaction(owning) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
        with pytest.raises(migrations.SchemaIsNotOurs):
            migrations.upgrade(engine)
        engine.dispose()
        for language, words in (("en", "huiyin database grant"), ("zh_CN", "无权更改")):
            told = {**os.environ, "HUIYIN_DATABASE": url, "HUIYIN_LANGUAGE": language}
            done = subprocess.run([sys.executable, "-m", "cli.main", "sweep"], env=told, capture_output=True, text=True)
            assert (done.returncode, words in done.stderr) == (UNREADABLE, True), done.stderr


@pytest.mark.postgres
def test_every_table_of_the_program_is_granted_and_those_that_only_grow_are_not_changed(postgres_world: World) -> None:
    with transaction(postgres_world.engine) as connection:
        said = " ".join(grants(connection, "program"))
        tables = set(connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars())
    assert all(f'"{table}"' in said for table in tables)
    assert '"event"' not in said.partition("GRANT UPDATE, DELETE ON ")[2].partition(" TO ")[0]
