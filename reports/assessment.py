"""The year-end assessment: every light of a year from the crossing events, by the unit that held the case when it lit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection

from cases.office import OfficeContext
from cases.tables import Case, Clock, Event, Waiver
from cases.visibility import case, visible_cases
from reports.lit import LIT_COLUMNS, lit_rungs
from workflow.model import Actor, UnitId
from workflow.policy import Scheme
from workflow.scoring import Item, items, total

_event = Event.__table__.c  # type: ignore[attr-defined]
_clock = Clock.__table__.c  # type: ignore[attr-defined]
_waiver = Waiver.__table__.c  # type: ignore[attr-defined]


class YearWithoutCalendar(Exception):
    """A year whose days the program does not know cannot be assessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSheet:
    """The sheet of one unit: its items, what it would be without waivers, and what it is."""

    unit: UnitId
    items: tuple[Item, ...]
    points: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    year: int
    scheme: Scheme
    sheets: tuple[UnitSheet, ...]
    numbers: dict[int, tuple[str, str, int, int]]  #: of each case that is named: public id, series, year, serial


def assess(connection: Connection, *, year: int, scheme: str, actor: Actor, office: OfficeContext) -> Assessment:
    """The sheets of a year in the office's own zone. Raises `YearWithoutCalendar`, `KeyError` for an unknown scheme."""
    calendar = office.policy.calendar
    if year not in calendar.published:
        raise YearWithoutCalendar(year)
    chosen = office.policy.schemes[scheme]
    start, end = calendar.start_of(date(year, 1, 1)), calendar.start_of(date(year + 1, 1, 1))
    rows = _crossings(connection, actor, _event.occurred_at >= start, _event.occurred_at < end)
    found = items(lit_rungs(rows, _waived(connection, actor)), chosen)
    numbers = {row.stream: (row.public_id, row.series, row.year, row.serial) for row in rows}
    by_unit: dict[UnitId, list[Item]] = {}
    for item in found:
        by_unit.setdefault(item.lit.unit, []).append(item)
    sheets = tuple(
        UnitSheet(
            unit=unit, items=tuple(mine), points=sum((i.points for i in mine), Decimal(0)), total=total(mine, chosen)
        )
        for unit, mine in sorted(by_unit.items())
    )
    return Assessment(year=year, scheme=chosen, sheets=sheets, numbers=numbers)


def points_of_case(connection: Connection, case_id: int, *, actor: Actor, scheme: Scheme) -> Decimal:
    """What one case costs under a scheme, whichever years it lit in."""
    rows = _crossings(connection, actor, _event.stream == case_id)
    waived = _waived(connection, actor, _clock.case_id == case_id)
    return sum((item.points for item in items(lit_rungs(rows, waived), scheme)), Decimal(0))


def _crossings(connection: Connection, actor: Actor, *conditions: ColumnElement[bool]) -> Sequence[Any]:
    """Crossings of cases the actor may see, with what names each case."""
    query = visible_cases(actor, *LIT_COLUMNS, case.public_id, case.series, case.year, case.serial)
    return connection.execute(
        query.join_from(Case, Event, _event.stream == case.id)
        .where(_event.code == "clock:crossed", *conditions)
        .order_by(_event.occurred_at, _event.id)
    ).all()


def _waived(
    connection: Connection, actor: Actor, *conditions: ColumnElement[bool]
) -> set[tuple[int, int] | tuple[int, int, str]]:
    """The clocks whose lights do not count, as (case, number), and the single lights that an assessor has waived."""
    clocks = visible_cases(actor, _clock.case_id, _clock.number).join_from(Case, Clock, _clock.case_id == case.id)
    lights = visible_cases(actor, _waiver.case_id, _waiver.clock, _waiver.rung).join_from(
        Case, Waiver, _waiver.case_id == case.id
    )
    return {
        *((row.case_id, row.number) for row in connection.execute(clocks.where(_clock.waived.is_(True), *conditions))),
        *((r.case_id, r.clock, r.rung) for r in connection.execute(lights.where(_waiver.decision == "upheld"))),
    }
