"""The third red of a unit in a month: its head, the centre, the level above and the assessment office are told, once.

Source: the default ladder of who is told (`domain.md` §2.3: 约谈, 督办单). Only lights that count are counted, and only
the organ's own duties light.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, Engine, select
from sqlalchemy.sql import bindparam

from cases.assessment_tables import Mark as MarkRow
from cases.assessment_tables import of_light
from cases.tally import fresh_marks, moved_since
from infra.db import reading, transaction
from infra.statements import Statement
from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office, find_by_key, lock_head
from ledger.outbox import messages, post
from people.audiences import Roster
from workflow.calendar import WorkCalendar, add_months
from workflow.counting import A_MOMENT
from workflow.marks import Mark
from workflow.model import TIMERS, Audience, Json, Light, UnitId

THIRD = 3
TOLD = (Audience.UNIT_HEAD, Audience.DUTY_LEADER, Audience.UPSTREAM, Audience.ASSESSMENT_OFFICE)
EVENT = "unit:third_red"

#: Cases that have moved and are worked out here; with more of them the tallies are catching up after an upgrade.
AT_MOST_MOVED = 2_000

Red = tuple[int, int]  #: its case, and its event in the case's stream
Fresh = Mapping[int, tuple[Mark, ...]]

_mark = MarkRow.__table__.c  # type: ignore[attr-defined]
#: By the index of these marks alone.
_RED = Statement(
    select(_mark.at, _mark.case_id, _mark.seq, _mark.unit).where(
        *of_light(Light.RED),
        _mark.at >= bindparam("since"),
        _mark.at <= bindparam("until"),
    )
)


def warn_of_third_reds(engine: Engine, calendar: WorkCalendar, *, now: datetime) -> int:
    """Writes one event of the office, and its mails, for each unit whose third red of a month has lit and has not been
    told of: of this month, and of the last one for timers that stood still over its end. Returns how many. Running it
    twice is harmless. While most tallies are still to be worked out it leaves everything to the next run."""
    today = calendar.local_day(now)
    this = date(today.year, today.month, 1)
    last = add_months(this, -1)
    with reading(engine) as connection:
        moved = moved_since(connection)
        if len(moved) > AT_MOST_MOVED:
            return 0
        fresh = fresh_marks(connection, calendar, moved)
    return sum(
        _of_month(engine, calendar, month, fresh, until=min(now, calendar.start_of(end) - A_MOMENT), now=now)
        for month, end in ((last, this), (this, add_months(this, 1)))
    )


def _of_month(
    engine: Engine, calendar: WorkCalendar, month: date, fresh: Fresh, *, until: datetime, now: datetime
) -> int:
    with reading(engine) as connection:
        reds = _reds(connection, fresh, since=calendar.start_of(month), until=until)
        lit = [(unit, found[:THIRD]) for unit, found in reds.items() if len(found) >= THIRD]
        untold = [(unit, found) for unit, found in lit if not _is_told(connection, unit, month)]
    return sum(_tell(engine, UnitId(unit), month, found, now=now) for unit, found in untold)


def _reds(connection: Connection, fresh: Fresh, *, since: datetime, until: datetime) -> Mapping[int, list[Red]]:
    """What lit red and counts (`workflow/counted_lights.py`), by the unit that held the case then, in the order of time: as
    tallied, and worked out anew for the cases that have moved since."""
    found = [
        (at, case_id, seq, unit)
        for at, case_id, seq, unit in _RED.rows(connection, since=since, until=until)
        if case_id not in fresh
    ]
    found += [
        (mark.at, case_id, mark.seq, mark.unit)
        for case_id, made in fresh.items()
        for mark in made
        if (mark.measure, mark.outcome) == ("light", "red") and since <= mark.at <= until
    ]
    reds: dict[int, list[Red]] = defaultdict(list)
    for _, case_id, seq, unit in sorted(found):
        reds[unit].append((case_id, seq))
    return reds


def _key(unit: int, month: date) -> str:
    return f"third_red:{unit}:{month:%Y-%m}"


def _is_told(connection: Connection, unit: int, month: date) -> bool:
    return find_by_key(connection, _key(unit, month)) is not None


def _tell(engine: Engine, unit: UnitId, month: date, lit: list[Red], *, now: datetime) -> bool:
    with transaction(engine) as connection:
        lock_head(
            connection, OFFICE_STREAM
        )  # so that whoever else is about to tell of it waits, and then finds it told
        if _is_told(connection, unit, month):
            return False
        told = Roster.around(connection, unit).told(TOLD, unit=unit, person=None)
        data: dict[str, Json] = {
            "told": list(told),
            "unit": unit,
            "month": f"{month:%Y-%m}",
            "events": [[stream, seq] for stream, seq in lit],
        }
        head = append_to_office(
            connection,
            NewEvent(code=EVENT, occurred_at=now, recorded_at=now, actor=TIMERS, data=data, key=_key(unit, month)),
        )
        post(connection, messages(0, head.seq, recorded_at=head.at, to=told))
    return True
