"""The third red of a unit in a month: its head, the centre, the level above and the assessment office are told, once.

Source: the default ladder of who is told (`domain.md` §2.3: 约谈, 督办单). Only lights that count are counted, and only
the organ's own duties light.
"""

from collections import defaultdict
from datetime import date, datetime

from sqlalchemy import Connection, Engine, select

from cases.crossings import CROSSED, TIMERS
from cases.ledger import OFFICE_STREAM, NewEvent, append_to_office, find_by_key, lock_head
from cases.outbox import messages, post
from cases.tables import Clock, Event, Waiver
from cases.upcasters import data_of
from infra.db import reading, transaction
from people.audiences import Roster
from workflow.calendar import WorkCalendar, add_months
from workflow.counting import A_MOMENT
from workflow.model import Audience, Json, Light, UnitId

THIRD = 3
TOLD = (Audience.UNIT_HEAD, Audience.DUTY_LEADER, Audience.UPSTREAM, Audience.ASSESSMENT_OFFICE)
EVENT = "unit:third_red"

_event = Event.__table__.c  # type: ignore[attr-defined]
_clock = Clock.__table__.c  # type: ignore[attr-defined]
_waiver = Waiver.__table__.c  # type: ignore[attr-defined]


def warn_of_third_reds(engine: Engine, calendar: WorkCalendar, *, now: datetime) -> int:
    """Writes one event of the office, and its mails, for each unit whose third red of a month has lit and has not been
    told of: of this month, and of the last one for timers that stood still over its end. Returns how many. Running it
    twice is harmless."""
    today = calendar.local_day(now)
    this = date(today.year, today.month, 1)
    last = add_months(this, -1)
    return sum(
        _of_month(engine, calendar, month, until=min(now, calendar.start_of(end) - A_MOMENT), now=now)
        for month, end in ((last, this), (this, add_months(this, 1)))
    )


def _of_month(engine: Engine, calendar: WorkCalendar, month: date, *, until: datetime, now: datetime) -> int:
    with reading(engine) as connection:
        rows = connection.execute(
            select(_event.stream, _event.seq, _event.data)
            .where(
                _event.code == CROSSED,
                _event.occurred_at >= calendar.start_of(month),
                _event.occurred_at <= until,
            )
            .order_by(_event.occurred_at, _event.id)
        )
        lit = [
            (row.stream, row.seq, data)
            for row in rows
            if (data := data_of(CROSSED, row.data))["light"] == Light.RED.value
        ]
        waived = _waived(connection, {stream for stream, _, _ in lit})
    reds: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for stream, seq, data in lit:
        if not {(stream, data["clock"]), (stream, data["clock"], data["rung"])} & waived:
            reds[data["unit"]].append((stream, seq))
    return sum(
        _told(engine, UnitId(unit), month, found[:THIRD], now=now)
        for unit, found in reds.items()
        if len(found) >= THIRD
    )


def _waived(connection: Connection, cases: set[int]) -> set[tuple[int, int] | tuple[int, int, str]]:
    """What does not count: clocks, by an extension, and single lights, by an assessor's word."""
    clocks = select(_clock.case_id, _clock.number).where(_clock.case_id.in_(cases), _clock.waived.is_(True))
    lights = select(_waiver.case_id, _waiver.clock, _waiver.rung).where(
        _waiver.case_id.in_(cases), _waiver.decision == "upheld"
    )
    return {
        *((row[0], row[1]) for row in connection.execute(clocks)),
        *(tuple(row) for row in connection.execute(lights)),
    }


def _told(engine: Engine, unit: UnitId, month: date, lit: list[tuple[int, int]], *, now: datetime) -> bool:
    key = f"third_red:{unit}:{month:%Y-%m}"
    with transaction(engine) as connection:
        lock_head(
            connection, OFFICE_STREAM
        )  # so that whoever else is about to tell of it waits, and then finds it told
        if find_by_key(connection, key):
            return False
        data: dict[str, Json] = {
            "unit": unit,
            "month": f"{month:%Y-%m}",
            "events": [[stream, seq] for stream, seq in lit],
        }
        head = append_to_office(
            connection,
            NewEvent(code=EVENT, occurred_at=now, recorded_at=now, actor=TIMERS, data=data, key=key),
        )
        told = Roster.around(connection, unit).told(TOLD, unit=unit, person=None)
        post(connection, messages(0, head.seq, recorded_at=now, to=told))
    return True
