"""What is read and compared the short way, as nearly all of a record is, is found all the same where only the long way sees it."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import select, text, update

from tests.verify.records import EVENT, HOTLINE, MEDIATION, PETITION, Record, named, rechain
from verify import sources as verify_sources
from verify.checking import verify
from verify.sources import opened, sqlite_file
from verify.stream import EVENT_COLUMNS, Event, said_by

KEYS = "SELECT stream, seq, key FROM event ORDER BY stream, seq"


def test_bytes_that_are_no_text_are_kept_as_they_are_and_every_row_comes_once(
    sqlite_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_sources, "PAGE", 2)
    with sqlite_record.attacked() as connection:
        for stream, seq in ((HOTLINE, 2), (PETITION, 1), (PETITION, 2)):
            connection.execute(
                text(f"UPDATE event SET key = CAST(x'ff31' AS TEXT) || id WHERE stream = {stream} AND seq = {seq}")
            )
    assert sqlite_record.path
    with closing(sqlite_file(sqlite_record.path)) as connection:  # which reads everything the long way
        expected = connection.execute(KEYS).fetchall()
    assert sum("\udcff" in str(key) for *_, key in expected) == 3
    with opened(sqlite_record.url) as source:
        beside = source.rows("event", ("stream", "seq"), ("stream", "seq"))
        ahead = [next(beside) for _ in range(3)]
        assert list(source.rows("event", ("stream", "seq", "key"), ("stream", "seq"))) == expected
        assert [*ahead, *beside] == [row[:2] for row in expected]
    found = named(verify(sqlite_record.url))
    assert found == {("chains.hash", "event", stream, seq, "hash") for stream, seq in ((2, 2), (3, 1), (3, 2))}


def test_a_trigger_that_is_no_text_does_not_end_the_check(sqlite_record: Record) -> None:
    assert sqlite_record.path
    with closing(sqlite3.connect(sqlite_record.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=on")
        connection.execute(
            "UPDATE sqlite_master SET sql = CAST(CAST(sql AS BLOB) || x'2d2dff' AS TEXT) WHERE name = 'event_no_update'"
        )
    assert [(f.code, f.number) for f in verify(sqlite_record.url).findings] == [("triggers.differs", "event_no_update")]


@pytest.mark.parametrize(
    "data",
    [
        "{}", ' {"a":1}', '{"a":1} \n', '{"a":1}x', '{"a":1},{}', "\ufeff{}", '{"a":"\x01"}', '{"a":NaN}', '{"a":1,"a":2}', "",
        '{"a":"\udcff"}', b'{"a":1}', None, 7, "[]", "null", "[" * 100_000,
    ],
)  # fmt: skip
def test_data_is_read_as_the_library_reads_it(data: Any) -> None:
    try:
        expected = json.loads(data)
    except (TypeError, ValueError, RecursionError):
        expected = None
    found = said_by(Event(**dict.fromkeys(EVENT_COLUMNS) | {"data": data})).data
    assert repr(found) == repr(expected if isinstance(expected, dict) else None)  # a NaN equals nothing


@pytest.mark.parametrize("table", ["cases", "clock", "custody"])
def test_a_number_that_is_equal_and_of_another_kind_is_named(record: Record, table: str) -> None:
    """1.0 is 1 to Python, and not to a record: whoever wrote the event anew has chained it rightly."""
    with record.attacked() as connection:
        for row in connection.execute(select(EVENT).where(EVENT.c.stream == MEDIATION)).all():
            data = json.loads(row.data)
            rows = data.get("wrote", {}).get(table, {})
            for one in [rows] if table == "cases" else rows.values():
                one |= {name: float(value) for name, value in one.items() if type(value) is int}
            spelled = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            connection.execute(update(EVENT).where(EVENT.c.id == row.id).values(data=spelled))
        rechain(connection, MEDIATION)
    found = {place[:3] for place in named(verify(record.url))}
    assert ("rows.differs", table, MEDIATION) in found
