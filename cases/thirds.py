"""The third red of a unit in a month: its head, the centre, the level above and the assessment office are told, once.

Source: the default ladder of who is told (`domain.md` §2.3: 约谈, 督办单). Only lights that count are counted, and only
the organ's own duties light.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, Engine, select

from cases.crossings import CROSSED
from cases.history import histories
from infra.db import reading, transaction
from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office, find_by_key, lock_head
from ledger.outbox import messages, post
from ledger.tables import Event
from ledger.upcasters import data_of
from people.audiences import Roster
from workflow.calendar import WorkCalendar, add_months
from workflow.counted_lights import worst_lights
from workflow.counting import A_MOMENT
from workflow.model import TIMERS, Audience, Json, Light, UnitId

THIRD = 3
TOLD = (Audience.UNIT_HEAD, Audience.DUTY_LEADER, Audience.UPSTREAM, Audience.ASSESSMENT_OFFICE)
EVENT = "unit:third_red"

_event = Event.__table__.c  # type: ignore[attr-defined]

Red = tuple[int, int]  #: its case, and its event in the case's stream


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
        reds = _reds(connection, since=calendar.start_of(month), until=until)
        lit = [(unit, found) for unit, found in reds.items() if len(found) >= THIRD]
        counted = [
            (unit, _that_count(connection, found)) for unit, found in lit if not _is_told(connection, unit, month)
        ]
    return sum(
        _tell(engine, UnitId(unit), month, found[:THIRD], now=now) for unit, found in counted if len(found) >= THIRD
    )


def _reds(connection: Connection, *, since: datetime, until: datetime) -> Mapping[int, list[Red]]:
    """What lit red, by the unit that held the case then, in the order of time."""
    rows = connection.execute(
        select(_event.stream, _event.seq, _event.data)
        .where(_event.code == CROSSED, _event.occurred_at >= since, _event.occurred_at <= until)
        .order_by(_event.occurred_at, _event.stream, _event.seq)
    )
    reds: dict[int, list[Red]] = defaultdict(list)
    for row in rows:
        data = data_of(CROSSED, row.data)
        if data["light"] == Light.RED.value:
            reds[data["unit"]].append((row.stream, row.seq))
    return reds


def _that_count(connection: Connection, reds: list[Red]) -> list[Red]:
    """Those of them that the assessment counts (`workflow/counted_lights.py`): one a time limit, waived ones not."""
    found = histories(connection, actor=TIMERS, cases={case for case, _ in reds})
    counted = {
        (history.case_id, limit.counted.seq) for history in found for limit in worst_lights(history) if limit.counted
    }
    return [red for red in reds if red in counted]


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
