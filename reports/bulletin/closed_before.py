"""The closings that a bulletin counts beside those of its tables: of cases that were opened again later than thirty days
after the answer. Each counts for the unit that held the case then, on the day of its step, with the answer before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from people.directory import units_within
from reports.bulletin.counts import Counted, Scope
from reports.bulletin.periods import Span
from reports.closures.earlier import Reopened, reopened_cases
from workflow.closings import Closing
from workflow.history import History
from workflow.model import NOT_OURS
from workflow.procedures import PROCEDURES

#: What counts, and when it was.
Dated = tuple[datetime, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedBefore:
    """One such closing as the figures count it: what became of it, its answer, whether that was in time."""

    closing: Closing
    reopened_at: datetime
    as_closed: Dated
    as_answered: Dated | None
    as_decided: Dated | None


def closed_before(
    connection: Connection, scope: Scope, *, since: datetime, until: datetime
) -> tuple[ClosedBefore, ...]:
    """Those that the scope counts, of what can have been closed between two instants."""
    units = None
    if scope.unit is not None:
        units = {one.id for one in units_within(connection, scope.unit)}
    return tuple(
        _counted(case, closing)
        for case in reopened_cases(connection, actor=scope.actor, since=since, until=until)
        if case.history.profile not in scope.without
        for closing in case.before
        if closing.stands and (units is None or closing.held.unit in units)
    )


def within(spans: Sequence[Span], counted: Iterable[Dated | None]) -> Counted:
    """What counts in each span, as the counts of the tables are given."""
    for one in counted:
        for place, span in enumerate(spans):
            if one and span.start <= one[0] < span.end:
                yield place, one[1], 1


def _counted(case: Reopened, closing: Closing) -> ClosedBefore:
    assert closing.reopened_at is not None, "it was opened again"
    history = case.history
    return ClosedBefore(
        closing=closing,
        reopened_at=closing.reopened_at,
        as_closed=(closing.at, (history.procedure, closing.outcome)),
        as_answered=_answered(case, closing),
        as_decided=_decided(history, closing),
    )


def _answered(case: Reopened, closing: Closing) -> Dated | None:
    """The answer before the closing. The last one of a case is among the counts of its steps already."""
    history = case.history
    given = PROCEDURES[history.procedure].answers
    answers = [step for step in history.steps if step.event in given]
    before = [step for step in answers if step.at <= closing.at]
    if not before or before[-1] is answers[-1]:
        return None
    answer = before[-1]
    return answer.at, (answer.event, history.procedure, history.channel, case.dispute_type, closing.outcome)


def _decided(history: History, closing: Closing) -> Dated | None:
    """Whether the deciding limit was kept, of a matter that was accepted."""
    clock = closing.decided
    if clock is None or clock.stopped_at is None or closing.outcome.startswith((NOT_OURS, "not_accepted.")):
        return None
    return closing.at, (history.procedure, "in_time" if clock.stopped_at < clock.due_at else "late")
