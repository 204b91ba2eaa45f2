"""The rows of a closure report for closings after which the case was opened again: as the case stood when it was closed.

A closing that stands has its row in its month, marked with the day of the reopening. One that does not, because the case
was opened again within thirty days of the answer, has none; but if a report with it was handed out before, the row is
there, marked as withdrawn and without points. Of the lights of a case each stands in one row: the first that still stands
and was opened again after it lit, else the row of the present.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from cases.office import OfficeContext
from people.directory import units_within
from reports.closures.earlier import Reopened, reopened_cases
from reports.closures.query import NEXT, PART, Choice
from reports.files.handed_out import Covered, covered
from workflow.calendar import WorkCalendar
from workflow.closings import Closing
from workflow.history import History
from workflow.marks import Mark, marks
from workflow.model import Actor, Kind

#: What became of a closing later.
REOPENED_LATER, WITHDRAWN = "reopened_later", "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedAgo:
    """One such row: what the statement's parts were then, and the marks that belong to it."""

    case_id: int
    closing: Closing
    parts: Mapping[str, Any]
    marks: tuple[Mark, ...]

    @property
    def place(self) -> tuple[str, int]:
        """Where it stands among the rows of the report."""
        return utc_text(self.closing.at), self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a report must know of the cases that were opened again: the rows before the present ones, in their order, and
    the marks that are left for the row of the present, by case."""

    rows: tuple[ClosedAgo, ...]
    left: Mapping[int, tuple[Mark, ...]]


def closed_again(connection: Connection, choice: Choice, *, actor: Actor, office: OfficeContext) -> Again:
    """What was closed before and opened again, of the cases of the choice that exist for the actor."""
    calendar = office.policy.calendar
    found = [
        one for one in reopened_cases(connection, actor=actor, since=choice.since, until=choice.until) if one.before
    ]
    if not found:
        return Again(rows=(), left={})
    was_given = covered(connection, calendar)
    units = _units(connection, choice)
    rows: list[ClosedAgo] = []
    left: dict[int, tuple[Mark, ...]] = {}
    for case in found:
        made, left[case.history.case_id] = _rows(case, calendar, was_given)
        rows += [row for row in made if _is_chosen(row.closing, case.history, choice, units)]
    return Again(rows=tuple(sorted(rows, key=lambda row: row.place)), left=left)


def utc_text(instant: datetime) -> str:
    """An instant as the statement gives it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _units(connection: Connection, choice: Choice) -> set[int] | None:
    if choice.unit is None:
        return None
    return {one.id for one in units_within(connection, choice.unit)}


def _is_chosen(closing: Closing, history: History, choice: Choice, units: set[int] | None) -> bool:
    return (
        choice.since <= closing.at < choice.until
        and (units is None or closing.held.unit in units)
        and choice.procedure in (None, history.procedure)
        and choice.profile in (None, history.profile)
    )


def _rows(case: Reopened, calendar: WorkCalendar, was_given: Covered) -> tuple[Sequence[ClosedAgo], tuple[Mark, ...]]:
    """The rows of one case, and the marks that are left for the present."""
    history = case.history
    left = marks(history, calendar)
    rows = []
    for closing in case.before:
        mine = tuple(mark for mark in left if closing.reopened_at and mark.at < closing.reopened_at)
        if closing.stands:
            left = tuple(mark for mark in left if mark not in mine)
        elif not was_given(closing, procedure=history.procedure, profile=history.profile):
            continue
        parts = _parts(history, closing)
        rows.append(ClosedAgo(case_id=history.case_id, closing=closing, parts=parts, marks=mine))
    return rows, left


def _parts(history: History, closing: Closing) -> dict[str, Any]:
    assert closing.reopened_at is not None, "it was opened again"
    rated = [one.score for one in history.ratings if one.rated_at < closing.reopened_at]
    return {
        "holder_unit": closing.held.unit,
        "holder_person": closing.held.person,
        "outcome": closing.outcome,
        "closed_at": utc_text(closing.at),
        "reopened_at": utc_text(closing.reopened_at),
        "later": REOPENED_LATER if closing.stands else WITHDRAWN,
        "rating": rated[-1] if rated else None,
        "clocks": NEXT.join(_clocks(history, closing)) or None,
    }


def _clocks(history: History, closing: Closing) -> Iterator[str]:
    """The duties that had ended by then, as all of them have when a case is closed."""
    for clock in history.clocks:
        if clock.kind is Kind.DUTY and clock.stopped_at is not None and clock.stopped_at <= closing.at:
            instants = utc_text(clock.due_at), utc_text(clock.stopped_at)
            yield PART.join((str(clock.number), clock.name, clock.rule, *instants))
