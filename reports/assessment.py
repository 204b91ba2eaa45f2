"""The year-end assessment: every light of a year from the crossing events, by the unit that held the case when it lit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from cases.office import OfficeContext
from cases.tables import Case, Clock, Event
from cases.visibility import case, visible_cases
from workflow.model import AccountId, Actor, Light, UnitId
from workflow.policy import Scheme
from workflow.scoring import Item, LitRung, items, total

_event = Event.__table__.c  # type: ignore[attr-defined]
_clock = Clock.__table__.c  # type: ignore[attr-defined]


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
    numbers: dict[int, tuple[str, str, int, int]] = {}
    found = items(
        _lit(
            connection,
            actor,
            numbers,
            start=calendar.start_of(date(year, 1, 1)),
            end=calendar.start_of(date(year + 1, 1, 1)),
        ),
        chosen,
    )
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
    lit = _rows(connection, actor, {}, _event.stream == case_id)
    return sum((item.points for item in items(lit, scheme)), Decimal(0))


def _lit(
    connection: Connection,
    actor: Actor,
    numbers: dict[int, tuple[str, str, int, int]],
    *,
    start: datetime,
    end: datetime,
) -> Iterator[LitRung]:
    return _rows(connection, actor, numbers, _event.occurred_at >= start, _event.occurred_at < end)


def _rows(
    connection: Connection, actor: Actor, numbers: dict[int, tuple[str, str, int, int]], *conditions: object
) -> Iterator[LitRung]:
    """Crossings that lit, of cases the actor may see. The event is the witness; the clock knows whether it was waived."""
    events = connection.execute(
        visible_cases(
            actor,
            _event.stream,
            _event.seq,
            _event.occurred_at,
            _event.data,
            case.public_id,
            case.series,
            case.year,
            case.serial,
        )
        .join_from(Case, Event, _event.stream == case.id)
        .where(_event.code == "clock:crossed", *conditions)  # type: ignore[arg-type]  # column conditions
        .order_by(_event.occurred_at, _event.id)
    ).all()
    waived = {
        (row.case_id, row.number)
        for row in connection.execute(
            visible_cases(actor, _clock.case_id, _clock.number)
            .join_from(Case, Clock, _clock.case_id == case.id)
            .where(_clock.waived.is_(True))
        )
    }
    for row in events:
        data = json.loads(row.data)
        if data["light"] is None:
            continue
        numbers[row.stream] = (row.public_id, row.series, row.year, row.serial)
        yield LitRung(
            case_id=row.stream,
            clock=data["clock"],
            rule=data["rule"],
            light=Light(data["light"]),
            occurred_at=row.occurred_at,
            unit=UnitId(data["unit"]),
            person=AccountId(data["person"]) if data["person"] is not None else None,
            event=row.seq,
            waived=(row.stream, data["clock"]) in waived,
        )
