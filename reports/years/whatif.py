"""What a year would have come to under another scheme or another light policy, unit by unit. Touches nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cases.history import histories
from cases.office import OfficeContext
from reports.years.assessment import Sheet, YearWithoutData, check_year, sheets_of
from reports.years.yearly import gathered
from workflow.history import History
from workflow.model import Actor, UnitId
from workflow.policy import Scheme
from workflow.whatif import under


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A unit's sheet as it is and as it would be; one of them may be missing."""

    unit: UnitId
    now: Sheet | None
    then: Sheet | None


def what_if(
    connection: Connection,
    *,
    year: int,
    scheme: Scheme,
    other: Scheme,
    ladder: str | None,
    actor: Actor,
    office: OfficeContext,
    now: datetime,
) -> tuple[Compared, ...]:
    """Each unit under `scheme` as it lit, and under `other` as `ladder` would have lit. Raises `YearCannotBeAssessed`,
    `NoSuchLadder`."""
    check_year(year, office)
    calendar = office.policy.calendar
    real = gathered(histories(connection, actor=actor), year=year, calendar=calendar)
    if not real.counts:
        raise YearWithoutData(year)
    told = _under(connection, ladder, actor=actor, office=office, now=now) if ladder else None
    supposed = real if told is None else gathered(told, year=year, calendar=calendar)
    is_now = {sheet.unit: sheet for sheet in sheets_of(real.counts, scheme, by_person=False)}
    would_be = {sheet.unit: sheet for sheet in sheets_of(supposed.counts, other, by_person=False)}
    return tuple(
        Compared(unit=unit, now=is_now.get(unit), then=would_be.get(unit)) for unit in sorted({*is_now, *would_be})
    )


def _under(
    connection: Connection, ladder: str, *, actor: Actor, office: OfficeContext, now: datetime
) -> Iterator[History]:
    chosen = office.policy.ladder(ladder)
    for history in histories(connection, actor=actor):
        yield under(history, chosen, office.policy.for_profile(history.profile), now=now)
