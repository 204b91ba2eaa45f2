"""What each kind of report that is made for later consists of: who is given it, how its file is written, what is recorded of it.

`write` is given what was asked for as it was written down then, and asks again everything that a page would ask: whether it is
still for this account, whether units and schemes are there. What it raises as `CannotBeMade` is told to whoever waits.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import IO, Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from cases.office import OfficeContext
from cases.tally import CaseMark
from people.directory import units_within
from reports.bulletin.bulletin import BulletinFigures, count_figures
from reports.bulletin.periods import period_written
from reports.closures import exports
from reports.closures.choice import ChoiceIsWrong, read_choice
from reports.closures.report import count_closings
from reports.files.pdf import CharactersAreMissing
from reports.later.progress import Progress
from reports.later.readers import ASSESSMENT, AUDIT
from reports.record.as_of import Counted, counted_then, open_then
from reports.record.instants import NoSuchInstant, OfficeWasNotFounded, founded_at, moment_from
from reports.years.assessment import YearCannotBeAssessed, assess, check_year
from reports.years.sheet_files import paper_of, pdf_of, refusal_code, sheet_file_name, xlsx_of
from words import Words
from workflow.marks import Mark
from workflow.model import Actor, Role, UnitId
from workflow.policy import NoSuchScheme

CLOSURES, SHEET, LIST_THEN, SHEETS_THEN, BULLETIN = "closures", "sheet", "as_of_list", "as_of_sheet", "bulletin"


_FIGURES = TypeAdapter(BulletinFigures)
_OF_A_MARK = tuple(one.name for one in fields(Mark))


class CannotBeMade(Exception):
    """There will be no such report. Carries the code of the words that say why, and what they name."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a report is made from: one view of the record, what was asked for, and for whom."""

    connection: Connection
    asked: Mapping[str, Any]
    actor: Actor
    office: OfficeContext
    language: str
    now: datetime
    progress: Progress


#: Writes the event that says what was handed out, with the instant at which it is.
Record = Callable[[Connection, datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The name of the file; what is recorded of it before anybody gets it."""

    name: str
    record: Record = field(default=lambda _connection, _now: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    who: frozenset[Role]
    write: Callable[[Making, IO[bytes]], Written]
    #: Whether it is handed out as a file; if not, it is what a page is made from.
    is_file: bool = True


def _closures(making: Making, file: IO[bytes]) -> Written:
    asked, actor, office = making.asked, making.actor, making.office
    assert actor.unit is not None, "an account belongs to a unit"
    units = {unit.id for unit in units_within(making.connection, actor.unit)}
    try:
        choice = read_choice(asked["choice"], units=units, office=office, today=date.fromisoformat(asked["today"]))
        order = exports.Order(
            asked=choice, format=asked["format"], language=making.language, ground=asked["ground"] or None
        )
        rows = count_closings(making.connection, choice.choice(office), actor=actor, office=office)
        exports.refuse(order, rows, actor=actor)
        made = exports.write_file(
            making.connection, order, file, actor=actor, office=office, now=making.now, progress=making.progress,
            total=rows,
        )  # fmt: skip
    except ChoiceIsWrong as wrong:
        fault = wrong.faults[0]
        raise CannotBeMade(fault.code, value=fault.value) from wrong

    def record(connection: Connection, now: datetime) -> None:
        exports.record(connection, order, made, actor=actor, now=now)

    return Written(name=order.file_name, record=record)


def _sheet(making: Making, file: IO[bytes]) -> Written:
    year, unit, kind = making.asked["year"], making.asked["unit"], making.asked["format"]
    words = Words(making.language)
    try:
        found = assess(
            making.connection, year=year, scheme=making.asked["scheme"], actor=making.actor, office=making.office
        )
    except (YearCannotBeAssessed, NoSuchScheme) as error:
        raise CannotBeMade(refusal_code(error), year=str(year)) from error
    paper = paper_of(making.connection, found, UnitId(unit), actor=making.actor, office=making.office)
    if paper is None:
        raise CannotBeMade("assess.no_data", year=str(year))
    if kind == "xlsx":
        xlsx_of(paper, words, file, now=making.now)
    else:
        try:
            file.write(pdf_of(paper, words))
        except CharactersAreMissing as error:
            raise CannotBeMade("paper.characters_missing", value=error.named) from error
    return Written(name=sheet_file_name(year, UnitId(unit), kind))


def _at(making: Making) -> datetime:
    """The instant that was asked about, by the calendar of the office."""
    founded, calendar = founded_at(making.connection), making.office.policy.calendar
    try:
        return moment_from(making.asked["on"], calendar=calendar, founded=founded, now=making.now).at
    except OfficeWasNotFounded as error:
        raise CannotBeMade(error.code, day=error.founded.isoformat()) from error
    except NoSuchInstant as error:
        raise CannotBeMade(error.code, text=making.asked["on"]) from error


def _list_then(making: Making, file: IO[bytes]) -> Written:
    found = open_then(making.connection, at=_at(making), actor=making.actor, progress=making.progress)
    file.write(json.dumps(found).encode())
    return Written(name="open.json")


def _sheets_then(making: Making, file: IO[bytes]) -> Written:
    year = making.asked["year"]
    calendar = making.office.policy.calendar
    try:
        check_year(year, making.office)
    except YearCannotBeAssessed as error:
        raise CannotBeMade(refusal_code(error), year=str(year)) from error
    counted = counted_then(making.connection, calendar, year=year, at=_at(making), progress=making.progress)
    file.write(_as_json(counted).encode())
    return Written(name="sheets.json")


def _bulletin(making: Making, file: IO[bytes]) -> Written:
    actor, unit = making.actor, UnitId(making.asked["unit"])
    if unit not in actor.units:
        raise CannotBeMade("report.not_for_this_account")
    found = count_figures(
        making.connection, period_written(making.asked["period"]), actor=actor, office=making.office, now=making.now,
        unit=unit,
    )  # fmt: skip
    file.write(_FIGURES.dump_json(found))
    return Written(name="bulletin.json")


KINDS: Mapping[str, Kind] = {
    CLOSURES: Kind(who=AUDIT, write=_closures),
    SHEET: Kind(who=ASSESSMENT, write=_sheet),
    LIST_THEN: Kind(who=AUDIT, write=_list_then, is_file=False),
    SHEETS_THEN: Kind(who=AUDIT, write=_sheets_then, is_file=False),
    BULLETIN: Kind(who=ASSESSMENT, write=_bulletin, is_file=False),
}


# -- what pages are made from ------------------------------------------------------------------------------------------


def open_then_from(content: bytes) -> list[int]:
    """The ids of the list of then, as `LIST_THEN` wrote them."""
    found: list[int] = json.loads(content)
    return found


def counted_from(content: bytes) -> Counted:
    """What the sheets of then are made of, as `SHEETS_THEN` wrote it."""
    read = json.loads(content)
    named: dict[int, list[CaseMark]] = {}
    for unit, lines in read["named"].items():
        named[int(unit)] = [_mark_from(line) for line in lines]
    return Counted(counts={tuple(key): n for *key, n in read["counts"]}, named=named)


def figures_from(content: bytes) -> BulletinFigures:
    """Of a bulletin, as `BULLETIN` wrote them; what has changed since they were handed out is asked for when they are shown."""
    return _FIGURES.validate_json(content)


def _as_json(counted: Counted) -> str:
    counts = [[*key, n] for key, n in sorted(counted.counts.items())]
    named = {unit: [_mark_as_json(one) for one in lines] for unit, lines in counted.named.items()}
    return json.dumps({"counts": counts, "named": named}, ensure_ascii=False)


def _mark_as_json(one: CaseMark) -> list[Any]:
    values = {name: getattr(one.mark, name) for name in _OF_A_MARK}
    return [one.case_id, {**values, "at": one.mark.at.isoformat()}]


def _mark_from(line: list[Any]) -> CaseMark:
    case_id, values = line
    return CaseMark(case_id=case_id, mark=Mark(**{**values, "at": datetime.fromisoformat(values["at"])}))
