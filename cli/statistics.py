"""`huiyin serials` and `huiyin bulletin`: are the numbers complete, and what do they add up to.

Here everything is counted that the office has, whoever may see it: whoever runs a command has the database in hand.
"""

from datetime import date
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from cli.clock import read_clock
from cli.opening import office_of, opened_engine, reader_words
from cli.printing import ASKED_WRONGLY, WRONG, Json, fail, print_json
from infra.db import reading
from people.directory import names_of_units
from reports.bulletin.bulletin import Bulletin
from reports.bulletin.bulletin import bulletin as bulletin_of
from reports.bulletin.periods import NotAPeriod, Period, PeriodHasNotBegun, period_from
from reports.bulletin.sheet import plain, sheet_header, sheet_rows
from reports.record.serials import FATES, Range, SeriesYear, serial_completeness
from words import Words
from workflow.model import TIMERS, UnitId


def serials(
    year: Annotated[int | None, typer.Argument(help="年度，默认全部 / year, by default all")] = None,
    as_json: Json = False,
) -> None:
    """编号完整性：每一号在办、办结、并案、作废还是缺失。Every number accounted for; exit code 1 if one is not."""
    with reading(opened_engine()) as connection:
        office_of(connection)
        found = serial_completeness(connection, actor=TIMERS, year=year)
    if as_json:
        print_json({"series": [_as_json(one) for one in found], "complete": all(one.complete for one in found)})
    else:
        words = reader_words()
        for one in found:
            typer.echo(_line(one, words))
    if not all(one.complete for one in found):
        raise typer.Exit(WRONG)


def _as_json(one: SeriesYear) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in ("series", "year", "last", *FATES, "elsewhere", "missing", "beyond")}
    return said | {
        "gaps": [list(gap) for gap in one.gaps],
        "strays": [list(stray) for stray in one.strays],
        "complete": one.complete,
    }


def _line(one: SeriesYear, words: Words) -> str:
    fates = "  ".join(f"{words(f'serials.{fate}')} {getattr(one, fate)}" for fate in FATES)
    line = f"{one.year} {one.series}  {words('serials.last')} {one.last}  {fates}"
    if one.missing:
        line += f"  {words('serials.missing')} {one.missing}: {_ranges(one.gaps)}"
    if one.beyond:
        line += f"  {words('serials.beyond')} {one.beyond}: {_ranges(one.strays)}"
    return line


def _ranges(ranges: tuple[Range, ...]) -> str:
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in ranges)


def bulletin(
    period: Annotated[str, typer.Argument(help="月份或年度 / month or year: 2026-03, 2026")],
    unit: Annotated[
        str, typer.Option(help="单位名称，含下级；默认全部。A unit's name, with those below; all by default.")
    ] = "",
    as_json: Json = False,
) -> None:
    """调解和信访月报、年报。The monthly bulletin, or the statistics of a year."""
    now, words = read_clock(), reader_words()
    with reading(opened_engine()) as connection:
        office = office_of(connection)
        chosen = _period(period, today=office.policy.calendar.local_day(now))
        whose = _unit(connection, unit) if unit else None
        found = bulletin_of(connection, chosen, actor=TIMERS, office=office, now=now, unit=whose)
    if as_json:
        print_json(_bulletin_as_json(found, unit))
        return
    for row in (sheet_header(found, words, words.language), *sheet_rows(found, words)):
        typer.echo("\t".join("" if cell is None else str(cell) for cell in row))


def _period(text: str, *, today: date) -> Period:
    try:
        return period_from(text, today=today)
    except NotAPeriod:
        fail(
            f"“{text}”不是月份或年度，请写 2026-03 或 2026。Not a month or a year: write 2026-03 or 2026.",
            ASKED_WRONGLY,
        )
    except PeriodHasNotBegun:
        fail(f"{text} 还没有开始。{text} has not begun yet.", ASKED_WRONGLY)


def _unit(connection: Connection, name: str) -> UnitId:
    units = names_of_units(connection)
    found = [unit for unit, known in units.items() if known == name]
    if len(found) != 1:
        fail(f"没有单位“{name}”，或有多个同名；可选 / known: {', '.join(units.values())}", ASKED_WRONGLY)
    return UnitId(found[0])


def _bulletin_as_json(found: Bulletin, unit: str) -> dict[str, Any]:
    def number(value: Any) -> Any:
        cell = plain(value)
        return cell if isinstance(cell, int | str) or cell is None else float(str(cell))

    return {
        "period": str(found.period),
        "unit": unit or None,
        "until": found.until.isoformat() if found.until else None,
        "compared": [str(period) for period in found.compared],
        "lines": {line.code: [number(value) for value in line.values] for line in found.lines},
        "breakdowns": {
            one.section: {code: dict(zip(one.columns, values, strict=True)) for code, values in one.rows}
            for one in found.breakdowns
        },
        "by_month": [
            {"month": str(point.month), "registered": point.registered, "closed": point.closed}
            for point in found.by_month
        ],
        "reopened_later": [{"on": late.on.isoformat(), "n": late.n} for late in found.reopened_later],
        "changes": [
            {
                "period": str(one.period),
                "handed_out_on": one.handed_out_on.isoformat(),
                "figure": one.code,
                "then": one.then,
                "now": one.now,
            }
            for one in found.changes
        ],
    }
