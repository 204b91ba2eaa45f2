"""An office with a past of tens of thousands of cases: the demo, and every case of it again and again under other numbers.

A copy has everything that its case has, in every table: its events are chained anew with its own number, its own form ids
and its own tracking code, so that `huiyin verify` has nothing to say of it. Times stay as they are: what differs in life
from day to day differs here from case to case of the demo. Texts, commitments and people are those of the demo too.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text, update

from benchmarks.copies import bulk
from benchmarks.dialects import of
from cases.assessment_tables import Mark, Sign
from cases.tables import (
    Agreement,
    Appointment,
    Case,
    Clock,
    Custody,
    Party,
    PersonalText,
    Rating,
    Recusal,
    Series,
    Session,
    Tracking,
    Waiver,
)
from demo.building import build_demo
from infra.columns import Row
from infra.db import reading
from ledger.chain import GENESIS, event_hash
from ledger.tables import Event, Message, StreamHead
from workflow.spelling import stamp

#: When the demo of a measure is made, whatever day it is.
GROWN_AT = datetime(2026, 11, 27, 1, tzinfo=UTC)
#: Tables that a copy inside the database is enough for, with the column that names the case.
ALIKE: tuple[tuple[type[Row], str], ...] = (
    (PersonalText, "case_id"), (Clock, "case_id"), (Party, "case_id"), (Custody, "case_id"), (Appointment, "case_id"),
    (Session, "case_id"), (Agreement, "case_id"), (Rating, "case_id"), (Waiver, "case_id"), (Recusal, "case_id"),
    (Mark, "case_id"),
    (Sign, "case_id"), (Message, "stream"),
)  # fmt: skip
AT_ONCE = 5_000
_OF_A_CASE = re.compile(r"(:clock:|:recounted:)(\d+)\.")


def grown_office(engine: Engine, *, cases: int, share: int = 1, at: datetime = GROWN_AT) -> int:
    """At least so many cases in an empty database with the schema; returns how many there are. The demo that they are
    copied from is that of the instant `at`, and has one in `share` of its matters."""
    build_demo(engine, now=at, share=share, present=False, assessed=False)
    with reading(engine) as connection:
        own = list(connection.execute(select(*_columns(Case)).order_by(Case.__table__.c.id)))  # type: ignore[attr-defined]
    last = max(row.id for row in own)
    copies = -(-cases // len(own)) - 1
    if copies > 0:
        with bulk(engine) as connection:
            _copy_cases(connection, own, copies=copies, apart=last)
            for table, column in ALIKE:
                _copy_alike(connection, table, column, copies=copies, apart=last)
            _copy_chains(connection, {row.id: row for row in own}, copies=copies, apart=last)
            times = {"times": copies + 1}
            connection.execute(text("UPDATE tally SET n = n * :times"), times)
    return len(own) * (copies + 1)


def _columns(table: type[Row]) -> Any:
    return table.__table__.c  # type: ignore[attr-defined]


# -- rows of the present ----------------------------------------------------------------------------------------------


def _copy_cases(connection: Connection, own: list[Any], *, copies: int, apart: int) -> None:
    """Cases and their tracking codes; the running numbers go on without a gap."""
    series = {(row.series, row.year): row.last for row in connection.execute(select(*_columns(Series)))}
    codes = {row.case_id: row.code_hash for row in connection.execute(select(*_columns(Tracking)))}
    for copy in range(1, copies + 1):
        rows = [
            {
                **row._mapping,
                "id": row.id + copy * apart,
                "public_id": _another(row.public_id, copy),
                "serial": row.serial + copy * series[row.series, row.year],
            }
            for row in own
        ]
        connection.execute(insert(Case), rows)
        tracked = [{"code_hash": _another(code, copy), "case_id": id_ + copy * apart} for id_, code in codes.items()]
        connection.execute(insert(Tracking), tracked)
    connection.execute(update(Series).values(last=_columns(Series).last * (copies + 1)))


def _another(name: str, copy: int) -> str:
    """Another name of as many hexadecimal digits, the same for the same copy."""
    return hashlib.sha256(f"{name}/{copy}".encode()).hexdigest()[: len(name)]


def _copy_alike(connection: Connection, table: type[Row], column: str, *, copies: int, apart: int) -> None:
    names = [one.name for one in _columns(table) if one.name != "id"]
    values = ", ".join(f"t.{name} + n * :apart" if name == column else f"t.{name}" for name in names)
    statement = (
        f"INSERT INTO {table.__tablename__} ({', '.join(names)}) {of(connection).series} "
        f"SELECT {values} FROM series CROSS JOIN {table.__tablename__} t WHERE t.{column} BETWEEN 1 AND :apart"
    )
    connection.execute(text(statement), {"first": 1, "last": copies, "apart": apart})


# -- chains -----------------------------------------------------------------------------------------------------------


def _copy_chains(connection: Connection, own: dict[int, Any], *, copies: int, apart: int) -> None:
    columns = _columns(Event)
    query = select(*columns).where(columns.stream > 0).order_by(columns.stream, columns.seq)
    streams = [list(events) for _, events in groupby(connection.execute(query).all(), key=attrgetter("stream"))]
    codes = {row.case_id: row.code_hash for row in connection.execute(select(*_columns(Tracking)))}
    series = {(row.series, row.year): row.last // (copies + 1) for row in connection.execute(select(*_columns(Series)))}
    heads: list[dict[str, Any]] = []

    def rows() -> Iterator[dict[str, Any]]:
        for copy in range(1, copies + 1):
            for events in streams:
                case = own[events[0].stream]
                new = {
                    case.public_id: _another(case.public_id, copy),
                    codes[case.id]: _another(codes[case.id], copy),
                    f'"serial":{case.serial},': f'"serial":{case.serial + copy * series[case.series, case.year]},',
                }
                chained = [*_chained(events, case.id + copy * apart, copy, new)]
                yield from chained
                end = chained[-1]
                heads.append({"stream": end["stream"], "seq": end["seq"], "hash": end["hash"], "tallied": end["seq"], "anchored": 0})  # fmt: skip

    waiting = rows()
    while some := list(islice(waiting, AT_ONCE)):
        connection.execute(insert(Event), some)
    connection.execute(insert(StreamHead), heads)


def _chained(events: list[Any], stream: int, copy: int, new: dict[str, str]) -> Iterator[dict[str, Any]]:
    before = GENESIS
    for event in events:
        data = event.data
        if event.seq == 1:  # what is written once stands in the first
            for known, other in new.items():
                data = data.replace(known, other)
        key = event.key and (
            f"request:{_another(event.key.removeprefix('request:'), copy)}"
            if event.key.startswith("request:")
            else _OF_A_CASE.sub(rf"\g<1>{stream}.", event.key)
        )
        hashed = event_hash(
            [
                stream, event.seq, event.code, stamp(event.occurred_at), stamp(event.recorded_at), event.actor,
                event.role, event.unit, data, key, before,
            ]
        )  # fmt: skip
        yield {
            "stream": stream, "seq": event.seq, "code": event.code, "occurred_at": event.occurred_at,
            "recorded_at": event.recorded_at, "actor": event.actor, "role": event.role, "unit": event.unit,
            "data": data, "key": key, "hash": hashed,
        }  # fmt: skip
        before = hashed
