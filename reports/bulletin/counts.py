"""What the tables say, counted by period: the raw material of `bulletin.py`, which says what the figures mean.

Each function is one grouped statement over one table, from `visible_cases`, and yields a period's place in the list of
spans, the name of a count, and how many. Spans must not overlap.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select
from sqlalchemy import case as choose

from cases.tables import Agreement, Case, Clock, Rating, Session
from cases.visibility import case, still_counts, visible_cases
from ledger.tables import Event
from ledger.upcasters import data_of
from people.tables import UnitAbove
from reports.bulletin.periods import Span
from workflow.model import NOT_OURS, Actor, UnitId
from workflow.procedures import DECIDING, PROCEDURES

_above = UnitAbove.__table__.c  # type: ignore[attr-defined]
_agreement = Agreement.__table__.c  # type: ignore[attr-defined]
_clock = Clock.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_rating = Rating.__table__.c  # type: ignore[attr-defined]
_session = Session.__table__.c  # type: ignore[attr-defined]

Counted = Iterator[tuple[int, tuple[str, ...], int]]

#: The steps whose day is a figure's day.
STEPS = sorted({event for procedure in PROCEDURES.values() for event in procedure.counted})
#: The steps that say how far an agreement was performed.
PERFORMANCE = ("case:performance_recorded", "case:followed_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose cases are counted: those a unit or one below it holds (all, without a unit), without some profiles."""

    actor: Actor
    unit: UnitId | None
    without: frozenset[str] = frozenset()

    def cases(self, *columns: Any) -> Select[Any]:
        query = visible_cases(self.actor, *columns)
        if self.unit is not None:
            query = query.where(case.holder_unit.in_(select(_above.unit).where(_above.above == self.unit)))
        return query.where(case.profile.not_in(self.without)) if self.without else query


def registered(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """By procedure, profile, channel and type of dispute."""
    what = (case.procedure, case.profile, case.channel, case.dispute_type)
    yield from _counted(connection, scope.cases(), case.registered_at, what, spans)


def closed(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """By procedure and outcome, the cases that are closed now; those that were opened again: `closed_before.py`."""
    yield from _counted(connection, scope.cases(), case.closed_at, (case.procedure, _outcome()), spans)


def steps(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """The last time each step of `STEPS` was taken in a case: by step, procedure, channel, type of dispute and outcome. An
    answer that closed the case before it was opened again: `closed_before.py`."""
    last = (
        scope.cases(
            case.id, case.procedure, case.channel, case.dispute_type, _outcome().label("outcome"), _event.code,
            func.max(_event.occurred_at).label("at"),
        )
        .join_from(Case, Event, _event.stream == case.id)
        .where(_ours(), _alive(spans), _event.code.in_(STEPS), still_counts(_event.stream, seq=_event.seq))
        .group_by(case.id, case.procedure, case.channel, case.dispute_type, case.outcome, _event.code)
        .subquery()
    ).c  # fmt: skip
    what = (last.code, last.procedure, last.channel, last.dispute_type, last.outcome)
    yield from _counted(connection, select(), last.at, what, spans)


def first_sessions(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """Cases by the day on which their parties first sat down together."""
    first = (
        scope.cases(case.id, func.min(_session.held_at).label("at"))
        .join_from(Case, Session, _session.case_id == case.id)
        .where(_ours(), _alive(spans), still_counts(_session.case_id, record=_session.number))
        .group_by(case.id)
        .subquery()
    ).c
    yield from _counted(connection, select(), first.at, (), spans)


def amounts(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """Yuan that agreements speak of, by type of dispute."""
    query = scope.cases().join_from(Case, Agreement, _agreement.case_id == case.id).where(_ours())
    query = query.where(still_counts(_agreement.case_id, record=_agreement.number))
    amount = func.coalesce(func.sum(_agreement.amount_yuan), 0)
    yield from _counted(connection, query, _agreement.effective_at, (case.dispute_type,), spans, amount)


def ratings(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """By procedure and score."""
    query = scope.cases().join_from(Case, Rating, _rating.case_id == case.id).where(_ours())
    yield from _counted(connection, query, _rating.rated_at, (case.procedure, _rating.score), spans)


def answered_in_time(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """Closed matters by procedure and by whether the last of their deciding clocks was stopped before it was due."""
    later = Clock.__table__.alias("later")  # type: ignore[attr-defined]
    is_last = ~exists().where(
        later.c.case_id == _clock.case_id, later.c.name.in_(DECIDING), later.c.number > _clock.number
    )
    query = (
        scope.cases()
        .join_from(Case, Clock, _clock.case_id == case.id)
        .where(_ours(), _accepted(), _clock.name.in_(DECIDING), _clock.stopped_at.is_not(None), is_last)
    )
    in_time = choose((_clock.stopped_at < _clock.due_at, "in_time"), else_="late")
    yield from _counted(connection, query, case.closed_at, (case.procedure, in_time), spans)


def performances(connection: Connection, scope: Scope, spans: Sequence[Span]) -> Counted:
    """Cases by how far their agreement was performed, as the last word about it says, on the day it was given."""
    query = (
        scope.cases(_event.stream, _event.seq, _event.code, _event.occurred_at, _event.data)
        .join_from(Case, Event, _event.stream == case.id)
        .where(
            _ours(),
            _alive(spans),
            _has_word_of_performance(),
            _event.code.in_(PERFORMANCE),
            still_counts(_event.stream, seq=_event.seq),
        )
    )
    last: dict[int, Row[Any]] = {}
    # In no order: sorted, SQLite would walk all events by their index instead of those of a few cases.
    for row in connection.execute(query):
        if row.stream not in last or last[row.stream].seq < row.seq:
            last[row.stream] = row
    found: Counter[tuple[int, str]] = Counter()
    for row in last.values():
        place = next((n for n, span in enumerate(spans) if span.start <= row.occurred_at < span.end), None)
        if place is not None:
            found[place, data_of(row.code, row.data)["command"]["extent"]] += 1
    for (place, extent), count in found.items():
        yield place, (extent,), count


def by_month(
    connection: Connection,
    scope: Scope,
    months: Sequence[Span],
    *,
    of: ColumnElement[Any],
    only: frozenset[str] | None = None,
) -> tuple[int, ...]:
    """How many cases, of all profiles or of some, have that instant (registered, closed) in each month."""
    query = scope.cases() if only is None else scope.cases().where(case.profile.in_(only))
    found = {place: count for place, _, count in _counted(connection, query, of, (), months)}
    return tuple(found.get(place, 0) for place in range(len(months)))


# -- conditions -------------------------------------------------------------------------------------------------------


def _outcome() -> ColumnElement[str]:
    """No case without an outcome is told apart from one that has none yet."""
    found: ColumnElement[str] = func.coalesce(case.outcome, "")
    return found


def _ours() -> ColumnElement[bool]:
    return _outcome().not_like(f"{NOT_OURS}%")


def _accepted() -> ColumnElement[bool]:
    return _outcome().not_like("not_accepted.%")


def _has_word_of_performance() -> ColumnElement[bool]:
    """Most cases have none, and their events need not be looked at."""
    return or_(*(case.milestones.contains(code.removeprefix("case:")) for code in PERFORMANCE))


def _alive(spans: Iterable[Span]) -> ColumnElement[bool]:
    """Cases that were open at some time of a span: no other can have taken a step in it."""
    return or_(
        *(
            and_(case.registered_at < span.end, or_(case.closed_at.is_(None), case.closed_at >= span.start))
            for span in spans
        )
    )


# -- counting ---------------------------------------------------------------------------------------------------------


def _counted(
    connection: Connection,
    query: Select[Any],
    at: ColumnElement[Any],
    what: tuple[Any, ...],
    spans: Sequence[Span],
    how_many: ColumnElement[int] | None = None,
) -> Counted:
    """The query's rows by the span that `at` lies in, and by `what`."""
    within = [and_(at >= span.start, at < span.end) for span in spans]
    place = choose(*((condition, n) for n, condition in enumerate(within)))
    names = ["place", *(f"what_{n}" for n in range(len(what)))]
    columns = [column.label(name) for name, column in zip(names, (place, *what), strict=True)]
    amount = how_many if how_many is not None else func.count()
    rows = connection.execute(query.with_only_columns(*columns, amount).where(or_(*within)).group_by(*names))
    for place_found, *codes, count in rows:
        yield int(place_found), tuple(codes), int(count)
