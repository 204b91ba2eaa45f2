"""`huiyin verify` as a whole: a sound record is OK, messages and numbers add up, and how it is run."""

import ast
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update

from tests.verify.records import (
    CASE,
    CLOCK,
    EVENT,
    HOTLINE,
    MEDIATION,
    MESSAGE,
    PETITION,
    SERIES,
    START,
    Record,
    crossings,
    named,
)
from verify.checking import main, verify
from verify.report import SENTENCES, without_password

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "verify"
PARTS = sorted(SCRIPT.glob("*.py"))
CASE_TABLES = ("tracking", "message", "clock", "party", "personal_text", "custody", "appointment", "mediation_session")


# -- the untouched record ---------------------------------------------------------------------------------------------


def test_an_untouched_record_is_ok_and_the_last_line_says_so(
    record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([record.url]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "OK"


def test_everything_in_it_has_been_looked_at(record: Record) -> None:
    counts = verify(record.url).counts
    with record.attacked(unprotected=False) as connection:
        for check, table in (("chains", EVENT), ("derived", CLOCK), ("messages", MESSAGE), ("series", CASE)):
            assert counts[check] == len(connection.execute(select(table)).all()) > 0
        assert counts["crossings"] == len(
            connection.execute(select(EVENT).where(EVENT.c.code == "clock:crossed")).all()
        )
    assert counts["triggers"] == len(record.triggers) == 11


# -- messages ---------------------------------------------------------------------------------------------------------


def test_a_message_about_no_event_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(
            insert(MESSAGE).values(recorded_at=START, stream=MEDIATION, seq=500, recipient=1, attempts=0)
        )
        connection.execute(insert(MESSAGE).values(recorded_at=START, stream=500, seq=1, recipient=1, attempts=0))
    assert named(verify(record.url)) == {
        ("messages.orphan", "message", MEDIATION, 500, None),
        ("messages.orphan", "message", 500, 1, None),
    }


def test_a_second_message_to_the_same_person_about_the_same_event_is_named(record: Record) -> None:
    with record.attacked() as connection:
        # An event about which several people are told: the two messages do not stand next to each other.
        told = select(MESSAGE).where(MESSAGE.c.stream == PETITION, MESSAGE.c.seq == crossings(connection, PETITION)[0])
        first = connection.execute(told.order_by(MESSAGE.c.recipient)).first()
        assert first
        again = dict(first._mapping) | {"id": 9999, "recorded_at": START + timedelta(days=1)}
        connection.execute(insert(MESSAGE).values(again))
    found = named(verify(record.url))
    assert ("messages.twice", "message", first.stream, first.seq, "recipient") in found
    assert ("messages.differs", "message", first.stream, first.seq, "recorded_at") in found


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_a_case_that_was_deleted_with_all_its_traces_leaves_a_number_that_nobody_has(record: Record) -> None:
    with record.attacked() as connection:
        for table in CASE_TABLES:
            key = "stream" if table == "message" else "case_id"
            connection.execute(text(f"DELETE FROM {table} WHERE {key} = {HOTLINE}"))
        for table in ("event", "stream_head"):
            connection.execute(text(f"DELETE FROM {table} WHERE stream = {HOTLINE}"))
        connection.execute(delete(CASE).where(CASE.c.id == HOTLINE))
    assert named(verify(record.url)) == {("series.missing", "series", None, "热线字 2026", "serial")}


def test_gaps_of_numbers_are_named_one_by_one(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(SERIES).where(SERIES.c.series == "访字").values(last=6))
        connection.execute(update(CASE).where(CASE.c.id == PETITION).values(serial=4))
    lines = [finding.line() for finding in verify(record.url).findings if finding.check == "series"]
    assert lines == [
        "series, 访字 2026, serial: no case has serial 1 to 3",
        "series, 访字 2026, serial: no case has serial 5 to 6",
    ]


@pytest.mark.postgres
def test_a_number_that_two_cases_have_is_named(postgres_record: Record) -> None:
    with postgres_record.attacked() as connection:
        connection.execute(text("ALTER TABLE cases DROP CONSTRAINT uq_cases_series_year_serial"))
        connection.execute(update(CASE).where(CASE.c.id == HOTLINE).values(series="访字"))
    assert ("series.twice", "series", None, "访字 2026", "serial") in named(verify(postgres_record.url))


def test_a_series_that_was_set_back_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(SERIES).where(SERIES.c.series == "访字").values(last=0))
        connection.execute(delete(SERIES).where(SERIES.c.series == "热线字"))
    assert named(verify(record.url)) == {
        ("series.beyond", "series", None, "访字 2026", "last"),
        ("series.differs", "series", None, "热线字 2026", "last"),
    }


# -- how it is run ----------------------------------------------------------------------------------------------------


def test_findings_make_the_exit_code_1_and_the_last_line_counts_them(
    record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    with record.attacked(unprotected=False) as connection:
        connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values(state="closed", version=1))
    assert main([record.url]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "NOT OK: 2 findings"


def test_json_holds_every_finding_as_fields_and_as_a_line(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    with record.attacked(unprotected=False) as connection:
        connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values(version=1))
    assert main([record.url, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    (finding,) = answer["findings"]
    assert (finding["code"], finding["stream"], finding["stored"]) == ("versions.differs", MEDIATION, 1)
    assert finding["line"].startswith("cases, case 1, version: stored 1")


def test_the_script_needs_nothing_but_the_standard_library(sqlite_record: Record) -> None:
    # -I: no environment, no current directory; -S: no installed packages.
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(sqlite_record.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "OK"


def test_it_shares_no_code_with_what_it_verifies() -> None:
    assert len(PARTS) == 15
    names: set[str] = set()
    for part in PARTS:
        for node in ast.walk(ast.parse(part.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    own = {f"verify.{part.stem}" for part in PARTS}
    # The driver of PostgreSQL, and what checks a signature; each is asked for only where it is needed.
    others = {name.partition(".")[0] for name in names - own}
    assert others - sys.stdlib_module_names == {"psycopg", "cryptography"}


def test_a_password_is_not_printed() -> None:
    assert without_password("postgresql://huiyin:secret@db/huiyin") == "postgresql://huiyin:***@db/huiyin"


def test_every_sentence_is_said_by_a_check_and_heard_by_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_verify*.py"))
    checks = (*(part for part in PARTS if part.stem != "report"), ROOT / "ops" / "marks_anew.py")
    source = "".join(part.read_text("utf-8") for part in checks)
    assert [code for code in SENTENCES if f'"{code}"' not in tests] == []
    assert [code for code in SENTENCES if f'"{code}"' not in source] == []
