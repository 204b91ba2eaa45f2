"""The record as it was known at an instant: one case, the work list of then, the sheets of a year.

Known at an instant is what had been *recorded* by then (`recorded_at`), however early it had come true: a crossing that
the sweep noticed later is not known, and no sheet of then counts it. The light of a clock follows from the rungs that it
carries, as on the page of then, so it shows that light all the same. Everything is read from the events of the ledger;
rows of the present say only which cases the reader may see, and which of them can have been open.

What is of today and not of then: the reader's reach (an auditor's: what is held now by the own unit or below it), the
names of units and people, the calendar that counts the time left, the scheme of a sheet. Which instant a day means is
in `instants.py`. No text of a case and no name of a party is read here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, or_

from cases.history import Record, history_of, instant, records
from cases.office import OfficeContext
from cases.reading import EventLine, timeline
from cases.tables import Case
from cases.tally import CaseMark, Key, counted_marks, counts, fresh
from cases.visibility import case, visible_cases
from ledger.tables import Event, StreamHead
from reports.later.progress import Progress, no_progress
from reports.years.assessment import NAMED, Assessment, SheetLine, assessed, check_year, lines_from, named_marks
from workflow.calendar import WorkCalendar
from workflow.clocks import Left, due_on, foremost, left, light, paused_until
from workflow.model import AccountId, Actor, CaseId, Clock, Custody, Light, RecordNumber, State, UnitId
from workflow.policy import Scheme

#: Cases that one query asks for.
BATCH = 500
_event = Event.__table__.c  # type: ignore[attr-defined]
_head = StreamHead.__table__.c  # type: ignore[attr-defined]
LAST_OF_ALL = datetime.max.replace(tzinfo=UTC)


class CaseWasNotKnown(Exception):
    """The record knew nothing of this case at that instant. It is there now, and the reader may see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockAsOf:
    """A clock as it stood. `left` and `paused_until` are those of a running one; `clock.crossed_until` is the last of its
    rungs whose crossing had been recorded by then."""

    clock: Clock
    light: Light
    due_on: date
    left: Left | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAsOf:
    """A case as the events recorded by `at` say: its row of then, its clocks in the order of their numbers, who held it.

    `events` are there when one case is asked for, and not in a list.
    """

    at: datetime
    case_id: CaseId
    public_id: str
    number: tuple[str, int, int]  #: series, year, serial
    procedure: str
    profile: str
    channel: str
    dispute_type: str
    received_at: datetime
    registered_at: datetime
    intake_unit: UnitId
    version: int
    state: State
    milestones: tuple[str, ...]
    next_number: RecordNumber
    holder_unit: UnitId
    holder_person: AccountId | None
    custody_number: RecordNumber
    custody_from: datetime
    next_due_at: datetime | None
    paused_until: datetime | None
    extension_asked: int | None
    outcome: str | None
    closed_at: datetime | None
    clocks: tuple[ClockAsOf, ...]
    custodies: tuple[Custody, ...]
    events: tuple[EventLine, ...] = ()

    @property
    def foremost(self) -> ClockAsOf | None:
        """The clock whose light the case showed."""
        chosen = foremost((one.clock for one in self.clocks), at=self.at)
        return next((one for one in self.clocks if one.clock is chosen), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsAsOf:
    """The sheets of a year as they were known at an instant, and the lines of each unit's."""

    at: datetime
    assessment: Assessment
    lines: Mapping[UnitId, tuple[SheetLine, ...]]


# -- one case ---------------------------------------------------------------------------------------------------------


def case_as_of(connection: Connection, case_id: int, *, at: datetime, actor: Actor, office: OfficeContext) -> CaseAsOf:
    """The case as it was known. Raises `CaseWasNotKnown`, which is also said of a case that is out of reach."""
    found = list(records(connection, actor=actor, cases=[case_id], until=at))
    if not found:
        raise CaseWasNotKnown(case_id)
    events = tuple(one for one in timeline(connection, case_id, actor=actor) if one.recorded_at <= at)
    return _known(found[0], at, office.policy.calendar, events)


def _known(record: Record, at: datetime, calendar: WorkCalendar, events: tuple[EventLine, ...] = ()) -> CaseAsOf:
    row, history = record.case, history_of(record)
    return CaseAsOf(
        at=at,
        case_id=history.case_id,
        public_id=row["public_id"],
        number=history.number,
        procedure=history.procedure,
        profile=history.profile,
        channel=history.channel,
        dispute_type=row["dispute_type"],
        received_at=history.received_at,
        registered_at=history.registered_at,
        intake_unit=history.intake_unit,
        version=record.version,
        state=row["state"],
        milestones=tuple(row["milestones"].split()),
        next_number=RecordNumber(row["next_number"]),
        holder_unit=UnitId(row["holder_unit"]),
        holder_person=row["holder_person"],
        custody_number=RecordNumber(row["custody_number"]),
        custody_from=datetime.fromisoformat(row["custody_from"]),
        next_due_at=instant(row["next_due_at"]),
        paused_until=instant(row["paused_until"]),
        extension_asked=row["extension_asked"],
        outcome=history.outcome,
        closed_at=history.closed_at,
        clocks=tuple(_clock(clock, at, calendar) for clock in history.clocks),
        custodies=history.custodies,
        events=events,
    )  # fmt: skip


def _clock(clock: Clock, at: datetime, calendar: WorkCalendar) -> ClockAsOf:
    return ClockAsOf(
        clock=clock,
        light=light(clock, at=at),
        due_on=due_on(clock, calendar),
        left=left(clock, calendar, at=at) if clock.stopped_at is None else None,
        paused_until=paused_until(clock, at=at),
    )


# -- the work list of then --------------------------------------------------------------------------------------------


def open_cases_as_of(
    connection: Connection, *, at: datetime, actor: Actor, office: OfficeContext
) -> tuple[CaseAsOf, ...]:
    """Every case that was open then, what was due next on top."""
    return cases_as_of(connection, open_then(connection, at=at, actor=actor), at=at, actor=actor, office=office)


def to_be_read_for_list(connection: Connection, *, at: datetime, actor: Actor) -> int:
    """Of how many cases the events are read for the list of then."""
    return sum(row.moved for row in connection.execute(_perhaps_open(at, actor)))


def open_then(connection: Connection, *, at: datetime, actor: Actor, progress: Progress = no_progress) -> list[int]:
    """The ids of the cases that were open then, what was due next on top. Of a case of which nothing was recorded since,
    the row of the present is that of then; of the others the events are read."""
    due = {}
    moved = []
    for row in connection.execute(_perhaps_open(at, actor)):
        if row.moved:
            moved.append(row.id)
        else:
            due[row.id] = row.next_due_at
    for done, record in enumerate(records_in_batches(connection, moved, at=at, actor=actor), start=1):
        if record.case["closed_at"] is None:
            due[record.case_id] = instant(record.case["next_due_at"])
        progress(done, len(moved))
    return sorted(due, key=lambda case_id: (due[case_id] or LAST_OF_ALL, case_id))


def cases_as_of(
    connection: Connection, cases: Iterable[int], *, at: datetime, actor: Actor, office: OfficeContext
) -> tuple[CaseAsOf, ...]:
    """These cases as they were known, in this order; without those that do not exist for the actor."""
    wanted = list(cases)
    found = {
        record.case_id: _known(record, at, office.policy.calendar)
        for record in records_in_batches(connection, wanted, at=at, actor=actor)
    }
    return tuple(found[case_id] for case_id in wanted if case_id in found)


def _perhaps_open(at: datetime, actor: Actor) -> Select[Any]:
    """Cases registered by then and not closed before, and whether anything was recorded since. One that is closed now, and was
    by then, has been closed all the time between: a case that is opened again forgets when it was closed."""
    moved = (_event.recorded_at > at).label("moved")
    return (
        visible_cases(actor, case.id, case.next_due_at, moved)
        .join_from(Case, StreamHead, _head.stream == case.id)
        .join(Event, (_event.stream == _head.stream) & (_event.seq == _head.seq))
        .where(case.registered_at <= at, or_(case.closed_at.is_(None), case.closed_at > at))
    )


def records_in_batches(connection: Connection, cases: Iterable[int], *, at: datetime, actor: Actor) -> Iterator[Record]:
    for some in _in_batches(cases):
        yield from records(connection, actor=actor, cases=some, until=at)


def _in_batches(ids: Iterable[int]) -> Iterator[list[int]]:
    waiting = iter(ids)
    while some := list(islice(waiting, BATCH)):
        yield some


# -- the sheets of then -----------------------------------------------------------------------------------------------


def sheets_as_of(
    connection: Connection, *, year: int, scheme: str, at: datetime, actor: Actor, office: OfficeContext
) -> SheetsAsOf:
    """The sheets of a year as the events recorded by then say, by the calendar and the scheme of today: those that the
    actor may see, as in `reports.years.assessment.assess`. What a case has left behind is read from the marks that are kept if
    nothing of it was recorded since, and else from its events.

    Raises `YearWithoutCalendar`, `YearWithoutData`, `NoSuchScheme`.
    """
    chosen, calendar = office.scheme(scheme), office.policy.calendar
    check_year(year, office)
    counted = counted_then(connection, calendar, year=year, at=at)
    return sheets_of_counts(connection, counted, year=year, scheme=chosen, at=at, actor=actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a year's sheets of then are made of: the counts, and of each unit the marks that its sheet names."""

    counts: Mapping[Key, int]
    named: Mapping[int, Sequence[CaseMark]]


def counted_then(
    connection: Connection, calendar: WorkCalendar, *, year: int, at: datetime, progress: Progress = no_progress
) -> Counted:
    """Of all units, whoever may see them: who is shown which is asked when they are shown (`sheets_of_counts`)."""
    beside = fresh(connection, calendar, until=at, progress=progress)
    found = counts(connection, year=year, beside=beside)
    named: dict[int, list[CaseMark]] = {unit: [] for _, unit, *_ in found}
    for one in counted_marks(connection, year=year, units=named, beside=beside, outcomes=NAMED):
        named[one.mark.unit].append(one)
    return Counted(counts=found, named=named)


def sheets_of_counts(
    connection: Connection,
    counted: Counted,
    *,
    year: int,
    scheme: Scheme,
    at: datetime,
    actor: Actor,
    lines_of: UnitId | None = None,
) -> SheetsAsOf:
    """The sheets that the actor may see, with the lines of each, or of one unit alone. Raises `YearWithoutData`."""
    assessment = assessed(connection, counted.counts, year=year, scheme=scheme, actor=actor)
    lines = {
        sheet.unit: lines_from(connection, named_marks(counted.named[sheet.unit], scheme), scheme=scheme, actor=actor)
        for sheet in assessment.units
        if lines_of in (None, sheet.unit)
    }
    return SheetsAsOf(at=at, assessment=assessment, lines=lines)
