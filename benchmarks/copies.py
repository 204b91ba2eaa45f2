"""Many cases, quickly: copies of the rows of one case, made inside the database.

`full_copies` are complete cases on which steps can be taken. `dealt_clocks` are as many cases as wanted with what a sweep
touches (the case, its chain's head and first event, one running clock), whose clocks are dealt out in turn. `open_clocks`
are such cases of which known parts come due one minute after the other, each scattered over all cases: the hard case for
a disk.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, insert, text

from benchmarks.dialects import of
from benchmarks.office import MEDIATORS_A_ROOM, PROFILE, READY_AT, ROOMS, Staff, head_of
from cases.rows import to_row
from cases.tables import Appointment, Case, Clock, Custody, Party, PersonalText
from infra.columns import Row
from infra.db import owned, transaction
from ledger.tables import Event, StreamHead
from workflow import clocks, model
from workflow.model import RecordNumber

#: Open clocks are dealt into slots, and every twentieth slot is a share: 5 % of the clocks, evenly scattered.
SLOTS, SHARES = 1000, 20
#: When the open clocks were started, before they are spread out by minutes: they light after
#: `READY_AT`, when the cases they stand in were last written: nothing in a chain is dated before what it follows.
STARTED_AT = READY_AT - timedelta(days=20)
_DEALT = (
    "name", "rule", "kind", "started_at", "length", "unit", "due_at", "rungs", "provisional", "yellow_at", "red_at",
    "crossed_until", "next_crossing_at",
)  # fmt: skip
_clock_columns = Clock.__table__.c  # type: ignore[attr-defined]
_SLOT = Table(
    "slot", MetaData(), Column("slot", primary_key=True, type_=_clock_columns.number.type), Column("profile", Text),
    *(Column(name, _clock_columns[name].type) for name in _DEALT), prefixes=["TEMPORARY"],
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The instants at which parts of the open clocks come due, in this order; at `nothing_due_at` none has yet."""

    nothing_due_at: datetime
    few: tuple[datetime, ...]  #: `few_slots` slots each
    many: tuple[datetime, ...]  #: one share of the open clocks each


def full_copies(engine: Engine, staff: Staff, *, first: int, count: int) -> range:
    """The office's case again under the ids from `first` on, with everything that belongs to it."""
    with transaction(engine) as connection:
        own = of(connection)
        new = {"serial": "n", "public_id": own.random_hex, "key": f"'request:' || {own.random_hex}"}
        for table in (Case, PersonalText, Party, Custody, Appointment, Clock, StreamHead, Event):
            copy_rows(connection, table, staff.case_id, new, first=first, count=count)
    return range(first, first + count)


def open_clocks(engine: Engine, staff: Staff, *, count: int, few: int, few_slots: int, many: int) -> Groups:
    """`count` cases with one running clock each: first `few` groups of `few_slots` slots, then `many` shares come due."""
    clock = _period(staff)
    dealt_clocks(engine, staff, _deal(clock, few=few, few_slots=few_slots, many=many), count=count)
    lights = [clock.rungs[0].at + timedelta(minutes=n) for n in range(few + many)]
    return Groups(nothing_due_at=lights[0] - timedelta(minutes=1), few=tuple(lights[:few]), many=tuple(lights[few:]))


def dealt_clocks(engine: Engine, staff: Staff, dealt: Sequence[tuple[str, model.Clock]], *, count: int) -> None:
    """`count` cases with one running clock each: a profile and a clock after the other, and again from the first."""
    first = staff.case_id + 1
    with bulk(engine) as connection:
        own = of(connection)
        _SLOT.create(connection)
        connection.execute(insert(_SLOT), [_row(slot, profile, clock) for slot, (profile, clock) in enumerate(dealt)])
        slot = f"JOIN slot ON slot.slot = n % {len(dealt)} WHERE"
        new = {"serial": "n", "public_id": own.random_hex, "seq": "1", "data": "'{}'", "key": f"'request:' || {own.random_hex}"}  # fmt: skip
        room = f"(n % {len(ROOMS)} + {ROOMS.start})"
        held = {"holder_unit": room, "holder_person": f"{head_of(1)} * {room} + n % {MEDIATORS_A_ROOM} + 1"}
        due = {"next_due_at": own.hours_later.format(at="t.next_due_at", hours="n % 700"), "profile": "slot.profile"}
        copy_rows(connection, Case, staff.case_id, {**new, **held, **due}, first=first, count=count, join=slot)
        copy_rows(connection, Event, staff.case_id, new, first=first, count=count, only="t.seq = 1")
        copy_rows(connection, StreamHead, staff.case_id, new, first=first, count=count)
        values = {name: f"slot.{name}" for name in _DEALT}
        running = f"{slot} t.stopped_at IS NULL AND"
        copy_rows(connection, Clock, staff.case_id, values, first=first, count=count, join=running)


@contextmanager
def bulk(engine: Engine) -> Iterator[Connection]:
    """A connection that writes much and fast, and leaves the database folded up and measured as after a quiet night."""
    with owned(engine) as owning, owning.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        own, driver = of(connection), connection.connection
        _run(driver.cursor(), own.before_bulk)
        yield connection
        connection.commit()
        _run(driver.cursor(), own.after_bulk)


def _run(cursor: Any, statements: Iterable[str]) -> None:
    for statement in statements:
        cursor.execute(statement)
        cursor.fetchall() if cursor.description else None
    cursor.close()


def _period(staff: Staff) -> model.Clock:
    policy = staff.office.policy.for_profile(PROFILE)
    rule = policy.rule("period", on=STARTED_AT.date())
    assert rule, "the profile has a period"
    return clocks.start(RecordNumber(1), "period", rule, policy, at=STARTED_AT)


def _deal(clock: model.Clock, *, few: int, few_slots: int, many: int) -> list[tuple[str, model.Clock]]:
    """What a clock of each slot looks like: the period, started some minutes later."""
    assert many * (SLOTS // SHARES) + few * few_slots <= SLOTS, "there are not so many slots"
    last_slots = [slot for slot in range(SLOTS) if slot % SHARES >= many]
    minute = {slot: n for n in range(few) for slot in last_slots[n * few_slots : (n + 1) * few_slots]}
    minute |= {slot: few + slot % SHARES for slot in range(SLOTS) if slot % SHARES < many}
    later = timedelta(days=2)  #: of the clocks that do not come due here
    return [
        (PROFILE, _later(clock, slot, timedelta(minutes=minute[slot]) if slot in minute else later))
        for slot in range(SLOTS)
    ]


def _later(clock: model.Clock, slot: int, later: timedelta) -> model.Clock:
    # All but the first rung also differ by the slot: fifty ladders a share, as fifty rules and days would give.
    rungs = tuple(r._replace(at=r.at + later + bool(n) * timedelta(seconds=slot)) for n, r in enumerate(clock.rungs))
    return replace(clock, started_at=clock.started_at + later, due_at=clock.due_at + later, rungs=rungs)


def _row(slot: int, profile: str, clock: model.Clock) -> dict[str, Any]:
    row = to_row(clock)
    return {"slot": slot, "profile": profile, **{name: row[name] for name in _DEALT}}


def copy_rows(
    connection: Connection,
    table: type[Row],
    case_id: int,
    new: Mapping[str, str],
    *,
    first: int,
    count: int,
    join: str = "WHERE",
    only: str = "TRUE",
) -> None:
    """The rows of one case once for every n of the series, with some columns replaced by expressions of n."""
    columns = {column.name for column in table.__table__.columns}  # type: ignore[attr-defined]
    key = next(name for name in ("case_id", "stream", "id") if name in columns)
    names = sorted(columns - ({"id"} - {key}))
    values = {name: "n" if name == key else new.get(name, f"t.{name}") for name in names}
    statement = (
        f"INSERT INTO {table.__tablename__} ({', '.join(names)}) {of(connection).series} "
        f"SELECT {', '.join(values.values())} FROM series CROSS JOIN {table.__tablename__} t "
        f"{join} t.{key} = :case_id AND {only}"
    )
    connection.execute(text(statement), {"first": first, "last": first + count - 1, "case_id": case_id})
