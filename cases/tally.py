"""Marks and tallies kept up with the ledger, so that a sheet costs what its lines cost and not what a year of cases costs;
and with them what an auditor looks at (`sign_index.py`).

A stream says how far it is tallied (`stream_head.tallied`); a case that has moved since is worked out anew. Whoever reads
a sheet adds what is not tallied yet (`fresh`), so that the answer is always that of the record as it stands. Everything
here can be thrown away and made again from the ledger.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from cases.assessment_tables import Mark as MarkRow
from cases.assessment_tables import Tally
from cases.history import histories
from cases.sign_index import forget_signs, index_signs
from cases.tables import Case
from cases.visibility import case, visible_cases
from infra.among import is_among
from infra.db import transaction
from infra.statements import Statement
from infra.stopping import Stop, never
from ledger.chain import OFFICE_STREAM, wait_for_key
from ledger.tables import Event, StreamHead
from workflow.calendar import WorkCalendar
from workflow.marks import Mark, marks
from workflow.model import TIMERS, AccountId, RecordNumber, UnitId

#: Few: the heads of so many cases are locked meanwhile.
BATCH = 100
#: A page works out so many that are not tallied yet; a minute of a busy office is less.
MOST_FRESH = 400
#: Read at once, where none is locked.
AT_ONCE = 500

_head = StreamHead.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_mark = MarkRow.__table__.c  # type: ignore[attr-defined]
_tally = Tally.__table__.c  # type: ignore[attr-defined]
_KEY = ("year", "unit", "person", "measure", "outcome")
NOBODY, EVERYBODY = 0, -1  #: in place of a person: no one in particular, and all of a unit together
#: Prepared: a large office has twenty thousand of them by person, and a tenth of that by unit.
_TALLIED = Statement(
    select(*(_tally[name] for name in _KEY), _tally.n).where(_tally.year == bindparam("year"), _tally.person >= NOBODY)
)
_TALLIED_OF_UNITS = Statement(
    select(*(_tally[name] for name in _KEY), _tally.n).where(
        _tally.year == bindparam("year"), _tally.person == EVERYBODY
    )
)

#: The last event of each stream.
_AT_THE_END = (_event.stream == _head.stream) & (_event.seq == _head.seq)

_values = attrgetter(*(one.name for one in fields(Mark)))
_COLUMNS = ("case_id", "position", *(one.name for one in fields(Mark)))

#: What a tally is kept by: year, unit, person, measure, outcome.
Key = tuple[int, int, int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMark:
    """A mark and the case it belongs to."""

    case_id: int
    mark: Mark


def keep_up(engine: Engine, calendar: WorkCalendar, *, stop: Stop = never) -> int:
    """Tallies every case that has moved, in transactions of a hundred; returns how many there were. Told to stop, it leaves the
    hundreds that it has not begun."""
    done = 0
    while True:
        with transaction(engine) as connection:
            wait_for_key(connection, "tally")  # two that tally at once would make the same new row
            found = tally_some(connection, calendar)
        done += found
        if found < BATCH or stop():
            return done


def tally_some(connection: Connection, calendar: WorkCalendar, *, at_most: int = BATCH) -> int:
    """The same for some cases, inside the caller's transaction. Their heads stay locked until it ends."""
    # The heads are taken in ascending order, as everybody takes them.
    query = _moved().order_by(_head.stream).limit(at_most).with_for_update()
    heads = list(connection.execute(query).scalars())
    if not heads:
        return 0
    before = _stored(connection, heads)
    found = list(histories(connection, actor=TIMERS, cases=heads))
    after = {int(one.case_id): marks(one, calendar) for one in found}
    connection.execute(delete(MarkRow).where(is_among(_mark.case_id, heads)))
    rows = [
        mark_row(case_id, number, mark) for case_id, made in after.items() for number, mark in enumerate(made, start=1)
    ]
    if rows:
        connection.execute(insert(MarkRow), rows)
    _shift(connection, _change(before, after))
    index_signs(connection, heads, found, calendar)
    connection.execute(update(StreamHead).where(is_among(_head.stream, heads)).values(tallied=_head.seq))
    return len(heads)


def start_over(connection: Connection) -> None:
    """Nothing is tallied any more, every case is to be worked out anew: what marks depend on beside the events has changed
    (the office's zone), or somebody has touched them."""
    connection.execute(delete(MarkRow))
    connection.execute(delete(Tally))
    forget_signs(connection)
    connection.execute(update(StreamHead).where(_head.stream != OFFICE_STREAM).values(tallied=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What the stored marks do not say: the cases that they are not those of, and what these have left behind."""

    moved: frozenset[int]
    marks: Mapping[int, tuple[Mark, ...]]


def fresh(
    connection: Connection,
    calendar: WorkCalendar,
    *,
    until: datetime | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Fresh:
    """As the record stands now, or stood at `until`. `progress` is told how many cases are done, and of how many."""
    moved = moved_since(connection, until=until)
    there = sorted(moved if until is None else moved & _registered_by(connection, until))
    found: dict[int, tuple[Mark, ...]] = {}
    for at in range(0, len(there), AT_ONCE):
        found |= fresh_marks(connection, calendar, there[at : at + AT_ONCE], until=until)
        progress(min(at + AT_ONCE, len(there)), len(there))
    return Fresh(moved=frozenset(moved), marks=found)


def to_be_read(connection: Connection, *, until: datetime) -> int:
    """Of how many cases the events are read for the marks as they stood at `until`."""
    moved = visible_cases(TIMERS, func.count()).join_from(Case, StreamHead, _head.stream == case.id)
    moved = moved.join(Event, _AT_THE_END).where(case.registered_at <= until, _has_moved(until))
    return int(connection.execute(moved).scalar_one())


def _registered_by(connection: Connection, until: datetime) -> set[int]:
    return set(connection.execute(visible_cases(TIMERS, case.id).where(case.registered_at <= until)).scalars())


class TalliesCatchUp(Exception):
    """So many cases have moved since they were tallied that nobody should wait for them: the timers are at it. Carries how many
    are tallied, and of how many."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__(done, total)
        self.done, self.total = done, total


def check_tallied(connection: Connection) -> None:
    """Raises `TalliesCatchUp` where working out what is not tallied yet would take longer than a page may."""
    waiting = connection.execute(select(func.count()).select_from(_moved().subquery())).scalar_one()
    if waiting > MOST_FRESH:
        cases = select(func.count()).select_from(StreamHead).where(_head.stream != OFFICE_STREAM)
        total = connection.execute(cases).scalar_one()
        raise TalliesCatchUp(total - waiting, total)


def moved_since(connection: Connection, *, until: datetime | None = None) -> set[int]:
    """The cases whose stored marks are not those of the record as it stands, or as it stood at `until`."""
    if until is None:
        return set(connection.execute(_moved()).scalars())
    since = select(_head.stream).join_from(StreamHead, Event, _AT_THE_END).where(_has_moved(until))
    return set(connection.execute(since.where(_head.stream != OFFICE_STREAM)).scalars())


def _has_moved(until: datetime) -> ColumnElement[bool]:
    """Of the end of a stream: its marks are not those of the record as it stood at `until`."""
    return or_(_event.recorded_at > until, _head.tallied < _head.seq)


def fresh_marks(
    connection: Connection, calendar: WorkCalendar, cases: Iterable[int], *, until: datetime | None = None
) -> dict[int, tuple[Mark, ...]]:
    """The marks of some cases, worked out now, as the record stands or stood at `until`."""
    found = histories(connection, actor=TIMERS, cases=cases, until=until)
    return {int(one.case_id): marks(one, calendar) for one in found}


def _moved() -> Any:
    return select(_head.stream).where(_head.tallied < _head.seq, _head.stream != OFFICE_STREAM)


def _stored_counts(connection: Connection, cases: Iterable[int], *, year: int) -> Counter[Key]:
    """How many marks of a year stand of these cases."""
    columns = [_mark.year, _mark.unit, func.coalesce(_mark.person, NOBODY), _mark.measure, _mark.outcome]
    query = select(*columns, func.count()).where(is_among(_mark.case_id, cases), _mark.year == year)
    grouped = query.group_by(_mark.year, _mark.unit, _mark.person, _mark.measure, _mark.outcome)
    return Counter({(row[0], row[1], row[2], row[3], row[4]): row[5] for row in connection.execute(grouped)})


def _stored(connection: Connection, cases: Iterable[int]) -> dict[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for row in connection.execute(select(*_mark).where(is_among(_mark.case_id, cases))):
        found.setdefault(row.case_id, []).append(mark_of(row))
    return found


def _change(before: Mapping[int, Iterable[Mark]], after: Mapping[int, Iterable[Mark]]) -> Counter[Key]:
    """By how much each tally changes. A `Counter` here may hold less than nothing."""
    change: Counter[Key] = Counter()
    change.update(key_of(mark) for made in after.values() for mark in made)
    change.subtract(key_of(mark) for made in before.values() for mark in made)
    return change


def _shift(connection: Connection, change: Mapping[Key, int]) -> None:
    """Each tally of a person, and that of the unit. In the order of the keys, so that two that tally at once never wait for
    each other in a ring."""
    whole = Counter(change)
    for (year, unit, _, measure, outcome), by in change.items():
        whole[year, unit, EVERYBODY, measure, outcome] += by
    for key, by in sorted(whole.items()):
        if not by:
            continue
        where = [_tally[name] == value for name, value in zip(_KEY, key, strict=True)]
        touched = connection.execute(update(Tally).where(*where).values(n=_tally.n + by))
        if not touched.rowcount:
            connection.execute(insert(Tally).values(n=by, **dict(zip(_KEY, key, strict=True))))
    connection.execute(delete(Tally).where(_tally.n == 0))


# -- reading ----------------------------------------------------------------------------------------------------------


def counts(connection: Connection, *, year: int, beside: Fresh, by_person: bool = True) -> Counter[Key]:
    """How many marks of each kind a year has, by unit and person, with what is `beside` the tallies. Not `by_person`: each
    unit's are under nobody."""
    found = tallied(connection, year=year, by_person=by_person)
    if not beside.moved:
        return found
    change: Counter[Key] = Counter(key_of(mark) for made in beside.marks.values() for mark in made if mark.year == year)
    change.subtract(_stored_counts(connection, beside.moved, year=year))
    for (_, unit, person, measure, outcome), by in change.items():
        found[year, unit, person if by_person else NOBODY, measure, outcome] += by
    return Counter({key: n for key, n in found.items() if n})


def recount(connection: Connection, *, year: int) -> Counter[Key]:
    """The tallies of a year counted anew from the marks that are stored: what `tally` must say."""
    columns = [_mark.year, _mark.unit, func.coalesce(_mark.person, NOBODY), _mark.measure, _mark.outcome]
    query = select(*columns, func.count()).where(_mark.year == year)
    # Grouped by the columns of the index as they stand in it, so that no database has to sort.
    grouped = query.group_by(_mark.year, _mark.unit, _mark.person, _mark.measure, _mark.outcome)
    return Counter({(row[0], row[1], row[2], row[3], row[4]): row[5] for row in connection.execute(grouped)})


def agrees(connection: Connection, calendar: WorkCalendar, *, year: int) -> bool:
    """Whether the stored marks and tallies of a year are what the events of every case give: all cases are worked out."""
    events: Counter[CaseMark] = Counter()
    for one in histories(connection, actor=TIMERS):
        events.update(CaseMark(case_id=one.case_id, mark=mark) for mark in marks(one, calendar) if mark.year == year)
    rows = connection.execute(select(*_mark).where(_mark.year == year))
    stored = Counter(CaseMark(case_id=row.case_id, mark=mark_of(row)) for row in rows)
    by_person, by_unit = tallied(connection, year=year), tallied(connection, year=year, by_person=False)
    of_units: Counter[Key] = Counter()
    for (_, unit, _, measure, outcome), n in by_person.items():
        of_units[year, unit, NOBODY, measure, outcome] += n
    return events == stored and recount(connection, year=year) == by_person and of_units == by_unit


def tallied(connection: Connection, *, year: int, by_person: bool = True) -> Counter[Key]:
    """What `tally` says of a year, without the cases that have moved since. Not `by_person`: under nobody, as `counts`."""
    rows = (_TALLIED if by_person else _TALLIED_OF_UNITS).rows(connection, year=year)
    if by_person:
        return Counter({row[:-1]: row[-1] for row in rows})
    return Counter({(year, unit, NOBODY, measure, outcome): n for year, unit, _, measure, outcome, n in rows})


def counted_marks(
    connection: Connection, *, year: int, units: Iterable[int], beside: Fresh, outcomes: Collection[str] | None = None
) -> list[CaseMark]:
    """The marks of a year that belong to these units, with what is `beside` the stored ones, in the order of time; of these
    `outcomes`, or all."""
    wanted = set(units)
    query = select(*_mark).where(_mark.year == year, is_among(_mark.unit, wanted))
    if outcomes is not None:
        query = query.where(_mark.outcome.in_(sorted(outcomes)))
    found = [
        CaseMark(case_id=row.case_id, mark=mark_of(row))
        for row in connection.execute(query)
        if row.case_id not in beside.moved
    ]
    found += [
        CaseMark(case_id=case_id, mark=mark)
        for case_id, made in beside.marks.items()
        for mark in made
        if mark.year == year and mark.unit in wanted and (outcomes is None or mark.outcome in outcomes)
    ]
    return sorted(found, key=lambda one: (one.mark.at, one.case_id, one.mark.seq, one.mark.measure))


def key_of(mark: Mark) -> Key:
    return (mark.year, mark.unit, mark.person or NOBODY, mark.measure, mark.outcome)


def mark_of(row: Any) -> Mark:
    return Mark(
        year=row.year,
        unit=UnitId(row.unit),
        person=None if row.person is None else AccountId(row.person),
        measure=row.measure,
        outcome=row.outcome,
        at=row.at,
        seq=row.seq,
        clock=None if row.clock is None else RecordNumber(row.clock),
        rule=row.rule,
        ground=row.ground,
        decided=row.decided,
    )


def mark_row(case_id: int, position: int, mark: Mark) -> dict[str, Any]:
    return dict(zip(_COLUMNS, (case_id, position, *_values(mark)), strict=True))
