"""The ledger: events in streams, each chained to the one before by its hash. One stream a case, stream 0 the office's.

The hash is SHA-256 over a JSON array of the event's columns and the hash before it, so that anyone can recompute it
with a standard library (`verify/checking.py` does, without this module). Personal text is never in an event: it holds the
salted commitment, the text stands in `personal_text`.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import bindparam

from infra.among import is_among
from infra.statements import Statement
from ledger.tables import Event, StreamHead
from ledger.upcasters import Data, data_of, in_present_shape
from workflow.model import Actor, Json
from workflow.spelling import stamp

log = logging.getLogger(__name__)

OFFICE_STREAM = 0
#: What an event says of a deputy: in whose place the actor acted.
IN_PLACE_OF = "in_place_of"
GENESIS = ""
#: What closing a year and contesting a light wait for each other by (`wait_for_key`).
CLOSING = "year:closing"

_head = StreamHead.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
EVENT_COLUMNS = (
    "stream", "seq", "code", "occurred_at", "recorded_at", "actor", "role", "unit", "data", "key", "hash",
)  # fmt: skip

_LOCK = Statement(select(_head.seq, _head.hash).where(_head.stream == bindparam("stream")).with_for_update())
_FOUND = Statement(
    insert(StreamHead).values(
        stream=bindparam("stream"), seq=bindparam("seq"), hash=bindparam("hash"), tallied=0, anchored=0
    )
)
_MOVE = Statement(
    update(StreamHead)
    .where(_head.stream == bindparam("key_stream"))
    .values(seq=bindparam("seq"), hash=bindparam("hash"))
)
# Inline: nobody asks for the id that the database gives.
_INSERT = Statement(insert(Event).values({name: bindparam(name) for name in EVENT_COLUMNS}).inline())
_LAST_AT = Statement(
    select(_event.recorded_at).where(_event.stream == bindparam("stream"), _event.seq == bindparam("seq"))
)
_BY_KEY = Statement(select(_event.stream, _event.seq, _event.code, _event.data).where(_event.key == bindparam("key")))
#: Made once: `json.dumps` makes an encoder for each call that wants anything but the defaults.
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Head(NamedTuple):
    """The end of a stream's chain: `at` is when its last event was recorded. Seq 0 is the stream before its first event."""

    seq: int
    hash: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event before it has its place in a chain. `occurred_at` is when it came true, `recorded_at` when it was noticed."""

    code: str
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    data: Mapping[str, Json]
    key: str | None = None


def lock_head(connection: Connection, stream: int) -> Head | None:
    """The head of a stream, locked until the transaction ends; None if there is no such stream."""
    rows = _LOCK.rows(connection, stream=stream)
    if not rows:
        return None
    seq, hashed = rows[0]
    # Asked for under the lock: joined to it, the event would be that of before the wait.
    last = _LAST_AT.rows(connection, stream=stream, seq=seq)
    return Head(seq, hashed, last[0][0] if last else None)


def lock_heads(connection: Connection, streams: Iterable[int]) -> dict[int, Head]:
    """The heads of many streams, locked in ascending order, so that two who lock never wait for each other in a ring."""
    wanted = sorted(set(streams))
    rows = connection.execute(
        select(_head.stream, _head.seq, _head.hash)
        .where(is_among(_head.stream, wanted))
        .order_by(_head.stream)
        .with_for_update()
    ).all()
    at_ends = (_event.stream == _head.stream) & (_event.seq == _head.seq)
    ends = (
        select(_head.stream, _event.recorded_at)
        .join_from(StreamHead, Event, at_ends)
        .where(is_among(_head.stream, wanted))
    )
    last = {row.stream: row.recorded_at for row in connection.execute(ends)}
    return {row.stream: Head(row.seq, row.hash, last.get(row.stream)) for row in rows}


def not_before(now: datetime, head: Head) -> datetime:
    """`now`, or the instant of the last event if the clock of the machine is behind it: nothing in a chain is dated before
    what it follows. Says so in the log, once a day of the record."""
    if head.at is None or now >= head.at:
        return now
    _say_that_the_clock_is_behind(head.at.date())
    return head.at


@cache
def _say_that_the_clock_is_behind(day: date) -> None:
    log.error(
        "the clock of this machine is behind the record: steps are dated by the record", extra={"record": str(day)}
    )


def begin_stream(connection: Connection, stream: int) -> Head:
    _FOUND.run(connection, stream=stream, seq=0, hash=GENESIS)
    return Head(0, GENESIS)


def append(connection: Connection, stream: int, head: Head, event: NewEvent) -> Head:
    """Writes one event at the end of a locked stream and returns the new head."""
    head, row = chained(stream, head, event)
    _INSERT.run(connection, **row)
    _MOVE.run(connection, key_stream=stream, seq=head.seq, hash=head.hash)
    return head


def append_rows(connection: Connection, rows: list[dict[str, Any]], heads: Mapping[int, Head]) -> None:
    """Writes many events that `chained` has prepared, and moves the heads of their streams, in two statements."""
    _INSERT.run_many(connection, rows)
    _MOVE.run_many(connection, [{"key_stream": s, "seq": h.seq, "hash": h.hash} for s, h in heads.items()])


def append_to_office(connection: Connection, event: NewEvent) -> Head:
    """An event of the office itself: a sign-in, an export."""
    head = lock_head(connection, OFFICE_STREAM) or begin_stream(connection, OFFICE_STREAM)
    return append(connection, OFFICE_STREAM, head, event)


def chained(stream: int, head: Head, event: NewEvent) -> tuple[Head, dict[str, Any]]:
    """The event's row at the end of the chain, and the head after it. Its data say which shape they have."""
    seq, actor = head.seq + 1, event.actor
    said = event.data if actor.stands_in_for is None else {**event.data, IN_PLACE_OF: actor.stands_in_for}
    data = _SORTED.encode(in_present_shape(event.code, said))
    recorded_at = not_before(event.recorded_at, head)
    occurred_at = recorded_at if event.occurred_at == event.recorded_at else event.occurred_at
    hashed = event_hash(
        [
            stream, seq, event.code, stamp(occurred_at), stamp(recorded_at),
            actor.account, actor.role.value, actor.unit, data, event.key, head.hash,
        ]
    )  # fmt: skip
    row = {
        "stream": stream,
        "seq": seq,
        "code": event.code,
        "occurred_at": occurred_at,
        "recorded_at": recorded_at,
        "actor": actor.account,
        "role": actor.role.value,
        "unit": actor.unit,
        "data": data,
        "key": event.key,
        "hash": hashed,
    }
    return Head(seq, hashed, recorded_at), row


def event_hash(columns: list[Json]) -> str:
    text = _PLAIN.encode(columns)
    return hashlib.sha256(text.encode()).hexdigest()


def find_by_key(connection: Connection, key: str) -> tuple[int, int, Data] | None:
    """Stream, seq and data of the event that an idempotent write has left, if it has been done before."""
    rows = _BY_KEY.rows(connection, key=key)
    if not rows:
        return None
    stream, seq, code, data = rows[0]
    return stream, seq, data_of(code, data)


def key_is_taken(error: IntegrityError) -> bool:
    """Whether it is another event of the same key that the database refused."""
    return any(named in str(error.orig) for named in ("event.key", "uq_event_key"))


def author_of(connection: Connection, stream: int, seq: int) -> tuple[int | None, str]:
    """The account and the role that an event was written for."""
    query = select(_event.actor, _event.role).where(_event.stream == stream, _event.seq == seq)
    row = connection.execute(query).one()
    return row.actor, row.role


def wait_for_key(connection: Connection, key: str) -> None:
    """Lets no other transaction write the same key before this one ends. SQLite's one writer needs no such lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def request_key(request: str) -> str:
    """The key of a form that was sent. Only a hash of the form's id is kept: the id itself is the petitioner's secret."""
    return "request:" + hashlib.sha256(request.encode()).hexdigest()[:40]


def commitment(salt: str, content: str) -> str:
    return hashlib.sha256(f"{salt}\n{content}".encode()).hexdigest()


def new_salt() -> str:
    return secrets.token_hex(16)
