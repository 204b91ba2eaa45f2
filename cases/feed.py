"""What has happened in the cases that an actor may see, in the order in which it was written, from a place on.

A place is the number that the database gave an event. On PostgreSQL a transaction may have its number before another and be
committed after it: where one is missing and what follows is recent, the feed ends before it and goes on when it is there, or when
so much time has passed that nobody will write it any more. So nothing is ever told after what follows it, and nothing is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from cases.numbers import case_number
from cases.tables import Case
from cases.visibility import case, visible_cases
from ledger.tables import Event
from ledger.upcasters import data_of
from workflow.model import Actor

#: Events that one look passes, and that it tells at most.
LOOKED_AT, AT_MOST = 2000, 200
#: Longer than any transaction takes that writes events.
SETTLED_AFTER = timedelta(minutes=10)

_event = Event.__table__.c  # type: ignore[attr-defined]
_COLUMNS = (_event.id, _event.seq, _event.code, _event.occurred_at, _event.recorded_at, _event.role, _event.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that has happened in a case: codes, figures and times, and no text of anybody. `cursor` is its place."""

    cursor: int
    public_id: str
    number: str
    seq: int
    event: str
    occurred_at: datetime
    recorded_at: datetime
    role: str
    version: int | None
    command: str | None
    clock: str | None
    clock_number: int | None
    light: str | None
    rung: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`next_place`: where the next look begins; `more`: it would find more at once."""

    entries: tuple[Entry, ...]
    next_place: int
    more: bool


def what_happened(
    connection: Connection, *, after: int, actor: Actor, now: datetime, short_name: str, until: int | None = None
) -> Page:
    """What the actor may know of it, up to `until` if that is given; `short_name` stands in numbers of cases."""
    passed = connection.execute(
        select(_event.id, _event.recorded_at).where(_event.id > after).order_by(_event.id).limit(LOOKED_AT)
    ).all()
    end = _settled(passed, after, now)
    end = end if until is None else min(end, until)
    rows = connection.execute(
        visible_cases(actor, *_COLUMNS, case.public_id, case.series, case.year, case.serial)
        .join_from(Case, Event, _event.stream == case.id)
        .where(_event.id > after, _event.id <= end)
        .order_by(_event.id)
        .limit(AT_MOST + 1)
    ).all()
    told, is_full = rows[:AT_MOST], len(rows) > AT_MOST
    return Page(
        entries=tuple(_entry(row, short_name) for row in told),
        next_place=told[-1].id if is_full else end,
        more=is_full or (len(passed) == LOOKED_AT and end == passed[-1].id),
    )


def last_place(connection: Connection) -> int:
    """Where somebody begins who only wants to hear what is to come."""
    return int(connection.execute(select(func.coalesce(func.max(_event.id), 0))).scalar_one())


def _settled(passed: Sequence[Any], after: int, now: datetime) -> int:
    """The place up to which nothing can come in between any more."""
    for row in passed:
        if row.id != after + 1 and now - row.recorded_at < SETTLED_AFTER:
            break
        after = row.id
    return after


def _entry(row: Any, short_name: str) -> Entry:
    data = data_of(row.code, row.data)
    return Entry(
        cursor=row.id, public_id=row.public_id, number=case_number(short_name, row.series, row.year, row.serial),
        seq=row.seq, event=row.code, occurred_at=row.occurred_at, recorded_at=row.recorded_at, role=row.role,
        version=data.get("version"), command=data.get("command", {}).get("name"), clock=data.get("name"),
        clock_number=data.get("clock"), light=data.get("light"), rung=data.get("rung"),
    )  # fmt: skip
