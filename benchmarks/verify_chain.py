"""How far the chain part of `huiyin verify` is from reading the events and hashing them.

Ours reads as `verify/in_step.py` does, stream by stream in step with the heads, and checks seq, hash and head. The limit
reads the same columns of all events in the same order through the bare driver, and hashes each row's text and the hash
before by SHA-256: it compares nothing. The events are those of the office's case over and over, rightly chained.
"""

import hashlib
import json
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import psycopg
from sqlalchemy import Engine, insert, select

from benchmarks.copies import bulk
from benchmarks.databases import Bench, database
from benchmarks.memory import peak_of
from benchmarks.office import Staff, staff_of
from benchmarks.ratios import Finding, compare, seconds
from infra.db import reading
from ledger.chain import GENESIS, Head, NewEvent, chained, request_key
from ledger.tables import Event, StreamHead
from verify import stream as verify_stream
from verify.in_step import in_step
from verify.report import Notes
from verify.sources import PAGE, opened
from verify.stream import EVENT_COLUMNS, chain
from workflow.model import Actor, Role

STREAMS, STREAMS_SMALL, EVENTS_A_STREAM = 4000, 100, 50
STREAMS_AT_ONCE = 100
ROUNDS, ROUNDS_SMALL = 5, 3
OF_BARE = 0.5  #: the gate: the share of the bare loop's speed
BY_HAND = f"SELECT {', '.join(EVENT_COLUMNS)} FROM event ORDER BY stream, seq"
#: Instants as text: the driver's own values of them would cost more than all else.
BY_HAND_POSTGRESQL = BY_HAND.replace("_at,", "_at::text,")


def measure(bench: Bench) -> Iterator[Finding]:
    for dialect in bench.dialects:
        with database(bench, dialect) as engine:
            _ledger(engine, staff_of(engine), streams=STREAMS_SMALL if bench.small else STREAMS)
            yield _speed(engine, rounds=ROUNDS_SMALL if bench.small else ROUNDS)
            if bench.measures_memory(dialect):
                yield _memory(engine)


def _speed(engine: Engine, *, rounds: int) -> Finding:
    events = verified(engine)
    assert events == by_hand(engine), "both read all events"
    found = compare(
        lambda: seconds(lambda: verified(engine)),
        lambda: seconds(lambda: by_hand(engine)),
        rounds=rounds,
    )
    return Finding(
        name=f"chains of verify, {engine.dialect.name}",
        ours=f"{events / found.ours_seconds:,.0f} events/s of {events:,}",
        limit=f"{events / found.other_seconds:,.0f} read and hashed",
        ratio=1 / found.ratio,
        gate=OF_BARE,
        at_least=True,
    )


def _memory(engine: Engine) -> Finding:
    ours, limit = peak_of(verified, engine), peak_of(by_hand, engine)
    return Finding(
        name=f"memory of chains, {engine.dialect.name}",
        ours=f"{ours:.0f} MiB",
        limit=f"{limit:.0f} MiB by hand",
        ratio=ours / limit,
    )


# -- the ledger -------------------------------------------------------------------------------------------------------


def _ledger(engine: Engine, staff: Staff, *, streams: int) -> None:
    """So many streams under the ids after the office's case, of fifty events each."""
    events, first = _events_of(engine, staff.case_id), staff.case_id + 1
    with bulk(engine) as connection:
        for start in range(first, first + streams, STREAMS_AT_ONCE):
            several = [_stream(number, events) for number in range(start, start + STREAMS_AT_ONCE)]
            connection.execute(insert(Event), [row for _, rows in several for row in rows])
            connection.execute(insert(StreamHead), [head for head, _ in several])


def _events_of(engine: Engine, case_id: int) -> list[NewEvent]:
    columns = Event.__table__.c  # type: ignore[attr-defined]
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).where(columns.stream == case_id).order_by(columns.seq)).all()
    return [
        NewEvent(
            code=row.code, occurred_at=row.occurred_at, recorded_at=row.recorded_at, data=json.loads(row.data),
            actor=Actor(account=row.actor, role=Role(row.role), unit=row.unit, units=frozenset()),
        )
        for row in rows
    ]  # fmt: skip


def _stream(number: int, events: Sequence[NewEvent]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    head, rows = Head(0, GENESIS), []
    for event in islice(cycle(events), EVENTS_A_STREAM):
        keyed = replace(event, key=request_key(f"{number}.{head.seq}"))
        head, row = chained(number, head, keyed)
        rows.append(row)
    return {"stream": number, "seq": head.seq, "hash": head.hash, "tallied": 0, "anchored": 0}, rows


# -- ours -------------------------------------------------------------------------------------------------------------


def verified(engine: Engine) -> int:
    """How many events the chain part of `verify` has found in their place."""
    notes = Notes()
    notes.begin("chains")
    columns = {"event": EVENT_COLUMNS, "stream_head": ("stream", "seq", "hash")}
    with opened(engine.url.render_as_string(hide_password=False)) as source:
        tables = {table: source.rows(table, wanted, wanted[:2]) for table, wanted in columns.items()}
        for stream, rows in in_step(tables):
            head = next(((seq, hash_) for _, seq, hash_ in rows.pop("stream_head", ())), None)
            events = map(verify_stream.Event._make, rows.pop("event", ()))
            deque(chain(stream, events, head, notes), maxlen=0)
    assert not notes.findings, notes.findings[:3]
    return notes.counts["chains"]


# -- by hand ----------------------------------------------------------------------------------------------------------


def by_hand(engine: Engine) -> int:
    """How many events there are, each read and hashed with the hash before."""
    before, events, sha256 = "", 0, hashlib.sha256
    with _streamed(engine) as rows:
        for row in rows:
            sha256(("\n".join(map(str, row)) + before).encode()).hexdigest()
            before = row[-1]
            events += 1
    return events


@contextmanager
def _streamed(engine: Engine) -> Iterator[Iterable[tuple[Any, ...]]]:
    """The rows as the driver gives them, one after the other."""
    if engine.dialect.name == "sqlite":
        assert engine.url.database, "a file"
        with closing(sqlite3.connect(engine.url.database)) as driver:
            yield driver.execute(BY_HAND)
        return
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as server, server.cursor(name="by_hand") as cursor:
        cursor.itersize = PAGE
        cursor.execute(BY_HAND_POSTGRESQL)
        yield cursor
