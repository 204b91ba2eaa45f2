"""The sweep: finds running clocks whose next rung is due and records the crossings, in batches.

It reads one index and costs what is newly due, not what is open. Running it twice is harmless; not running it changes
no light, because lights are computed and a late crossing keeps the instant at which it came true.
"""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, tuple_
from sqlalchemy.sql import bindparam

from cases import tables
from cases.crossings import DueClock, record_crossings
from cases.recusals import NOBODY, has_recusals, recused_from
from cases.rows import rungs_from
from infra.columns import UTCDateTime
from infra.db import checkpoint, reading, transaction
from infra.line import WaitedTooLong
from infra.statements import Statement
from infra.stopping import Stop, never
from ledger.chain import lock_heads
from people.audiences import Roster
from workflow.model import AccountId, UnitId

log = logging.getLogger(__name__)

EARLIEST = datetime.min.replace(tzinfo=UTC)
#: A batch holds the write gate for some 10 ms; whoever is next in line waits no longer.
BATCH = 100
#: Batches between two foldings of the write-ahead log. Few, because what is left of it when a commit finds the log full
#: is folded by that commit, gate in hand, and everybody waits.
FOLD_EVERY = 3
#: A sweep stops after so many and says so; the next one goes on where it stopped.
AT_MOST = 200_000

_clock = tables.Clock.__table__.c  # type: ignore[attr-defined]
_case = tables.Case.__table__.c  # type: ignore[attr-defined]

_DUE = Statement(
    select(_clock.next_crossing_at, _clock.case_id, _clock.number)
    .where(
        _clock.next_crossing_at <= bindparam("now"),
        tuple_(_clock.next_crossing_at, _clock.case_id, _clock.number)
        > tuple_(bindparam("after_at", type_=UTCDateTime), bindparam("after_case"), bindparam("after_number")),
    )
    .order_by(_clock.next_crossing_at, _clock.case_id, _clock.number)
    .limit(bindparam("batch"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did: clocks looked at, clocks that failed and were stepped over, and whether more is waiting."""

    clocks: int = 0
    failed: tuple[tuple[int, int], ...] = field(default=())
    truncated: bool = False


def sweep(engine: Engine, *, now: datetime, batch: int = BATCH, at_most: int = AT_MOST, stop: Stop = never) -> Swept:
    """Records every crossing due by `now`. A clock that cannot be recorded is logged, counted and stepped over. Told to stop,
    it leaves the batches that it has not begun."""
    roster: Roster | None = None
    done, failed = 0, list[tuple[int, int]]()
    after: tuple[datetime, int, int] | None = None
    while True:
        with reading(engine) as connection:
            keys = due_clocks(connection, now=now, after=after, batch=batch)
            if not keys or done >= at_most or stop():
                return Swept(clocks=done, failed=tuple(failed), truncated=bool(keys))
            roster = roster or Roster.whole(connection)
        failed += _record(engine, [(case_id, number) for _, case_id, number in keys], roster, now=now)
        done += len(keys)
        after = keys[-1]
        if done % (FOLD_EVERY * batch) < batch:
            checkpoint(engine)


def due_clocks(
    connection: Connection, *, now: datetime, after: tuple[datetime, int, int] | None, batch: int
) -> list[tuple[datetime, int, int]]:
    """The next page of running clocks due by `now`, by (next crossing, case, number)."""
    at, case_id, number = after or (EARLIEST, 0, 0)
    return _DUE.rows(connection, now=now, after_at=at, after_case=case_id, after_number=number, batch=batch)


def _record(engine: Engine, keys: list[tuple[int, int]], roster: Roster, *, now: datetime) -> list[tuple[int, int]]:
    """Records one batch in one transaction; if that fails, clock by clock. Returns those that failed alone. Raises
    `WaitedTooLong`."""
    try:
        with transaction(engine) as connection:
            _record_batch(connection, keys, roster, now=now)
        return []
    except WaitedTooLong:
        raise  # nothing is wrong with a row: each of them would wait as long
    except Exception as error:  # the per-clock edge: whatever is wrong with one row, the others are recorded
        if len(keys) == 1:
            log.exception(
                "crossing not recorded", extra={"case": keys[0][0], "clock": keys[0][1], "error": type(error).__name__}
            )
            return keys
    return [failed for key in keys for failed in _record(engine, [key], roster, now=now)]


def _record_batch(connection: Connection, keys: list[tuple[int, int]], roster: Roster, *, now: datetime) -> None:
    heads = lock_heads(connection, {case_id for case_id, _ in keys})
    due = [clock for clock in _still_due(connection, keys, now=now) if clock.case_id in heads]
    if due:
        record_crossings(connection, due, heads, roster, now=now)


def _still_due(connection: Connection, keys: list[tuple[int, int]], *, now: datetime) -> list[DueClock]:
    """The clocks as they are under the lock: one that was stopped or recorded meanwhile is no longer due."""
    wanted = set(keys)
    rows = connection.execute(
        select(
            _clock.case_id, _clock.number, _clock.name, _clock.rule, _clock.due_at, _clock.rungs, _clock.crossed_until,
            _clock.acknowledged_at, _clock.charged_unit, _clock.charged_person, _case.holder_unit, _case.holder_person, _case.milestones,
        )
        .join_from(tables.Clock, tables.Case, _clock.case_id == _case.id)
        .where(_clock.case_id.in_(sorted({case_id for case_id, _ in keys})), _clock.next_crossing_at <= now)
    )  # fmt: skip
    due = [row for row in rows if (row.case_id, row.number) in wanted]
    recused = recused_from(connection, (row.case_id for row in due if has_recusals(row.milestones)))
    return [_due(row, recused.get(row.case_id, NOBODY)) for row in due]


def _due(row: Any, recused: frozenset[AccountId]) -> DueClock:
    held = (row.holder_unit, row.holder_person)
    unit, person = held if row.charged_unit is None else (row.charged_unit, row.charged_person)
    return DueClock(
        case_id=row.case_id,
        number=row.number,
        name=row.name,
        rule=row.rule,
        due_at=row.due_at,
        rungs=rungs_from(row.rungs),
        crossed_until=row.crossed_until,
        acknowledged_at=row.acknowledged_at,
        unit=UnitId(unit),
        person=AccountId(person) if person is not None else None,
        recused=recused,
    )
