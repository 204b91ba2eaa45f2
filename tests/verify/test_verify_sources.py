"""What protects the ledger is checked on each database, and a database is read without being touched."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text, update

from infra.db import open_engine, transaction
from tests.verify.records import (
    CASE,
    MEDIATION,
    Record,
    named,
    running_clock,
)
from verify.checking import main, verify


def test_each_missing_trigger_is_named(record: Record) -> None:
    with record.attacked():
        pass
    report = verify(record.url)
    assert [(f.code, f.number) for f in report.findings] == [
        ("triggers.missing", name) for name in sorted(record.triggers)
    ]


def test_a_trigger_that_was_made_to_do_nothing_is_named(sqlite_record: Record) -> None:
    with sqlite_record.attacked(unprotected=False) as connection:
        connection.execute(text("DROP TRIGGER event_no_update"))
        connection.execute(text("CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT 1; END"))
    assert [(f.code, f.number, f.column) for f in verify(sqlite_record.url).findings] == [
        ("triggers.differs", "event_no_update", "sql")
    ]


def test_a_trigger_that_nobody_knows_is_named(sqlite_record: Record) -> None:
    with sqlite_record.attacked(unprotected=False) as connection:
        connection.execute(text("CREATE TRIGGER own AFTER INSERT ON message BEGIN DELETE FROM event; END"))
    assert [(f.code, f.number) for f in verify(sqlite_record.url).findings] == [("triggers.added", "own")]


@pytest.mark.postgres
@pytest.mark.parametrize(
    "made",
    [
        "CREATE RULE own AS ON INSERT TO event DO INSTEAD NOTHING",
        "CREATE TRIGGER own BEFORE DELETE ON message FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()",
    ],
)
def test_a_rule_or_trigger_that_nobody_knows_is_named_on_postgresql(postgres_record: Record, made: str) -> None:
    with postgres_record.attacked(unprotected=False) as connection:
        connection.execute(text(made))
    assert [(f.code, f.number) for f in verify(postgres_record.url).findings] == [("triggers.added", "own")]


REPLACED = "CREATE OR REPLACE TRIGGER event_no_change BEFORE {} ON event FOR EACH ROW {} EXECUTE FUNCTION ledger_is_append_only()"
EMPTIED = (
    "CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("attack", "column"),
    [
        ("ALTER TABLE event DISABLE TRIGGER event_no_change", "tgenabled"),
        ("ALTER TABLE event ENABLE TRIGGER event_no_change", "tgenabled"),
        (REPLACED.format("DELETE", ""), "tgtype"),
        (REPLACED.format("UPDATE OR DELETE", "WHEN (false)"), "conditions"),
        (REPLACED.format("UPDATE OF code OR DELETE", ""), "conditions"),
        (EMPTIED, "prosrc"),
    ],
)
def test_a_trigger_that_was_weakened_on_postgresql_is_named(postgres_record: Record, attack: str, column: str) -> None:
    with postgres_record.attacked(unprotected=False) as connection:
        connection.execute(text(attack))
    assert ("event_no_change", column) in {(f.number, f.column) for f in verify(postgres_record.url).findings}


@pytest.mark.postgres
@pytest.mark.parametrize("value", ["infinity", "-infinity", "2026-04-11 16:00:00+00 BC"])
def test_an_instant_outside_of_all_calendars_is_named(postgres_record: Record, value: str) -> None:
    with postgres_record.attacked() as connection:
        clock = running_clock(connection, MEDIATION)
        for column in ("due_at", "stopped_at"):
            connection.execute(
                text(f"UPDATE clock SET {column} = '{value}' WHERE case_id = {MEDIATION} AND number = {clock}")
            )
    assert named(verify(postgres_record.url)) == {
        ("rows.differs", "clock", MEDIATION, clock, column) for column in ("due_at", "stopped_at")
    }


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 100])
def test_what_is_no_record_makes_the_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "other.db"
    if content is not None:
        path.write_bytes(content)
    assert main([str(path)]) == 3
    assert capsys.readouterr().err.startswith("cannot read ")


def test_an_anchor_that_is_not_there_is_not_blamed_on_the_database(
    sqlite_record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    assert main([sqlite_record.url, "--anchors", str(gone)]) == 3
    said = capsys.readouterr().err
    assert str(gone) in said
    assert str(sqlite_record.path) not in said


def test_a_server_that_does_not_answer_makes_the_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["postgresql+psycopg://somebody:pass-phrase@127.0.0.1:1/huiyin"]) == 3
    assert "pass-phrase" not in capsys.readouterr().err


def test_a_file_of_which_pages_were_overwritten_is_never_ok(sqlite_record: Record) -> None:
    assert sqlite_record.path
    with sqlite_record.path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\0" * 16 * 4096)
    assert main([str(sqlite_record.path)]) in (1, 3)


def test_it_reads_a_copy_made_while_the_program_is_at_work(sqlite_record: Record, tmp_path: Path) -> None:
    engine = open_engine(sqlite_record.url)
    copy = tmp_path / "backup" / "copy.db"
    copy.parent.mkdir()
    with transaction(engine) as connection:
        connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values(state="closed"))
        # Not committed yet: neither the copy nor the file itself shows it.
        with sqlite3.connect(f"file:{sqlite_record.path}?mode=ro", uri=True) as live, sqlite3.connect(copy) as target:
            live.backup(target)
        live.close()
        target.close()
        assert verify(str(copy)).ok
        assert verify(sqlite_record.url).ok
        connection.rollback()
    engine.dispose()


def test_it_leaves_the_file_as_it_was(sqlite_record: Record) -> None:
    assert sqlite_record.path
    before = hashlib.sha256(sqlite_record.path.read_bytes()).hexdigest()
    assert verify(sqlite_record.url).ok
    assert hashlib.sha256(sqlite_record.path.read_bytes()).hexdigest() == before
