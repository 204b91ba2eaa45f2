"""The pages of the record as it was known at an instant. Every instant is written with its year: none of it is of today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from cases.numbers import case_number
from cases.reading import EventLine
from infra.i18n import write_day, write_minute
from people.directory import names_of_accounts, names_of_units
from reports.record.as_of import CaseAsOf, ClockAsOf, SheetsAsOf, cases_as_of
from reports.years.sheet_files import PaperLine, item_words, line_words, scheme_name
from web.context import Context
from web.presenters.assessment import Row, rows_of
from web.presenters.lights import LightView, clock_light
from web.presenters.timeline import TimelineView
from words import Words
from workflow.counting import STEADY
from workflow.model import Clock, Custody, UnitId

PAGE = 100
#: An event that was recorded so much later than it came true shows both times.
NOTICEABLY = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """A clock as it stood: `left` in words, None once it had stopped; `charged`: whose it was, if not the holder's."""

    name: str
    charged: str | None
    rule: str
    kind: str
    length: int
    unit: str
    light: LightView
    left: str | None
    started: str
    stopped: str | None
    outcome: str | None
    waived: bool
    pauses: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A row of the work list of then, and the head of a case's page."""

    public_id: str
    number: str
    procedure: str
    dispute_type: str
    state: str
    outcome: str | None
    holder: str
    light: LightView
    left: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseThen:
    head: CaseLine
    channel: str
    version: int
    received: str
    registered: str
    held_since: str
    closed: str | None
    extension_asked: int | None
    milestones: tuple[str, ...]
    clocks: tuple[ClockLine, ...]
    custodies: tuple[tuple[str, str, str | None], ...]  #: holder, from, until
    timeline: tuple[TimelineView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListThen:
    """One page of the work list of then."""

    rows: tuple[CaseLine, ...]
    count: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsThen:
    """The table of units; of one unit, its items and its lines too."""

    year: int
    scheme: str
    scheme_words: str
    source: str
    units: tuple[Row, ...]
    levels: tuple[Row, ...]
    unit: str | None
    unit_id: int | None
    items: tuple[tuple[str, str, str], ...]
    lines: tuple[PaperLine, ...]
    page: int
    pages: int


def show_case(connection: Connection, ctx: Context, found: CaseAsOf) -> CaseThen:
    people = {found.holder_person, *(c.person for c in found.custodies), *(event.actor for event in found.events)}
    people |= {one.clock.charged_person for one in found.clocks}
    who = _Who(names_of_units(connection), names_of_accounts(connection, people))
    return CaseThen(
        head=_line(found, ctx, who),
        channel=found.channel,
        version=found.version,
        received=_minute(found.received_at, ctx),
        registered=_minute(found.registered_at, ctx),
        held_since=_minute(found.custody_from, ctx),
        closed=_minute(found.closed_at, ctx) if found.closed_at else None,
        extension_asked=found.extension_asked,
        milestones=tuple(dict.fromkeys(one.partition(".")[0] for one in found.milestones)),  # `explained.8`: of clock 8
        clocks=tuple(_clock(one, ctx, found, who) for one in found.clocks),
        custodies=tuple(_custody(one, ctx, who) for one in found.custodies),
        timeline=tuple(_event(one, ctx, who) for one in reversed(found.events)),
    )


def show_list(connection: Connection, ctx: Context, cases: Sequence[int], *, at: datetime, page: int) -> ListThen:
    """A page of the cases that were open then. A page that there is not is the last one."""
    pages = max(1, -(-len(cases) // PAGE))
    page = min(page, pages)
    wanted = cases[(page - 1) * PAGE : page * PAGE]
    shown = cases_as_of(connection, wanted, at=at, actor=ctx.actor, office=ctx.office)
    who = _Who(names_of_units(connection), names_of_accounts(connection, {one.holder_person for one in shown}))
    rows = tuple(_line(one, ctx, who) for one in shown)
    return ListThen(rows=rows, count=len(cases), page=page, pages=pages)


def show_sheets(
    connection: Connection, ctx: Context, found: SheetsAsOf, *, unit: UnitId | None, page: int
) -> SheetsThen:
    """A page of the lines of one unit's sheet. `unit` without a sheet of its own, or out of reach, is none."""
    words, units, assessment = Words(ctx.language), names_of_units(connection), found.assessment
    chosen = next((sheet for sheet in assessment.units if sheet.unit == unit), None)
    lines = found.lines[chosen.unit] if chosen else ()
    pages = max(1, -(-len(lines) // PAGE))
    page = min(page, pages)
    return SheetsThen(
        year=assessment.year,
        scheme=assessment.scheme.id,
        scheme_words=scheme_name(assessment.scheme, ctx.language),
        source=words(assessment.scheme.source),
        units=rows_of(assessment.units, units, words),
        levels=rows_of(assessment.levels, units, words),
        unit=units[chosen.unit] if chosen else None,
        unit_id=chosen.unit if chosen else None,
        items=tuple(item_words(line, words) for line in chosen.score.lines) if chosen else (),
        lines=tuple(line_words(line, ctx.office, words) for line in lines[(page - 1) * PAGE : page * PAGE]),
        page=page,
        pages=pages,
    )


# -- parts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Who:
    """Names as they are today."""

    units: Mapping[int, str]
    accounts: Mapping[int, str]

    def holds(self, unit: int, person: int | None) -> str:
        named = self.accounts.get(person) if person is not None else None
        return " · ".join(part for part in (self.units.get(unit), named) if part)


def _line(found: CaseAsOf, ctx: Context, who: _Who) -> CaseLine:
    shown = found.foremost
    return CaseLine(
        public_id=found.public_id,
        number=case_number(ctx.office.short_name, *found.number),
        procedure=found.procedure,
        dispute_type=found.dispute_type,
        state=found.state,
        outcome=found.outcome,
        holder=who.holds(found.holder_unit, found.holder_person),
        light=_light(shown, ctx, found) if shown else LightView(code="none"),
        left=Words(ctx.language).left_then(shown.left) if shown and shown.left else None,
    )


def _light(one: ClockAsOf, ctx: Context, found: CaseAsOf) -> LightView:
    """The light that the page of then showed, its due time with the year."""
    view = clock_light(one.clock, replace(ctx, now=found.at))
    return replace(view, due=_due(one.clock, one, ctx))


def _due(clock: Clock, one: ClockAsOf, ctx: Context) -> str:
    return _minute(clock.due_at, ctx) if clock.unit in STEADY else write_day(one.due_on, ctx.language)


def _clock(one: ClockAsOf, ctx: Context, found: CaseAsOf, who: _Who) -> ClockLine:
    clock = one.clock
    return ClockLine(
        name=clock.name,
        charged=who.holds(*clock.charge) if clock.charge else None,
        rule=clock.rule,
        kind=clock.kind.value,
        length=clock.length,
        unit=clock.unit.value,
        light=_light(one, ctx, found),
        left=Words(ctx.language).left_then(one.left) if one.left else None,
        started=_minute(clock.started_at, ctx),
        stopped=_minute(clock.stopped_at, ctx) if clock.stopped_at else None,
        outcome=clock.outcome,
        waived=clock.waived,
        pauses=tuple((_minute(p.at, ctx), _minute(p.until, ctx), p.ground) for p in clock.pauses),
    )


def _custody(one: Custody, ctx: Context, who: _Who) -> tuple[str, str, str | None]:
    until = _minute(one.until_at, ctx) if one.until_at else None
    return who.holds(one.unit, one.person), _minute(one.from_at, ctx), until


def _event(event: EventLine, ctx: Context, who: _Who) -> TimelineView:
    late = event.recorded_at - event.occurred_at >= NOTICEABLY
    return TimelineView(
        seq=event.seq,
        code=event.code,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        when=_minute(event.occurred_at, ctx),
        noticed=_minute(event.recorded_at, ctx) if late else None,
        who=who.accounts.get(event.actor) if event.actor is not None else None,
        role=event.role,
        light=event.data.get("light"),
        rung=event.data.get("rung"),
        clock=event.data.get("name"),
        texts=(),
    )


def _minute(instant: datetime, ctx: Context) -> str:
    return write_minute(instant, ctx.language, ctx.office.policy.calendar.zone)
