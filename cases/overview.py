"""What whoever answers for the work of others looks at first: which lights burn where, what will light next, how much each has and
how old it is, and what waits for a decision.

Lights and dates are counted by whose they are (`CaseFacts.charge_of`), matters by who holds them; the red lights of past weeks
by whose they were when they lit, from the marks (`workflow/marks.py`), which follow the ledger within minutes. Every query
begins in `visibility.py`; each is one pass over what is open, or over the red lights of these weeks.
"""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, Connection, and_, bindparam, case, func, or_, select

from cases.assessment_tables import Mark as MarkRow
from cases.assessment_tables import of_light
from cases.tables import Case, Clock
from cases.visibility import case as of_case
from cases.visibility import cases_in_reach, reach_of
from infra.columns import UTCDateTime
from infra.statements import Statement
from workflow.calendar import WorkCalendar
from workflow.model import AccountId, Actor, Kind, Light, Role, UnitId
from workflow.procedures.every_case.rating import REVISIT

_clock = Clock.__table__.c  # type: ignore[attr-defined]
_mark = MarkRow.__table__.c  # type: ignore[attr-defined]
#: Working days that the forecast looks ahead.
AHEAD = 10
#: A matter is as old as so many days or less; the last are older than all of these.
AGES = (7, 30, 60)
#: Weeks that the map of red lights looks back, the present one included.
WEEKS = 12
#: What is said of a matter that waits.
WAITS = (of_case.public_id, of_case.series, of_case.year, of_case.serial, of_case.holder_unit, of_case.holder_person)
#: So many of what waits for a decision are named.
NAMED = 50


class Whose(NamedTuple):
    unit: UnitId
    person: AccountId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many matters somebody holds, by age: one figure for each of `AGES`, and one for what is older."""

    matters: int
    by_age: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A matter in which somebody waits for a decision: `why` is dissatisfied, extension or withdrawal."""

    public_id: str
    number: tuple[str, int, int]
    why: str
    unit: UnitId
    person: AccountId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    lights: Mapping[Whose, Counter[Light]]  #: running duties by the light they show
    ahead: Mapping[date, Counter[Light]]  #: what lights on each of the next working days, if nothing is done
    held: Mapping[Whose, Held]
    reds: Mapping[UnitId, Counter[date]]  #: red lights by the Monday of the week in which they lit
    weeks: tuple[date, ...]  #: the Mondays, the last one that of the present week
    waiting: tuple[Waiting, ...]


def overview(connection: Connection, *, actor: Actor, now: datetime, calendar: WorkCalendar) -> Overview:
    days = _days_ahead(calendar, now)
    asked = {**reach_of(actor), "now": now, "until": calendar.end_of(days[-1])}
    ages = {f"since_{days}": now - timedelta(days=days) for days in AGES}
    weeks = _weeks_back(calendar, now)
    lit_since = {**reach_of(actor), "since": calendar.start_of(weeks[0]), "now": now}
    return Overview(
        reds=_by_week(_reds(actor.role).rows(connection, **lit_since), calendar),
        weeks=weeks,
        lights={
            _whose(unit, person): Counter({Light.RED: red, Light.YELLOW: yellow, Light.GREEN: n - red - yellow})
            for unit, person, n, red, yellow in _lights(actor.role).rows(connection, **reach_of(actor), now=now)
        },
        ahead=_ahead(_lighting(actor.role).rows(connection, **asked), days, now=now, calendar=calendar),
        held={
            _whose(unit, person): Held(matters=n, by_age=_between(n, older))
            for unit, person, n, *older in _held(actor.role).rows(connection, **reach_of(actor), **ages)
        },
        waiting=(
            *(_waits(row, "dissatisfied") for row in _dissatisfied(actor.role).rows(connection, **reach_of(actor))),
            *(
                _waits(row, "withdrawal" if extension is None else "extension")
                for extension, *row in _waiting(actor.role).rows(connection, **reach_of(actor))
            ),
        ),
    )  # fmt: skip


def _whose(unit: int, person: int | None) -> Whose:
    return Whose(UnitId(unit), None if person is None else AccountId(person))


# -- lights ------------------------------------------------------------------------------------------------------------


def _open(role: Role) -> CTE:
    """The open cases of a role, found before their clocks are looked at: else a planner may read every clock that there ever was."""
    columns = (of_case.id, of_case.holder_unit, of_case.holder_person)
    return cases_in_reach(role, *columns).where(of_case.closed_at.is_(None)).cte("open").prefix_with("MATERIALIZED")


def _running(cases: CTE, *columns: Any) -> Any:
    """Over the duties that run, of these cases."""
    query = select(*columns).join_from(cases, Clock, _clock.case_id == cases.c.id)
    return query.where(_clock.stopped_at.is_(None), _clock.kind == Kind.DUTY.value)


def _mine(charged: ColumnElement[Any], holder: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of a clock whoever it is charged to, else of its case whoever holds that."""
    return case((_clock.charged_unit.is_(None), holder), else_=charged)


@cache
def _lights(role: Role) -> Statement:
    now, cases = bindparam("now", type_=UTCDateTime), _open(role)
    red = func.sum(case((_clock.red_at <= now, 1), else_=0))
    yellow = func.sum(
        case((and_(_clock.yellow_at <= now, or_(_clock.red_at.is_(None), _clock.red_at > now)), 1), else_=0)
    )
    unit, person = _mine(_clock.charged_unit, cases.c.holder_unit), _mine(_clock.charged_person, cases.c.holder_person)
    return Statement(_running(cases, unit, person, func.count(), red, yellow).group_by(unit, person))


@cache
def _lighting(role: Role) -> Statement:
    """Instants at which something lights between now and then. Whatever does crosses something until then: these clocks are found
    first, by the index of what they cross next."""
    now, until = bindparam("now", type_=UTCDateTime), bindparam("until", type_=UTCDateTime)
    lights = or_(_clock.yellow_at.between(now, until), _clock.red_at.between(now, until))
    runs = (_clock.next_crossing_at <= until, _clock.stopped_at.is_(None), _clock.kind == Kind.DUTY.value, lights)
    soon = select(_clock.case_id, _clock.yellow_at, _clock.red_at).where(*runs).cte("soon").prefix_with("MATERIALIZED")
    query = cases_in_reach(role, soon.c.yellow_at, soon.c.red_at).join_from(Case, soon, soon.c.case_id == of_case.id)
    return Statement(query.where(of_case.closed_at.is_(None)))


def _days_ahead(calendar: WorkCalendar, now: datetime) -> list[date]:
    today = calendar.local_day(now)
    return [calendar.nth_working_day_after(today, n) for n in range(1, AHEAD + 1)]


def _ahead(
    rows: list[Any], days: list[date], *, now: datetime, calendar: WorkCalendar
) -> dict[date, Counter[Light]]:  # fmt: skip
    """By working day; what lights on a day off is seen on the next day at work, and what lights today today."""
    found: dict[date, Counter[Light]] = {day: Counter() for day in (calendar.local_day(now), *days)}
    for instants in rows:
        for light, at in zip((Light.YELLOW, Light.RED), instants, strict=True):
            if at is not None and at > now:
                day = next((day for day in found if calendar.local_day(at) <= day), None)
                if day is not None:
                    found[day][light] += 1
    return found


@cache
def _reds(role: Role) -> Statement:
    """The worst lights that were red, by the index of these marks alone."""
    since, now = bindparam("since", type_=UTCDateTime), bindparam("now", type_=UTCDateTime)
    query = cases_in_reach(role, _mark.unit, _mark.at).join_from(Case, MarkRow, _mark.case_id == of_case.id)
    return Statement(query.where(*of_light(Light.RED), _mark.ground.is_(None), _mark.at >= since, _mark.at <= now))


def _weeks_back(calendar: WorkCalendar, now: datetime) -> tuple[date, ...]:
    this = _monday(calendar.local_day(now))
    return tuple(this - timedelta(weeks=n) for n in reversed(range(WEEKS)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _by_week(rows: list[Any], calendar: WorkCalendar) -> dict[UnitId, Counter[date]]:
    found: dict[UnitId, Counter[date]] = {}
    for unit, at in rows:
        found.setdefault(UnitId(unit), Counter())[_monday(calendar.local_day(at))] += 1
    return found


# -- matters -----------------------------------------------------------------------------------------------------------


@cache
def _held(role: Role) -> Statement:
    older = [
        func.sum(case((of_case.received_at < bindparam(f"since_{days}", type_=UTCDateTime), 1), else_=0))
        for days in AGES
    ]
    query = cases_in_reach(role, of_case.holder_unit, of_case.holder_person, func.count(), *older)
    return Statement(query.where(of_case.closed_at.is_(None)).group_by(of_case.holder_unit, of_case.holder_person))


def _between(n: int, older: list[int]) -> tuple[int, ...]:
    """From how many are older than each age, how many are of each."""
    steps = [n, *older, 0]
    return tuple(above - below for above, below in itertools.pairwise(steps))


@cache
def _waiting(role: Role) -> Statement:
    asked = or_(of_case.extension_asked.is_not(None), of_case.milestones.contains("withdrawal_asked"))
    query = cases_in_reach(role, of_case.extension_asked, *WAITS).where(of_case.closed_at.is_(None), asked)
    return Statement(query.order_by(of_case.next_due_at, of_case.id).limit(NAMED))


@cache
def _dissatisfied(role: Role) -> Statement:
    """Whoever has to be asked what is missing, also of a matter that was closed before it was rated."""
    query = cases_in_reach(role, *WAITS).join_from(Case, Clock, _clock.case_id == of_case.id)
    asked = (_clock.name == REVISIT, _clock.about.is_not(None), _clock.stopped_at.is_(None))
    return Statement(query.where(*asked).order_by(_clock.due_at, of_case.id).limit(NAMED))


def _waits(row: Any, why: str) -> Waiting:
    public_id, series, year, serial, unit, person = row
    return Waiting(
        public_id=public_id, number=(series, year, serial), why=why, unit=UnitId(unit),
        person=None if person is None else AccountId(person),
    )  # fmt: skip
