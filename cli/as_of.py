"""`huiyin as-of`: a case, the work list or the sheets of a year as the record knew them on a date.

Everything the office has is read, whoever may see it: whoever runs a command has the database in hand. No text of a case
and no name of a party is printed.
"""

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from cases.crossings import CROSSED
from cases.filed import case_by_number
from cases.numbers import case_number
from cases.office import OfficeContext
from cases.reading import EventLine, find_case
from cli.assessing import no_scheme
from cli.clock import read_clock
from cli.opening import office_of, opened_engine, reader_words
from cli.printing import ASKED_WRONGLY, WRONG, fail, print_json
from infra.db import reading
from infra.i18n import write_minute
from people.directory import names_of_accounts, names_of_units, units_within
from reports.record.as_of import CaseAsOf, CaseWasNotKnown, ClockAsOf, case_as_of, open_cases_as_of, sheets_as_of
from reports.record.instants import (
    Moment,
    NoSuchInstant,
    OfficeWasNotFounded,
    founded_at,
    moment_from,
    moment_words,
    usual_year,
)
from reports.years.assessment import YearCannotBeAssessed
from reports.years.sheet_files import as_json as sheet_as_json
from reports.years.sheet_files import item_words, line_words, refusal_code
from words import LIGHT_SHAPES, Words, whole_due
from workflow.model import TIMERS, Kind, UnitId
from workflow.policy import NoSuchScheme


class What(StrEnum):
    CASE = "case"
    LIST = "list"
    SHEET = "sheet"


def as_of(
    on: Annotated[
        str,
        typer.Argument(help="日期（当天 24:00）或时刻 / a day (its 24:00) or an instant: 2026-06-30, 2026-06-30T17:00"),
    ],
    what: Annotated[What, typer.Argument(help="一件、待办清单、计分表 / what to show")] = What.LIST,
    named: Annotated[str, typer.Argument(help="case 的编号 / the number of the case")] = "",
    unit: Annotated[str, typer.Option(help="单位名称，清单含下级 / a unit's name; a list has those below it too")] = "",
    scheme: Annotated[str, typer.Option(help="计分办法，默认本单位的 / scheme, by default the office's own")] = "",
    year: Annotated[int | None, typer.Option(help="计分表的年度，默认所问日期的年度 / the year of the sheets")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON。Print JSON.")] = False,
) -> None:
    """按日期回看：当时的记录里，一件、待办清单或计分表是什么样子。As the record knew it on a date."""
    now, say = read_clock(), reader_words()
    if what is What.CASE and not named.strip():
        fail(say("as_of.no_case_named"), ASKED_WRONGLY)
    with reading(opened_engine()) as connection:
        office = office_of(connection)
        moment = _moment(connection, on, office, say, now)
        teller = _Teller(connection, office, say, moment, as_json=as_json)
        if what is What.CASE:
            teller.tell_case(named.strip())
        elif what is What.LIST:
            teller.tell_list(unit)
        else:
            teller.tell_sheets(unit, scheme, year)


def _moment(connection: Connection, on: str, office: OfficeContext, say: Words, now: datetime) -> Moment:
    try:
        return moment_from(on, calendar=office.policy.calendar, founded=founded_at(connection), now=now)
    except OfficeWasNotFounded as error:
        fail(say(error.code, day=error.founded.isoformat()), ASKED_WRONGLY)
    except NoSuchInstant as error:
        fail(say(error.code, text=on), ASKED_WRONGLY)


class _Teller:
    """What was asked, found in one view of the record and said as JSON or in words."""

    def __init__(
        self, connection: Connection, office: OfficeContext, say: Words, moment: Moment, *, as_json: bool
    ) -> None:
        self._connection, self._office, self._say, self._moment = connection, office, say, moment
        self._as_json = as_json
        self._units = names_of_units(connection)

    def tell_case(self, named: str) -> None:
        case_id = case_by_number(self._connection, named, short_name=self._office.short_name, actor=TIMERS)
        case_id = case_id or find_case(self._connection, named, actor=TIMERS)
        if case_id is None:
            fail(self._say("as_of.no_such_case", case=named), ASKED_WRONGLY)
        try:
            found = case_as_of(self._connection, case_id, at=self._moment.at, actor=TIMERS, office=self._office)
        except CaseWasNotKnown:
            fail(self._say("as_of.case_was_not_known", case=named), WRONG)
        if self._as_json:
            print_json({**self._head(), "case": self._case(found), "events": [_event(one) for one in found.events]})
            return
        self._banner()
        typer.echo(self._line(found, names_of_accounts(self._connection, {found.holder_person})))
        for one in found.clocks:
            typer.echo(f"  {self._clock_line(one)}")
        for event in found.events:
            say = self._say
            what = f"event.{event.code}" if event.code != CROSSED else f"rung.{event.data['rung']}"
            typer.echo(f"  #{event.seq} {self._minute(event.recorded_at)} {say(what)} · {say(f'role.{event.role}')}")

    def tell_list(self, unit: str) -> None:
        within = self._within(unit)
        found = [
            one
            for one in open_cases_as_of(self._connection, at=self._moment.at, actor=TIMERS, office=self._office)
            if within is None or one.holder_unit in within
        ]
        if self._as_json:
            print_json({**self._head(), "open": [self._case(one) for one in found]})
            return
        self._banner()
        names = names_of_accounts(self._connection, {one.holder_person for one in found})
        for one in found:
            typer.echo(self._line(one, names))
        if not found:
            typer.echo(self._say("as_of.nothing_open"))

    def tell_sheets(self, unit: str, scheme: str, year: int | None) -> None:
        say, office = self._say, self._office
        whose = self._unit(unit) if unit else None
        year = year if year is not None else usual_year(self._moment, office.policy.calendar)
        try:
            found = sheets_as_of(
                self._connection, year=year, scheme=scheme, at=self._moment.at, actor=TIMERS, office=office
            )
        except YearCannotBeAssessed as error:
            fail(say(refusal_code(error), year=year), WRONG)
        except NoSuchScheme as error:
            no_scheme(error)
        sheets = [one for one in found.assessment.units if whose is None or one.unit == whose]
        if not sheets:
            fail(say("as_of.no_sheet_of_unit", name=unit, year=year), WRONG)
        if self._as_json:
            told = [sheet_as_json(one, found.lines[one.unit], office) for one in sheets]
            print_json({**self._head(), "year": year, "scheme": found.assessment.scheme.id, "sheets": told})
            return
        self._banner()
        for sheet in sheets:
            total = say("assess.not_assessed") if sheet.score.total is None else f"{sheet.score.total:f}"
            typer.echo(f"{self._units[sheet.unit]}  {total}  ({say('assess.before')} {sheet.before.total})")
            for line in sheet.score.lines:
                name, counted, points = item_words(line, say)
                typer.echo(f"  {points:>8}  {name}  {counted}")
            for one in found.lines[sheet.unit]:
                said = line_words(one, office, say)
                parts = (said.number, said.rule, said.what, said.when, f"#{said.event}", said.waived)
                typer.echo(f"    {said.points:>6} {' '.join(part for part in parts if part)}")

    # -- parts --------------------------------------------------------------------------------------------------------

    def _head(self) -> dict[str, Any]:
        return {"as_of": self._moment.at.isoformat()}

    def _banner(self) -> None:
        zone = self._office.policy.calendar.zone
        typer.echo(f"== {self._say('as_of.known', when=moment_words(self._moment, self._say.language, zone))} ==")

    def _line(self, one: CaseAsOf, names: dict[int, str]) -> str:
        """Light, time left, number, state, holder."""
        say, shown = self._say, one.foremost
        holder = names.get(one.holder_person) if one.holder_person is not None else None
        number = case_number(self._office.short_name, *one.number)
        outcome = f" · {say(f'outcome.{one.outcome}')}" if one.outcome else ""
        who = " · ".join(part for part in (self._units.get(one.holder_unit), holder) if part)
        lit = self._clock_line(shown) if shown else f"{LIGHT_SHAPES['none']} {say('light.none')}"
        return f"{number}  {lit}  {say(f'state.{one.state}')}{outcome}  {who}"

    def _clock_line(self, one: ClockAsOf) -> str:
        say, clock = self._say, one.clock
        code = "paused" if one.paused_until else one.light.value if clock.kind is Kind.DUTY else "window"
        due = whole_due(clock, self._office.policy.calendar, say.language)
        parts = [f"{LIGHT_SHAPES[code]} {say(f'light.{code}')}", say(f"clock.{clock.name}"), due]
        if one.left:
            parts.append(say.left_then(one.left))
        if clock.stopped_at:
            parts.append(f"{say(f'clock_outcome.{clock.outcome}')} {self._minute(clock.stopped_at)}")
        return "  ".join(parts)

    def _minute(self, instant: datetime) -> str:
        return write_minute(instant, self._say.language, self._office.policy.calendar.zone)

    def _case(self, one: CaseAsOf) -> dict[str, Any]:
        """Codes, figures and instants, the same in every language."""
        left_out = {"at", "clocks", "custodies", "events", "case_id", "number"}
        said = {f.name: _plain(getattr(one, f.name)) for f in fields(one) if f.name not in left_out}
        return {
            "number": case_number(self._office.short_name, *one.number),
            **said,
            "holder": self._units.get(one.holder_unit),
            "light": one.foremost.light.value if one.foremost else None,
            "clocks": [_clock(clock) for clock in one.clocks],
            "custodies": [{f.name: _plain(getattr(c, f.name)) for f in fields(c)} for c in one.custodies],
        }

    def _within(self, unit: str) -> Collection[int] | None:
        return {row.id for row in units_within(self._connection, self._unit(unit))} if unit else None

    def _unit(self, name: str) -> UnitId:
        found = [unit for unit, known in self._units.items() if known == name]
        if len(found) != 1:
            fail(self._say("as_of.no_unit", name=name, known=", ".join(self._units.values())), ASKED_WRONGLY)
        return UnitId(found[0])


def _clock(one: ClockAsOf) -> dict[str, Any]:
    clock = one.clock
    names = (
        "number", "name", "rule", "policy", "kind", "started_at", "length", "unit", "due_at", "extends", "opened_at",
        "acknowledged_at", "provisional", "waived", "stopped_at", "outcome", "crossed_until",
    )  # fmt: skip
    return {
        **{name: _plain(getattr(clock, name)) for name in names},
        "light": one.light.value,
        "due_on": one.due_on.isoformat(),
        "left": one.left and {"amount": one.left.amount, "unit": one.left.unit.value, "overdue": one.left.overdue},
        "paused_until": _plain(one.paused_until),
        "pauses": [{"at": _plain(p.at), "until": _plain(p.until), "ground": p.ground} for p in clock.pauses],
        "rungs": [{"code": r.code, "light": r.light and r.light.value, "at": _plain(r.at)} for r in clock.rungs],
    }


def _event(event: EventLine) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "code": event.code,
        "occurred_at": _plain(event.occurred_at),
        "recorded_at": _plain(event.recorded_at),
        "role": event.role,
        "unit": event.unit,
        "light": event.data.get("light"),
        "clock": event.data.get("clock"),
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
