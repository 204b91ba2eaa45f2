"""Whatever is changed in a row behind the ledger's back is named: table, case, number, column and both values."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from infra.db import open_engine, transaction
from ledger import chain
from ledger.chain import NewEvent
from tests.verify.records import (
    CASE,
    CLOCK,
    CUSTODY,
    EVENT,
    HOTLINE,
    MEDIATION,
    PARTY,
    PETITION,
    SECRET_WORDS,
    START,
    TEXT,
    TRACKING,
    Record,
    event,
    named,
    rechain,
    running_clock,
)
from verify.checking import main, verify
from workflow.model import TIMERS


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("due_at", START + timedelta(days=90)),
        ("started_at", START + timedelta(days=1)),
        ("length", 90),
        ("rule", "MED-99"),
        ("kind", "external"),
        ("pauses", '[["2026-03-02T03:00:00.000000Z","2026-05-02T03:00:00.000000Z","appraisal"]]'),
        ("rungs", "[]"),
        ("waived", True),
        ("extends", None),
        ("stopped_at", START + timedelta(days=26)),
        ("outcome", "met"),
        ("policy", "0"),
    ],
)
def test_an_edited_clock_is_named(record: Record, column: str, value: Any) -> None:
    with record.attacked() as connection:
        clock = running_clock(connection, MEDIATION)
        row = (CLOCK.c.case_id == MEDIATION) & (CLOCK.c.number == clock)
        connection.execute(update(CLOCK).where(row).values({column: value}))
    assert named(verify(record.url)) == {("rows.differs", "clock", MEDIATION, clock, column)}


def test_a_finding_names_the_stored_value_and_the_one_in_the_ledger(record: Record) -> None:
    with record.attacked() as connection:
        clock = running_clock(connection, MEDIATION)
        row = (CLOCK.c.case_id == MEDIATION) & (CLOCK.c.number == clock)
        connection.execute(update(CLOCK).where(row).values(due_at=START))
    (line,) = (finding.line() for finding in verify(record.url).findings if finding.check == "rows")
    place, _, values = line.partition(": ")
    assert place == f"clock, case 1 number {clock}, due_at"
    # Forty days after 2 March end at 24:00 of 11 April in Shanghai.
    assert values == "stored 2026-03-02T01:00:00.000000Z, the ledger says 2026-04-11T16:00:00.000000Z"


def test_a_stopped_clock_that_was_made_to_run_again_is_named(record: Record) -> None:
    with record.attacked() as connection:
        row = (CLOCK.c.case_id == MEDIATION) & (CLOCK.c.outcome == "extended")
        number = connection.execute(select(CLOCK.c.number).where(row)).scalar_one()
        connection.execute(update(CLOCK).where(row).values(stopped_at=None, outcome=None))
    assert named(verify(record.url)) == {
        ("rows.differs", "clock", MEDIATION, number, column) for column in ("stopped_at", "outcome")
    }


def test_a_rung_that_was_moved_is_named(record: Record) -> None:
    with record.attacked() as connection:
        clock = running_clock(connection, PETITION)
        row = (CLOCK.c.case_id == PETITION) & (CLOCK.c.number == clock)
        # Fifteen days after 2 March end at 24:00 of 17 March in Shanghai.
        connection.execute(update(CLOCK).where(row).values(rungs=text("replace(rungs, '2026-03-17', '2026-04-17')")))
    assert named(verify(record.url)) == {("rows.differs", "clock", PETITION, clock, "rungs")}


@pytest.mark.parametrize("column", ["yellow_at", "red_at", "crossed_until", "next_crossing_at"])
@pytest.mark.parametrize("value", [None, START + timedelta(days=365)])
def test_a_derived_column_that_does_not_follow_is_named(record: Record, column: str, value: Any) -> None:
    with record.attacked() as connection:
        clock = running_clock(connection, MEDIATION)
        row = (CLOCK.c.case_id == MEDIATION) & (CLOCK.c.number == clock)
        connection.execute(update(CLOCK).where(row).values({column: value}))
    assert named(verify(record.url)) == {("derived.differs", "clock", MEDIATION, clock, column)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("state", "closed"),
        ("holder_unit", 1),
        ("holder_person", None),
        ("next_due_at", None),
        ("closed_at", START),
        ("milestones", ""),
        ("public_id", "0" * 32),
        ("received_at", START - timedelta(days=1)),
        ("channel", "letter"),
        ("intake_unit", 3),
    ],
)
def test_an_edited_case_is_named(record: Record, column: str, value: Any) -> None:
    with record.attacked() as connection:
        connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values({column: value}))
    assert named(verify(record.url)) == {("rows.differs", "cases", MEDIATION, None, column)}


def test_a_version_that_was_set_back_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values(version=1))
    assert named(verify(record.url)) == {("versions.differs", "cases", MEDIATION, None, "version")}


def test_a_consent_that_was_turned_round_is_named(record: Record) -> None:
    with record.attacked() as connection:
        row = (PARTY.c.case_id == MEDIATION) & (PARTY.c.number == 6)
        connection.execute(update(PARTY).where(row).values(consent="refused"))
    assert named(verify(record.url)) == {("rows.differs", "party", MEDIATION, 6, "consent")}


def test_a_row_that_the_ledger_does_not_know_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(
            insert(PARTY).values(case_id=MEDIATION, number=99, side="applicant", name=3, contact=None, consent="given")
        )
    assert named(verify(record.url)) == {("rows.orphan", "party", MEDIATION, 99, None)}


def test_a_row_that_was_deleted_is_named(record: Record) -> None:
    with record.attacked() as connection:
        number = connection.execute(select(CUSTODY.c.number).where(CUSTODY.c.case_id == MEDIATION)).scalars().first()
        connection.execute(delete(CUSTODY).where(CUSTODY.c.case_id == MEDIATION, CUSTODY.c.number == number))
    assert named(verify(record.url)) == {("rows.missing", "custody", MEDIATION, number, None)}


def test_a_value_of_which_the_ledger_says_nothing_is_named(record: Record) -> None:
    with record.attacked() as connection:
        data = connection.execute(select(EVENT.c.data).where(event(PETITION, 1))).scalar_one()
        # Keys are in alphabetical order: the waiver is the last word about a clock.
        connection.execute(update(EVENT).where(event(PETITION, 1)).values(data=data.replace(',"waived":false', "")))
        rechain(connection, PETITION)
        numbers = connection.execute(select(CLOCK.c.number).where(CLOCK.c.case_id == PETITION)).scalars().all()
    assert named(verify(record.url)) == {("rows.not_vouched", "clock", PETITION, n, "waived") for n in numbers}


def test_a_tracking_code_that_was_exchanged_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(TRACKING).where(TRACKING.c.case_id == PETITION).values(code_hash="0" * 64))
    assert named(verify(record.url)) == {("rows.differs", "tracking", PETITION, None, "code_hash")}


def test_a_case_row_that_was_deleted_is_named(sqlite_record: Record) -> None:
    with sqlite_record.attacked() as connection:
        connection.execute(delete(CASE).where(CASE.c.id == HOTLINE))
    report = verify(sqlite_record.url)
    assert ("rows.missing", "cases", HOTLINE, None, None) in named(report)
    assert "file.damaged" in {finding.code for finding in report.findings}  # rows of other tables refer to it


def test_a_case_that_was_invented_is_named(record: Record) -> None:
    with record.attacked() as connection:
        kept = dict(connection.execute(select(CASE).where(CASE.c.id == PETITION)).one()._mapping)
        connection.execute(insert(CASE).values(kept | {"id": 9, "public_id": "x", "serial": 2}))
    found = named(verify(record.url))
    assert ("rows.orphan", "cases", 9, None, None) in found
    assert {code for code, *_ in found} == {"rows.orphan", "series.beyond"}


# -- personal text ----------------------------------------------------------------------------------------------------


def test_an_edited_personal_text_is_named_without_its_words(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    with record.attacked() as connection:
        row = (TEXT.c.case_id == HOTLINE) & (TEXT.c.number == 2)
        connection.execute(update(TEXT).where(row).values(content="另一番话"))
    assert named(verify(record.url)) == {("rows.text", "personal_text", HOTLINE, 2, "content")}
    assert main([record.url]) == 1
    printed = capsys.readouterr().out
    assert "personal_text, case 2 number 2, content" in printed
    assert "另一番话" not in printed
    assert SECRET_WORDS not in printed


def test_a_text_that_is_gone_without_an_event_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(TEXT).where(TEXT.c.case_id == HOTLINE).values(content=None, salt=None))
    assert named(verify(record.url)) == {
        ("rows.emptied", "personal_text", HOTLINE, number, "content") for number in (1, 2, 3, 4)
    }


def erase(record: Record, *, numbers: list[int]) -> None:
    """The event that says that texts of the hotline order were erased, appended as the program would."""
    engine = open_engine(record.url)
    with transaction(engine) as connection:
        head = chain.lock_head(connection, HOTLINE)
        assert head
        at = START + timedelta(days=400)
        erased = NewEvent(
            code="text:erased", occurred_at=at, recorded_at=at, actor=TIMERS, data={"texts": list(numbers)}
        )
        chain.append(connection, HOTLINE, head, erased)
    engine.dispose()


def test_a_text_that_an_event_names_as_erased_may_be_gone(record: Record) -> None:
    erase(record, numbers=[1, 2])
    with record.attacked(unprotected=False) as connection:
        gone = (TEXT.c.case_id == HOTLINE) & TEXT.c.number.in_((1, 2))
        connection.execute(update(TEXT).where(gone).values(content=None, salt=None))
    assert verify(record.url).ok


def test_a_text_that_was_to_be_erased_and_is_still_there_is_named(record: Record) -> None:
    erase(record, numbers=[1])
    assert named(verify(record.url)) == {("rows.not_erased", "personal_text", HOTLINE, 1, "content")}
