"""`huiyin assess signs`: signs of gaming in a year, each with its evidence and verdict. They change no score."""

from typing import Annotated, Any

import typer

from cases.numbers import case_number
from cases.office import OfficeContext
from cli.opening import office_of, opened_engine, reader_words
from cli.printing import ASKED_WRONGLY, fail, print_json
from infra.db import reading
from people.directory import names_of_units
from reports.years.sign_words import evidence
from reports.years.signs import FoundSign, NamedCase, signs_of_year
from workflow.calendar import FIRST_YEAR, LAST_YEAR
from workflow.model import TIMERS


def signs(
    year: Annotated[int, typer.Argument(help="年度 / year")],
    unit: Annotated[str, typer.Option(help="单位名称，默认全部。A unit's name; all by default.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON。Print JSON.")] = False,
) -> None:
    """疑点：临期中止、移交、延期等，仅供审核，不影响分数。Signs of gaming for the auditor; they change no score."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        fail(f"年度应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间。The year must be between these.", ASKED_WRONGLY)
    with reading(opened_engine()) as connection:
        office = office_of(connection)
        units = names_of_units(connection)
        found = signs_of_year(
            connection, year=year, actor=TIMERS, office=office, unit=_unit(unit, units) if unit else None
        )
    if as_json:
        print_json({"year": year, "signs": [_as_json(one, units, office) for one in found]})
        return
    say = reader_words()
    for one in found:
        verdict = say(f"gaming.verdict.{one.verdict.verdict}") if one.verdict else say("gaming.not_reviewed")
        among = f" ({', '.join(_number(other, office) for other in one.among)})" if one.among else ""
        typer.echo(
            f"{say(f'gaming.{one.sign.code}')}  {_number(one.case, office)} #{one.sign.seq}  {units[one.sign.unit]}  "
            f"{evidence(one.sign, say, units)}{among}  [{verdict}]"
        )
    if not found:
        typer.echo(say("gaming.none", year=year))


def _unit(name: str, units: dict[int, str]) -> int:
    found = [unit for unit, known in units.items() if known == name]
    if len(found) != 1:
        fail(f"没有单位“{name}”，或有多个同名；可选 / known: {', '.join(units.values())}", ASKED_WRONGLY)
    return found[0]


def _number(one: NamedCase, office: OfficeContext) -> str:
    return case_number(office.short_name, *one.number)


def _as_json(one: FoundSign, units: dict[int, str], office: OfficeContext) -> dict[str, Any]:
    return {
        "sign": one.sign.code,
        "case": _number(one.case, office),
        "event": one.sign.seq,
        "at": one.sign.at.isoformat(),
        "unit": units[one.sign.unit],
        "figures": dict(one.sign.figures),
        "among": [_number(other, office) for other in one.among],
        "verdict": one.verdict.verdict if one.verdict else None,
        "grown": one.grown,
    }
