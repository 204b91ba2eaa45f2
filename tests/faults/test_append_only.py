"""Statements that try to change, remove, hide or swallow an event: the program's own connection refuses every one. Its
owner can drop what protects the ledger, and then `verify` says so.

On SQLite the program's connection has an authorizer, on PostgreSQL a role with what `huiyin database grant` gives it.
What the triggers alone refuse, without either, is in `tests/cases/test_ledger.py`.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from cases.policies import publish, shipped_files
from cases.sweep import sweep
from infra.authorizer import APPEND_ONLY
from infra.db import checkpoint, open_engine, owned, reading, transaction
from infra.settings import Settings
from notifications.deliver import deliver
from tests.cases.conftest import postgres_office, postgres_world, sqlite_office, sqlite_world
from tests.cases.records import DAY, START, World
from tests.ops.program_role import granted, plain_role
from verify.checking import main as verify
from verify.sources import CannotRead, opened
from verify.stream import EVENT_COLUMNS
from workflow.procedures.every_case.commands import Accept

__all__ = ["postgres_office", "postgres_world", "sqlite_office", "sqlite_world"]

COLUMNS = "stream, seq, code, occurred_at, recorded_at, actor, role, unit, data, key, hash"
FIRST = "stream, {seq}, 'x', occurred_at, recorded_at, actor, role, unit, data, {key}, hash FROM event WHERE stream = 1 AND seq = 1"  # fmt: skip
AGAIN = f"({COLUMNS}) SELECT {FIRST}"

#: Both databases understand these.
EVERYWHERE = {
    "update": "UPDATE event SET code = 'x'",
    "update that changes nothing": "UPDATE event SET code = code",
    "update of the row number": "UPDATE event SET id = id + 1000",
    "update by a common table expression": "WITH one AS (SELECT 1 AS seq) UPDATE event SET code = 'x' WHERE seq IN (SELECT seq FROM one)",
    "update from another table": "UPDATE event SET code = 'x' FROM cases WHERE cases.id = event.stream",
    "delete of one": "DELETE FROM event WHERE stream = 1 AND seq = 2",
    "delete of all": "DELETE FROM event",
    "delete that returns": "DELETE FROM event RETURNING id",
    "upsert": f"INSERT INTO event (id, {COLUMNS}) SELECT 1, {FIRST.format(seq=3, key='NULL')} AND true ON CONFLICT (id) DO UPDATE SET code = 'x'",
    "insert at a place that is taken": f"INSERT INTO event {AGAIN.format(seq=1, key='NULL')}",
    "insert with a gap": f"INSERT INTO event {AGAIN.format(seq=9, key='NULL')}",
    "insert of a key that is taken": f"INSERT INTO event {AGAIN.format(seq=3, key='key')}",
    "rename the table": "ALTER TABLE event RENAME TO old_event",
    "rename a column": "ALTER TABLE event RENAME COLUMN hash TO old_hash",
    "drop a column": "ALTER TABLE event DROP COLUMN hash",
    "add a column": "ALTER TABLE event ADD COLUMN more TEXT",
    "drop the table": "DROP TABLE event",
    "drop an index": "DROP INDEX ix_event_crossings",
    "a view in front": "CREATE VIEW event_now AS SELECT * FROM event WHERE code <> 'x'",
    "a temporary table in front": "CREATE TEMPORARY TABLE event (id integer)",
    "a table that takes its place": "CREATE TABLE event_new AS SELECT * FROM event",
    "change of a published policy": "UPDATE policy_version SET content = content",
    "delete of a published policy": "DELETE FROM policy_version",
    "delete of an anchor": "DELETE FROM anchor",
    "change of a closed year": "UPDATE year_close SET result = ''",
    "delete of the heads of a year": "DELETE FROM year_cutoff",
}
SWALLOW = "BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END"
SQLITE = {
    **EVERYWHERE,
    "replace": f"REPLACE INTO event (id, {COLUMNS}) SELECT 1, {FIRST.format(seq=1, key='key')}",
    "insert or replace": f"INSERT OR REPLACE INTO event {AGAIN.format(seq=3, key='key')}",
    "update or replace": "UPDATE OR REPLACE event SET seq = 1 WHERE stream = 1 AND seq = 2",
    "delete by a common table expression": "WITH gone AS (SELECT id FROM event) DELETE FROM event WHERE id IN gone",
    "drop a trigger": "DROP TRIGGER event_no_delete",
    "drop a trigger by its schema": "DROP TRIGGER IF EXISTS main.event_at_the_end",
    "a trigger that swallows": f"CREATE TRIGGER swallow {SWALLOW}",
    "a temporary trigger that swallows": f"CREATE TEMP TRIGGER swallow {SWALLOW}",
    "a trigger on another table that deletes": "CREATE TRIGGER later AFTER INSERT ON message BEGIN DELETE FROM event; END",
    "triggers that REPLACE does not fire": "PRAGMA recursive_triggers = off",
    "a schema that can be written": "PRAGMA writable_schema = on",
    "a schema that can be written, in another spelling": "PRAGMA main.Writable_Schema(1)",
    "delete a trigger from the schema": "DELETE FROM sqlite_master WHERE name LIKE 'event_no%'",
    "rewrite a trigger in the schema": "UPDATE sqlite_schema SET sql = replace(sql, 'ABORT', 'IGNORE')",
    "attach a file": "ATTACH DATABASE 'other.db' AS other",
    "detach": "DETACH DATABASE main",
    "write over the file": "VACUUM INTO 'other.db'",
    "write the file anew": "VACUUM",
    "no foreign keys": "PRAGMA foreign_keys = off",
    "no log": "PRAGMA journal_mode = off",
    "no waiting for the disk": "PRAGMA synchronous = off",
    "an extension": "SELECT load_extension('other')",
    "a virtual table": "CREATE VIRTUAL TABLE other USING fts5(words)",
    "explained": "EXPLAIN DELETE FROM event",
}
POSTGRESQL = {
    **EVERYWHERE,
    "truncate": "TRUNCATE event",
    "truncate of all": "TRUNCATE event, stream_head, cases CASCADE",
    "delete by a common table expression": "WITH gone AS (DELETE FROM event RETURNING *) SELECT count(*) FROM gone",
    "merge": "MERGE INTO event e USING cases c ON c.id = e.stream WHEN MATCHED THEN DELETE",
    "lock": "LOCK TABLE event IN ACCESS EXCLUSIVE MODE",
    "disable a trigger": "ALTER TABLE event DISABLE TRIGGER event_no_change",
    "disable all triggers": "ALTER TABLE event DISABLE TRIGGER ALL",
    "drop a trigger": "DROP TRIGGER event_no_change ON event",
    "as a replica": "SET session_replication_role = replica",
    "a trigger that swallows": "CREATE TRIGGER swallow BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a rule that swallows": "CREATE RULE swallow AS ON INSERT TO event DO INSTEAD NOTHING",
    "another body": "CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "drop the function": "DROP FUNCTION ledger_is_append_only CASCADE",
    "rows that are hidden": "ALTER TABLE event ENABLE ROW LEVEL SECURITY",
    "another schema": "ALTER TABLE event SET SCHEMA pg_temp",
    "a schema in front": "CREATE SCHEMA nearer",
    "another owner": "ALTER TABLE event OWNER TO CURRENT_USER",
    "a policy": "CREATE POLICY hidden ON event USING (false)",
    "be the owner": "SET ROLE postgres",
    "a program": "COPY event FROM PROGRAM 'true'",
    "a file of the server": "COPY event TO '/tmp/event'",
    "a block of code": "DO $$ BEGIN DELETE FROM event; END $$",
    "the catalogue": "UPDATE pg_trigger SET tgenabled = 'D'",
    "a partition less": "DROP SCHEMA public CASCADE",
    "the database": "ALTER DATABASE postgres RENAME TO other",
}


@pytest.fixture
def sqlite_program(sqlite_world: World) -> World:
    """The program's connection to an office with two events in stream 1."""
    return _with_a_case(sqlite_world)


@pytest.fixture
def postgres_program(postgres_world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same on PostgreSQL, as the program's own role; `url` is the owner's."""
    _with_a_case(postgres_world)
    with plain_role(postgres_world.url) as (role, url):
        granted(monkeypatch, postgres_world.url, role)
        engine = open_engine(url)
        yield replace(postgres_world, engine=engine)
        engine.dispose()


def _with_a_case(world: World) -> World:
    case = world.open().case_id
    world.take(case, Accept(), by="clerk")
    return world


def _each(world: World, statements: dict[str, str]) -> None:
    """Each is refused, nothing has happened, and the office works on."""
    assert len(statements) >= 25
    before = _ledger(world.url)
    rows = world.everything()
    allowed = [name for name, statement in statements.items() if not _is_refused(world.engine, statement)]
    assert allowed == []
    assert _ledger(world.url) == before
    assert world.everything() == rows
    _works(world)
    assert verify([world.url]) == 0


def _is_refused(engine: Engine, statement: str) -> bool:
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement)
            connection.commit()
        except DBAPIError:
            return True
    return False


def _ledger(url: str) -> Any:
    """Every column of every event, and what protects them; nothing if it cannot be found."""
    try:
        with opened(url) as source:
            return list(source.rows("event", ("id", *EVENT_COLUMNS), ("id",))), source.triggers()
    except CannotRead:
        return None


def _works(world: World) -> None:
    """What the program does from morning to night."""
    order = world.open("hotline").case_id
    world.take(order, Accept(), by="clerk")
    assert sweep(world.engine, now=START + 9 * DAY).failed == ()
    with TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        assert deliver(world.engine, office=world.office, settings=settings, now=START).dead == 0
    files = {**shipped_files(), "own/note.toml": b"# nothing\n"}
    with transaction(world.engine) as connection:
        publish(connection, files, actor=world.actor("clerk"), now=START)
    checkpoint(world.engine)
    with reading(world.engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM event WHERE code = 'clock:crossed'").scalar_one() > 0


def test_the_programs_connection_to_sqlite_refuses_every_statement(sqlite_program: World) -> None:
    _each(sqlite_program, SQLITE)


@pytest.mark.postgres
def test_the_programs_role_on_postgresql_is_refused_every_statement(postgres_program: World) -> None:
    _each(postgres_program, POSTGRESQL)


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
def test_nothing_but_inserts_are_open_to_the_program_on_what_only_grows(sqlite_program: World, table: str) -> None:
    assert _is_refused(sqlite_program.engine, f"UPDATE {table} SET rowid = rowid")
    assert _is_refused(sqlite_program.engine, f"DELETE FROM {table.upper()}")


# -- the owner --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SQLITE)
def test_what_the_owner_of_a_file_does_to_the_ledger_is_reported(
    sqlite_program: World, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # for files that statements name
    _is_reported(sqlite_program, SQLITE[name])


@pytest.mark.postgres
@pytest.mark.parametrize("name", sorted(POSTGRESQL.keys() - {"a file of the server", "the database", "the catalogue"}))
def test_what_a_superuser_does_to_the_ledger_is_reported(postgres_world: World, name: str) -> None:
    _is_reported(_with_a_case(postgres_world), POSTGRESQL[name])


def _is_reported(world: World, statement: str) -> None:
    """The statement is refused by a trigger, or has changed nothing of the ledger, or is a finding."""
    before = _ledger(world.url)
    world.engine.dispose()
    with owned(world.engine) as owning:
        _is_refused(owning, statement)
    changed = _ledger(world.url) != before
    assert (verify([world.url]) != 0) == changed


@pytest.mark.parametrize(
    "attack",
    [
        ["PRAGMA writable_schema = on", "UPDATE sqlite_master SET sql = replace(sql, 'BEGIN', 'WHEN 0 BEGIN') WHERE name = 'event_no_delete'"],
        ["DROP TRIGGER event_no_delete", "DELETE FROM event WHERE stream = 1 AND seq = 2"],
        ["CREATE TRIGGER swallow " + SWALLOW],
        ["DROP TRIGGER year_cutoff_no_delete"],
    ],
    ids=["rewritten", "dropped", "added", "of another table"],
)  # fmt: skip
def test_the_check_would_see_a_trigger_that_is_gone(sqlite_program: World, attack: list[str]) -> None:
    with owned(sqlite_program.engine) as owning, owning.connect() as connection:
        for statement in attack:
            connection.exec_driver_sql(statement)
        connection.commit()
    assert verify([sqlite_program.url]) == 1
