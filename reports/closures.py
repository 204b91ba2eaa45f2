"""The closure report: one row for each closed case that the actor may see, with its time limits, lights and points.

`closure_rows` reads, `closure_header` and `closure_cells` turn a row into the columns of a sheet; writing a sheet is
`sheets.py`. No names of parties and no texts: who may see a case may see how it was kept in time. A day is a local day
of the office; an instant is aware and stands in the office's zone.

What a reader of the sheet must know:

- *Clocks.* Each named clock has three columns: its rule, its last day in time, when it stopped. If a clock was extended,
  the last length counts; if it was started again (a signing after a reassignment), the last start counts.
- *Days in hand.* Whole calendar days from the local day on which the deciding clock (`decision`, `order` or `period`)
  stopped to its last day in time: 0 is the last day itself, negative is over. Calendar days also where the rule counts
  working days, so that rows can be compared. A refusal stops the deciding clock too, if it ran.
- *Lights and points* come from the crossings in the ledger, whichever year they lit in. A waived light costs nothing and
  has a column of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, tuple_

from cases.numbers import case_number
from cases.office import OfficeContext
from cases.tables import Case, Clock, Event, Rating
from cases.visibility import case, visible_cases
from people.directory import names_of_accounts, names_of_units
from reports.lit import LIT_COLUMNS, lit_rungs
from reports.sheets import Cell
from workflow.clocks import due_on
from workflow.model import LIGHT_ORDER, Actor, Kind, Light
from workflow.policy import Scheme
from workflow.scoring import Item, items

PAGE = 500
SCHEME = "LIGHTS-A"
#: The clocks that have columns, those of a petition before those of a mediation.
CLOCKS = (
    "notice", "referral", "signing", "contact", "first_response", "order", "decision", "intake", "period", "follow_up",
)  # fmt: skip
#: The clock that says how long the matter took: a case has one of them.
DECIDING = ("decision", "order", "period")

_clock = Clock.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_rating = Rating.__table__.c  # type: ignore[attr-defined]

Say = Callable[[str], str]  #: a translator of one language (`infra.i18n.translator`)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptClock:
    """A clock of a closed case: its rule, its last local day in time, and when it stopped."""

    rule: str
    due_on: date
    stopped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRow:
    """A closed case. `unit` and `handler` are names: who held it when it was closed."""

    number: str
    procedure: str
    profile: str
    dispute_type: str
    channel: str
    received_at: datetime
    registered_at: datetime
    closed_at: datetime
    unit: str
    handler: str | None
    outcome: str | None
    clocks: Mapping[str, KeptClock]  #: by name; a clock that never ran is not in it
    light: Light  #: the worst that was not waived
    waived_light: Light | None  #: the worst that was waived
    deciding: str | None
    days_in_hand: int | None
    rating: str | None
    points: Decimal


def closure_rows(
    connection: Connection, *, actor: Actor, office: OfficeContext, start: date, end: date, scheme: str = SCHEME
) -> Iterator[ClosureRow]:
    """The cases closed on the local days `start` to `end`, both included, by the instant of closing.

    Reads a page of 500 cases at a time, so that memory does not grow with the report; five statements a page. Raises
    `KeyError` for an unknown scheme.
    """
    calendar = office.policy.calendar
    span = case.closed_at >= calendar.start_of(start), case.closed_at < calendar.end_of(end)
    units = names_of_units(connection)
    chosen = office.policy.schemes[scheme]
    for page in _pages(connection, actor, span):
        ids = [row.id for row in page]
        kept = _clocks(connection, actor, ids)
        lit = _lights(connection, actor, ids, kept, chosen)
        ratings = _ratings(connection, actor, ids)
        names = _Names(units=units, accounts=names_of_accounts(connection, {row.holder_person for row in page}))
        for row in page:
            yield _closure(row, kept[row.id], lit[row.id], ratings.get(row.id), names, office)


def closure_header(say: Say) -> tuple[str, ...]:
    """The headings of the columns of `closure_cells`, in its order."""
    plain = tuple(say(f"closure.column.{name}") for name in _PLAIN)
    parts = tuple(say(f"closure.column.clock_{part}") for part in ("rule", "due_on", "stopped_at"))
    return plain + tuple(f"{say(f'clock.{name}')} · {part}" for name in CLOCKS for part in parts)


def closure_cells(row: ClosureRow, say: Say) -> tuple[Cell, ...]:
    """The row as the cells of a sheet: codes in words, instants and numbers as such."""
    plain = tuple(cell(row, say) for cell in _PLAIN.values())
    kept = (row.clocks.get(name) for name in CLOCKS)
    return plain + tuple(
        cell for one in kept for cell in ((one.rule, one.due_on, one.stopped_at) if one else (None, None, None))
    )


def _code(prefix: str, code: str | None, say: Say) -> str | None:
    return say(f"{prefix}.{code}") if code else None


_PLAIN: Mapping[str, Callable[[ClosureRow, Say], Cell]] = {
    "number": lambda row, _: row.number,
    "procedure": lambda row, say: _code("procedure", row.procedure, say),
    "profile": lambda row, say: _code("profile", row.profile, say),
    "dispute_type": lambda row, _: row.dispute_type,
    "dispute": lambda row, say: _code("dispute", row.dispute_type, say),
    "channel": lambda row, say: _code("channel", row.channel, say),
    "received_at": lambda row, _: row.received_at,
    "registered_at": lambda row, _: row.registered_at,
    "closed_at": lambda row, _: row.closed_at,
    "unit": lambda row, _: row.unit,
    "handler": lambda row, _: row.handler,
    "outcome": lambda row, say: _code("outcome", row.outcome, say),
    "light": lambda row, say: _code("light", row.light.value, say),
    "waived_light": lambda row, say: _code("light", row.waived_light and row.waived_light.value, say),
    "deciding": lambda row, say: _code("clock", row.deciding, say),
    "days_in_hand": lambda row, _: row.days_in_hand,
    "rating": lambda row, say: _code("rating", row.rating, say),
    "points": lambda row, _: row.points,
}


# -- reading a page ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    units: Mapping[int, str]
    accounts: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The last clock of each name of one case as its row, and the numbers of those whose lights were waived."""

    last: dict[str, Any]
    waived: set[int]


def _pages(connection: Connection, actor: Actor, span: tuple[Any, ...]) -> Iterator[Sequence[Row[Any]]]:
    """Closed cases by (closed_at, id): each page begins after the last row of the one before."""
    columns = (
        case.id, case.series, case.year, case.serial, case.procedure, case.profile, case.dispute_type, case.channel,
        case.received_at, case.registered_at, case.closed_at, case.holder_unit, case.holder_person, case.outcome,
    )  # fmt: skip
    query = visible_cases(actor, *columns).where(*span).order_by(case.closed_at, case.id).limit(PAGE)
    page = connection.execute(query).all()
    while page:
        yield page
        last = page[-1]
        after = tuple_(case.closed_at, case.id) > tuple_(last.closed_at, last.id)
        page = connection.execute(query.where(after)).all() if len(page) == PAGE else []


def _clocks(connection: Connection, actor: Actor, ids: list[int]) -> dict[int, _Kept]:
    """The duty clocks of a page. Numbers rise within a case, so that the last one of a name is what counts."""
    found: dict[int, _Kept] = {id_: _Kept(last={}, waived=set()) for id_ in ids}
    rows = connection.execute(
        visible_cases(
            actor, _clock.case_id, _clock.number, _clock.name, _clock.rule, _clock.due_at, _clock.stopped_at, _clock.waived
        )
        .join_from(Case, Clock, _clock.case_id == case.id)
        .where(_clock.case_id.in_(ids), _clock.kind == Kind.DUTY.value)
        .order_by(_clock.case_id, _clock.number)
    )  # fmt: skip
    for row in rows:
        kept = found[row.case_id]
        kept.last[row.name] = row
        if row.waived:
            kept.waived.add(row.number)
    return found


def _lights(
    connection: Connection, actor: Actor, ids: list[int], kept: Mapping[int, _Kept], scheme: Scheme
) -> dict[int, list[Item]]:
    """The worst light of each clock of a page with its points, by case."""
    events = connection.execute(
        visible_cases(actor, *LIT_COLUMNS)
        .join_from(Case, Event, _event.stream == case.id)
        .where(_event.stream.in_(ids), _event.code == "clock:crossed")
    )
    waived = {(id_, number) for id_, one in kept.items() for number in one.waived}
    by_case: dict[int, list[Item]] = defaultdict(list)
    for item in items(lit_rungs(events, waived), scheme):
        by_case[item.lit.case_id].append(item)
    return by_case


def _ratings(connection: Connection, actor: Actor, ids: list[int]) -> dict[int, str]:
    rows = connection.execute(
        visible_cases(actor, _rating.case_id, _rating.score)
        .join_from(Case, Rating, _rating.case_id == case.id)
        .where(_rating.case_id.in_(ids))
    )
    return {row.case_id: row.score for row in rows}


# -- one row ----------------------------------------------------------------------------------------------------------


def _closure(
    row: Row[Any], kept: _Kept, lit: list[Item], rating: str | None, names: _Names, office: OfficeContext
) -> ClosureRow:
    calendar = office.policy.calendar
    zone = calendar.zone
    clocks = {
        name: KeptClock(
            rule=clock.rule,
            due_on=due_on(clock, calendar),  # the row has what it reads: the due time
            stopped_at=clock.stopped_at.astimezone(zone),
        )
        for name, clock in kept.last.items()
        if clock.stopped_at is not None  # the end of a case stops them all
    }
    deciding = next((name for name in DECIDING if name in clocks), None)
    return ClosureRow(
        number=case_number(office.short_name, row.series, row.year, row.serial),
        procedure=row.procedure,
        profile=row.profile,
        dispute_type=row.dispute_type,
        channel=row.channel,
        received_at=row.received_at.astimezone(zone),
        registered_at=row.registered_at.astimezone(zone),
        closed_at=row.closed_at.astimezone(zone),
        unit=names.units[row.holder_unit],
        handler=names.accounts[row.holder_person] if row.holder_person is not None else None,
        outcome=row.outcome,
        clocks=clocks,
        light=_worst(item for item in lit if not item.lit.waived) or Light.GREEN,
        waived_light=_worst(item for item in lit if item.lit.waived),
        deciding=deciding,
        days_in_hand=_days_in_hand(clocks[deciding]) if deciding else None,
        rating=rating,
        points=sum((item.points for item in lit), Decimal(0)),
    )


def _worst(lit: Iterable[Item]) -> Light | None:
    return max((item.lit.light for item in lit), key=LIGHT_ORDER.__getitem__, default=None)


def _days_in_hand(clock: KeptClock) -> int:
    return (clock.due_on - clock.stopped_at.date()).days
