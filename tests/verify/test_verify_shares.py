"""A verification that is shared out among processes finds what one process finds."""

import pytest
from sqlalchemy import insert, text, update

from ops.marks_anew import marks_anew
from tests.verify.records import CASE, HEAD, HOTLINE, MEDIATION, MESSAGE, PETITION, START, Record, event
from tests.verify.records import EVENT as EVENTS
from verify import shares as verify_shares
from verify.checking import UNREADABLE, main, verify
from verify.report import Report
from verify.shares import shares_of
from verify.sources import Span, opened


@pytest.fixture(autouse=True)
def _every_case_is_worth_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_shares, "LEAST", 1)


def _lines(report: Report) -> list[str]:
    return sorted(finding.line() for finding in report.findings)


def test_each_case_is_in_exactly_one_share_and_the_last_is_open(record: Record) -> None:
    with opened(record.url) as source:
        assert shares_of(source, 2) == [Span(1, HOTLINE), Span(HOTLINE, PETITION), Span(PETITION, None)]
        assert shares_of(source, 1) == [Span(1, None)]


def test_a_sound_record_is_sound_and_as_much_of_it_was_looked_at(record: Record) -> None:
    alone, shared = (verify(record.url, marks=marks_anew, processes=n) for n in (1, 2))
    assert shared.ok
    assert shared == alone


def test_every_fault_is_found_wherever_it_lies(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(CASE).where(CASE.c.id == MEDIATION).values(state="closed"))
        connection.execute(update(EVENTS).where(event(PETITION, 1)).values(data="{}"))
        connection.execute(update(HEAD).where(HEAD.c.stream == HOTLINE).values(seq=99))
        connection.execute(text(f"DELETE FROM custody WHERE case_id = {HOTLINE}"))
        for stream in (-5, 0, 500):
            connection.execute(
                insert(MESSAGE).values(recorded_at=START, stream=stream, seq=900, recipient=1, attempts=0)
            )
    alone, shared = (verify(record.url, marks=marks_anew, processes=n) for n in (1, 2))
    assert {finding.stream for finding in shared.findings} >= {-5, 0, MEDIATION, HOTLINE, PETITION, 500}
    assert _lines(shared) == _lines(alone)
    assert shared.counts == alone.counts


def test_what_is_no_number_lies_at_an_open_end(sqlite_record: Record) -> None:
    with sqlite_record.attacked() as connection:
        connection.execute(text("UPDATE event SET stream = 'x' WHERE stream = 3 AND seq = 1"))
        connection.execute(text("UPDATE party SET case_id = 'y' WHERE case_id = 1"))
    alone, shared = (verify(sqlite_record.url, processes=n) for n in (1, 2))
    assert {"x", "y"} <= {finding.stream for finding in shared.findings}
    assert _lines(shared) == _lines(alone)


def test_a_table_that_is_gone_ends_it_whoever_notices(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    with record.attacked() as connection:
        connection.execute(text("DROP TABLE rating"))
    assert main([record.url, "--processes", "2"]) == UNREADABLE
    assert "no table rating" in capsys.readouterr().err
