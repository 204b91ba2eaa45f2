"""What the office has handed out: each closure report and bulletin that somebody took away as a file, as its event says.

A month that was handed out may change: what was not known then is in the record now. Whoever reads it again is told what
is not as it was (`changes` of a bulletin; for closings, `covers`). Bulletins taken away before their figures were kept
with the event cannot be compared, and say nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, select

from cases.tables import Recusal
from ledger.chain import OFFICE_STREAM
from ledger.tables import Event
from ledger.upcasters import data_of
from people.directory import units_above
from people.tables import Unit
from reports.bulletin.figures import differing
from reports.bulletin.periods import Period, period_written
from workflow.calendar import WorkCalendar
from workflow.closings import Closing
from workflow.model import Actor, Json, UnitId

EXPORTED = "report:exported"
BULLETIN = "bulletin"

_event = Event.__table__.c  # type: ignore[attr-defined]
_recusal = Recusal.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """A report that was taken away: the local days from `start` to `end`, both included, of a unit and those below it.
    `figures` are those of a bulletin whose period was over; None: it kept none."""

    at: datetime
    account: int | None
    start: date
    end: date
    unit: int | None
    procedure: str | None
    profile: str | None
    period: str | None
    figures: Mapping[str, Json] | None


def handed_out(connection: Connection) -> tuple[HandedOut, ...]:
    """Everything that was handed out, in its order."""
    query = select(_event.occurred_at, _event.actor, _event.data).where(
        _event.stream == OFFICE_STREAM, _event.code == EXPORTED
    )
    found = (_handed_out(row, data_of(EXPORTED, row.data)) for row in connection.execute(query.order_by(_event.seq)))
    return tuple(one for one in found if one is not None)


def _handed_out(row: Any, data: Mapping[str, Any]) -> HandedOut | None:
    choice = data["choice"]
    if data.get("report") == BULLETIN:
        period = period_written(choice["period"])
        days = period.first, period.after - timedelta(days=1)
    elif "start" in choice and "end" in choice:
        days = date.fromisoformat(choice["start"]), date.fromisoformat(choice["end"])
    else:
        return None
    return HandedOut(
        at=row.occurred_at,
        account=row.actor,
        start=days[0],
        end=days[1],
        unit=choice.get("unit"),
        procedure=choice.get("procedure"),
        profile=choice.get("profile"),
        period=choice.get("period"),
        figures=data.get("figures"),
    )


# -- closings ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Covered:
    """Answers whether a closing was in a report that was handed out before the case was opened again."""

    calendar: WorkCalendar
    given: tuple[HandedOut, ...]
    above: Mapping[int, tuple[int, ...]]  #: each unit with itself and those above it

    def __call__(self, closing: Closing, *, procedure: str, profile: str) -> bool:
        closed_on = self.calendar.local_day(closing.at)
        return any(
            closing.at <= one.at < (closing.reopened_at or one.at)
            and one.start <= closed_on <= one.end
            and (one.unit is None or one.unit in self.above[closing.held.unit])
            and one.procedure in (None, procedure)
            and one.profile in (None, profile)
            for one in self.given
        )


def covered(connection: Connection, calendar: WorkCalendar) -> Covered:
    return Covered(calendar, handed_out(connection), units_above(connection))


# -- figures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure of a period that is not what it was when the period was handed out."""

    period: Period
    handed_out_on: date
    code: str
    then: Json
    now: Json


def changes(
    connection: Connection,
    figures: Sequence[tuple[Period, Mapping[str, Json]]],
    *,
    actor: Actor,
    unit: UnitId | None,
    calendar: WorkCalendar,
) -> tuple[Change, ...]:
    """What differs from the bulletins of these periods and of this unit that were handed out: of several alike the first.
    Of the first period all figures are compared, of the others the lines.

    Whoever is recused from a case is compared with their own hand-outs alone: of somebody else's the difference could be
    that case.
    """
    given = [one for one in handed_out(connection) if one.figures is not None]
    if not given:
        return ()
    whose = unit if unit is not None else _top(connection)
    own_only = _is_recused(connection, actor)
    mine = [one for one in given if one.unit == whose and (not own_only or one.account == actor.account)]
    own = figures[0][0]
    return tuple(
        Change(period=period, handed_out_on=calendar.local_day(one.at), code=code, then=then, now=now)
        for period, current in figures
        for one in _of_period(period, mine)
        for code, then, now in differing(one.figures or {}, current, rows=period == own)
    )


def _of_period(period: Period, given: Iterable[HandedOut]) -> Iterator[HandedOut]:
    told: list[Mapping[str, Json] | None] = []
    for one in given:
        if one.period == str(period) and one.figures not in told:
            told.append(one.figures)
            yield one


def _top(connection: Connection) -> int | None:
    """The unit above all others: whoever asks of no unit asks of all below it."""
    return connection.execute(select(_unit.id).where(_unit.parent_id.is_(None)).order_by(_unit.id).limit(1)).scalar()


def _is_recused(connection: Connection, actor: Actor) -> bool:
    theirs = _recusal.person.in_(sorted(actor.accounts))
    return bool(connection.execute(select(exists().where(theirs))).scalar())
