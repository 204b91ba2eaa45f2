"""Rows that an event of the office vouches for: closed years, anchors, reviews of signs; and the heads of closed years."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from infra.db import open_engine, transaction
from ledger.chain import NewEvent, append_to_office
from ledger.vouching import vouched_for_office
from tests.verify.records import EVENT, HEAD, HOTLINE, MEDIATION, START, TABLES, Record, event, named, rechain
from verify.checking import verify
from workflow.model import TIMERS

CLOSE, CUTOFF, ANCHOR, REVIEW = (TABLES[name] for name in ("year_close", "year_cutoff", "anchor", "sign_review"))
DONE_AT = START + timedelta(days=60)
LONG = frozenset({"content", "scheme_content", "calendar_content", "result"})


def _wrote(connection: Connection, table: str, key: str, row: Mapping[str, Any]) -> None:
    data: dict[str, Any] = {"wrote": {table: {key: vouched_for_office(row, long=LONG)}}}
    append_to_office(
        connection, NewEvent(code="sign:reviewed", occurred_at=DONE_AT, recorded_at=DONE_AT, actor=TIMERS, data=data)
    )


@pytest.fixture
def closed(record: Record) -> Record:
    """The record with the year 2025 closed, one anchor, and a sign that was reviewed twice."""
    engine = open_engine(record.url)
    with transaction(engine) as connection:
        heads = connection.execute(select(HEAD).where(HEAD.c.stream > 0).order_by(HEAD.c.stream)).all()
        for head in heads:
            connection.execute(insert(CUTOFF).values(year=2025, stream=head.stream, seq=head.seq, hash=head.hash))
        lines = "".join(f"{head.stream} {head.seq} {head.hash}\n" for head in heads)
        year: dict[str, Any] = {
            "year": 2025, "scheme": "LIGHTS-A", "zone": "Asia/Shanghai", "policy": "abc", "scheme_content": "尺度",
            "calendar_content": "{}", "cases": len(heads), "cutoff_hash": hashlib.sha256(lines.encode()).hexdigest(),
            "result_hash": "0", "result": "结果", "proposed_by": 4, "proposed_at": DONE_AT, "closed_by": 5,
            "closed_at": DONE_AT,
        }  # fmt: skip
        connection.execute(insert(CLOSE).values(**year))
        _wrote(connection, "year_close", "2025", year)
        anchor = {"number": 1, "made_at": DONE_AT, "content": "锚"}
        connection.execute(insert(ANCHOR).values(**anchor))
        _wrote(connection, "anchor", "1", anchor)
        review: dict[str, Any] = {
            "sign": "late_pause", "stream": MEDIATION, "seq": 3, "reviewed_by": 5, "reviewed_at": DONE_AT,
        }  # fmt: skip
        connection.execute(insert(REVIEW).values(**review, verdict="explained"))
        for verdict in ("unclear", "explained"):
            _wrote(connection, "sign_review", f"late_pause {MEDIATION} 3", {**review, "verdict": verdict})
    engine.dispose()
    return record


def test_rows_that_their_events_vouch_for_are_in_order(closed: Record) -> None:
    report = verify(closed.url)
    assert report.ok, report.text()
    assert (
        report.counts["office"] == 3 + 3 + 1 + 3 + 5
    )  # rows, heads of the closed year; the office, its units, its accounts


@pytest.mark.parametrize(
    ("table", "column", "value", "key"),
    [
        (CLOSE, "zone", "Europe/London", "2025"),
        (CLOSE, "cases", 2, "2025"),
        (CLOSE, "closed_by", 4, "2025"),
        (CLOSE, "closed_at", DONE_AT + timedelta(seconds=1), "2025"),
        (CLOSE, "result", "结果 ", "2025"),
        (ANCHOR, "made_at", DONE_AT - timedelta(days=1), "1"),
        (ANCHOR, "content", "", "1"),
        (REVIEW, "verdict", "unclear", f"late_pause {MEDIATION} 3"),
    ],
)
def test_a_column_that_was_changed_is_named(closed: Record, table: Any, column: str, value: Any, key: str) -> None:
    with closed.attacked() as connection:
        connection.execute(update(table).values({column: value}))
    assert named(verify(closed.url)) == {("office.differs", table.name, None, key, column)}


def test_a_row_under_another_key_is_both_missing_and_too_many(closed: Record) -> None:
    with closed.attacked() as connection:
        connection.execute(update(ANCHOR).values(number=2))
    assert named(verify(closed.url)) == {
        ("office.orphan", "anchor", None, "2", None),
        ("office.missing", "anchor", None, "1", None),
    }


def test_a_row_that_was_deleted_is_named(closed: Record) -> None:
    with closed.attacked() as connection:
        connection.execute(delete(REVIEW))
    assert named(verify(closed.url)) == {("office.missing", "sign_review", None, f"late_pause {MEDIATION} 3", None)}


def test_a_head_of_a_closed_year_that_was_moved_is_named_twice(closed: Record) -> None:
    """It is no longer in the hash over all of them, and no event is there."""
    with closed.attacked() as connection:
        connection.execute(update(CUTOFF).where(CUTOFF.c.stream == HOTLINE).values(seq=1))
    assert named(verify(closed.url)) == {
        ("office.cutoff", "year_cutoff", None, 2025, "hash"),
        ("office.no_event", "year_cutoff", HOTLINE, 2025, None),
    }


def test_a_head_that_was_taken_out_of_a_closed_year_is_missed(closed: Record) -> None:
    with closed.attacked() as connection:
        connection.execute(delete(CUTOFF).where(CUTOFF.c.stream == HOTLINE))
    expected = {("office.cutoff", "year_cutoff", None, 2025, column) for column in ("cases", "hash")}
    assert named(verify(closed.url)) == expected


def test_all_heads_taken_out_are_missed_and_those_of_no_year_are_too_many(closed: Record) -> None:
    with closed.attacked() as connection:
        connection.execute(update(CUTOFF).values(year=2024))
    assert named(verify(closed.url)) == {
        ("office.orphan", "year_cutoff", None, 2024, None),
        ("office.cutoff", "year_cutoff", None, "2025", "cases"),
        ("office.cutoff", "year_cutoff", None, "2025", "hash"),
    }


@pytest.mark.parametrize("data", ["[]", '{"wrote":7}', '{"wrote":{"anchor":[]}}', '{"wrote":{"anchor":{"1":7}}}', "x"])
def test_an_event_of_the_office_with_odd_data_vouches_for_nothing(closed: Record, data: str) -> None:
    with closed.attacked() as connection:
        connection.execute(update(EVENT).where(event(0, 12)).values(data=data))
        rechain(connection, 0)
    assert ("office.orphan", "anchor", None, "1", None) in named(verify(closed.url))
