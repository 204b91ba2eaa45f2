"""`huiyin assess` and `huiyin scheme`: the sheets of a year, proving a closed one, what has become known since, what
another scheme or light policy would have given; and checking a scheme's file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cases.numbers import case_number
from cases.office import OfficeContext, choose_own_scheme
from cases.policies import files_of, shipped_files
from cases.tally import agrees, keep_up, start_over
from cli.clock import read_clock
from cli.opening import office_of, opened_engine, opened_to_write, reader_words
from cli.printing import ASKED_WRONGLY, WRONG, Json, fail, print_json
from infra.db import reading, transaction
from people.directory import names_of_accounts, names_of_units
from reports.years.addendum import addendum as addendum_of
from reports.years.assessment import Sheet, SheetLine, YearCannotBeAssessed, lines_of
from reports.years.assessment import assess as assess_year
from reports.years.closed_years import NotClosed
from reports.years.closed_years import prove as prove_year
from reports.years.sheet_files import as_json, refusal_code
from reports.years.whatif import what_if
from words import Words, fault_words
from workflow.marks import Mark
from workflow.model import TIMERS
from workflow.policy import NoSuchLadder, NoSuchScheme, Scheme
from workflow.policy_files import PolicyIsWrong, policy_from

assess = typer.Typer(no_args_is_help=True, help="年度考核：计分表、复核、补记、假设比较。The year-end assessment.")
scheme = typer.Typer(no_args_is_help=True, help="计分办法。Scoring schemes.")
Year = Annotated[int, typer.Argument(help="年度 / year")]
SchemeName = Annotated[
    str, typer.Option("--scheme", help="计分办法，默认本单位的 / scheme, by default the office's own")
]


@assess.command()
def sheets(
    year: Year,
    scheme: SchemeName = "",
    people: Annotated[bool, typer.Option("--people", help="按人列出。By person.")] = False,
    as_json_: Json = False,
) -> None:
    """各单位计分表，逐项列出每一分的来源。The sheets of a year, each point with its case, time limit and event."""
    with reading(opened_engine()) as connection:
        office = office_of(connection)
        try:
            result = assess_year(connection, year=year, scheme=scheme, actor=TIMERS, office=office)
        except YearCannotBeAssessed as error:
            fail(reader_words()(refusal_code(error), year=year), WRONG)
        except NoSuchScheme as error:
            no_scheme(error)
        names = names_of_units(connection)
        listed = {
            sheet.unit: lines_of(
                connection, year=year, unit=sheet.unit, scheme=result.scheme, actor=TIMERS, office=office
            )
            for sheet in result.units
        }
        accounts = names_of_accounts(connection, {sheet.person for sheet in result.people})
    if as_json_:
        shown = result.people if people else (*result.units, *result.levels)
        print_json({"year": year, "scheme": result.scheme.id, "sheets": [_sheet(one, listed, office) for one in shown]})
        return
    say = reader_words()
    for sheet in (*result.units, *result.levels):
        suffix = f" {say('assess.with_all_below')}" if sheet.level else ""
        typer.echo(f"{names[sheet.unit]}{suffix}  {_total(sheet)}  ({say('assess.before')} {sheet.before.total})")
        for line in sheet.score.lines:
            of = f"{line.n}/{line.of}" if line.item.weight is not None else str(line.n)
            points = say("assess.not_assessed") if line.points is None else f"{line.points:+}"
            typer.echo(f"  {points:>8}  {line.item.code}  {of}")
        for one in listed.get(sheet.unit, ()) if not sheet.level else ():
            typer.echo(f"    {_line(one, office, say)}")
    if people:
        for sheet in result.people:
            assert sheet.person is not None, "a sheet of a person names one"
            typer.echo(f"{names[sheet.unit]} · {accounts.get(sheet.person, '')}  {_total(sheet)}")


@assess.command()
def prove(
    year: Year,
    out: Annotated[Path | None, typer.Option(help="把重算结果写入文件。Write the bytes to a file.")] = None,
    as_json_: Json = False,
) -> None:
    """用封存的办法和日历，从事件重新算出已封存的年度，逐字节比对。Work a closed year out again, byte for byte."""
    say = reader_words()
    with reading(opened_engine()) as connection:
        try:
            proof = prove_year(connection, year)
        except NotClosed:
            fail(say("assess.year_is_not_closed", year=year), WRONG)
    if out is not None:
        out.write_bytes(proof.content)
    if as_json_:
        print_json(
            {
                "year": year, "scheme": proof.scheme, "ok": proof.ok, "expected": proof.expected, "found": proof.found,
                "bytes": len(proof.content), "broken": [list(one) for one in proof.broken],
                "cutoff": proof.cutoff_is_whole, "kept": proof.kept,
            }
        )  # fmt: skip
    else:
        typer.echo(f"{year} {proof.scheme}  {len(proof.content)} bytes\nsha256 {proof.found}")
        outcome = "assess.proved" if proof.ok else "assess.not_proved"
        typer.echo(say(outcome, expected=proof.expected))
        for case_id, seq in proof.broken:
            typer.echo(say("assess.broken_chain", case=case_id, seq=seq))
        if not proof.kept:
            typer.echo(say("assess.not_as_signed"))
        if not proof.cutoff_is_whole:
            typer.echo(say("assess.cutoff_differs"))
    raise typer.Exit(0 if proof.ok else WRONG)


@assess.command()
def addendum(year: Year, as_json_: Json = False) -> None:
    """封存之后才知道的事：列出事件和差额，不改已封存的分数。What became known since; the closed sheets stay."""
    say = reader_words()
    with reading(opened_engine()) as connection:
        office = office_of(connection)
        try:
            found = addendum_of(connection, year)
        except NotClosed:
            fail(say("assess.year_is_not_closed", year=year), WRONG)
        names = names_of_units(connection)
    if as_json_:
        late = [
            {
                "case": case_number(office.short_name, *one.number),
                "events": list(one.events),
                "no_longer": [_mark(mark) for mark in one.no_longer],
                "now": [_mark(mark) for mark in one.now],
            }
            for one in found.late
        ]
        print_json(
            {"year": year, "late": late, "difference": {str(unit): f"{by}" for unit, by in found.difference.items()}}
        )
        return
    for one in found.late:
        events = ", ".join(f"#{seq}" for seq in one.events)
        typer.echo(f"{case_number(office.short_name, *one.number)}  {say('assess.events')} {events}")
        for sign, marks in (("-", one.no_longer), ("+", one.now)):
            for mark in marks:
                typer.echo(f"  {sign} {mark.measure} {mark.outcome} {mark.rule or ''} #{mark.seq}".rstrip())
    for unit, by in found.difference.items():
        typer.echo(f"{names[unit]}  {by:+}")
    if not found.late:
        typer.echo(say("assess.nothing_late", year=year))


@assess.command("what-if")
def compare(
    year: Year,
    file: Annotated[Path | None, typer.Option("--scheme", help="另一计分办法的文件 / a file of another scheme")] = None,
    ladder: Annotated[
        str | None, typer.Option(help="另一亮灯办法 / another ladder: third, fix3, one_day, post")
    ] = None,
    base: Annotated[str, typer.Option("--from", help="与哪一办法比较，默认本单位的 / compared with")] = "",
    as_json_: Json = False,
) -> None:
    """假如换一种计分办法或亮灯办法，各单位会得多少分。不改动任何东西。What would have been; touches nothing."""
    engine = opened_engine()
    with reading(engine) as connection:
        office = office_of(connection)
        try:
            present = office.scheme(base)
            other = _scheme_in(file, present.id, office) if file else None
            found = what_if(
                connection, year=year, scheme=present, other=other or present, ladder=ladder, actor=TIMERS,
                office=office, now=read_clock(),
            )  # fmt: skip
        except NoSuchScheme as error:
            no_scheme(error)
        except NoSuchLadder as error:
            no_ladder(error)
        except YearCannotBeAssessed as error:
            fail(reader_words()(refusal_code(error), year=year), WRONG)
        names = names_of_units(connection)
    rows = [
        {"unit": names[one.unit], "now": _figure(one.now), "then": _figure(one.then)} for one in found
    ]  # fmt: skip
    if as_json_:
        print_json(
            {"year": year, "scheme": present.id, "other": (other or present).id, "ladder": ladder, "units": rows}
        )
        return
    typer.echo(f"{present.id} -> {(other or present).id}{f' · {ladder}' if ladder else ''}")
    for row in rows:
        typer.echo(f"{row['unit']}  {row['now']} -> {row['then']}")


@assess.command()
def tally(
    year: Annotated[
        int | None, typer.Option("--check", help="核对某年的汇总与事件算出的结果。Compare with what the events give.")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="清空后重新计入。Throw all tallies away and make them anew.")
    ] = False,
) -> None:
    """把还没有计入的案件计入（平时由定时任务做）。Tally what has moved; the timers do it every minute."""
    engine = opened_engine()
    if rebuild:
        with transaction(engine) as connection:
            start_over(connection)
    with reading(engine) as connection:
        office = office_of(connection)
    done = keep_up(engine, office.policy.calendar)
    if year is None:
        typer.echo(str(done))
        return
    with reading(engine) as connection:
        same = agrees(connection, office.policy.calendar, year=year)
    typer.echo(reader_words()("assess.tally_agrees" if same else "assess.tally_differs", year=year))
    raise typer.Exit(0 if same else WRONG)


@scheme.command()
def choose(name: Annotated[str, typer.Argument(help="计分办法 / scheme")], as_json_: Json = False) -> None:
    """选定本单位的计分办法，计分表和办结报告默认按它计分。Choose what this office scores by where nobody asks for another."""
    with transaction(opened_to_write()) as connection:
        office = office_of(connection)
        try:
            choose_own_scheme(connection, office, name, actor=TIMERS, now=read_clock())
        except NoSuchScheme as error:
            no_scheme(error)
    if as_json_:
        print_json({"scheme": name, "before": office.own_scheme})
        return
    typer.echo(reader_words()("scheme.chosen", name=name))


@scheme.command()
def check(file: Annotated[Path, typer.Argument(help="计分办法文件 / a scheme file")], as_json_: Json = False) -> None:
    """检查一个计分办法文件，指出行、列和改法。Check a scheme's file as a compiler would."""
    try:
        found = _schemes_of(file, shipped_files())
    except PolicyIsWrong as error:
        say = reader_words()
        if as_json_:
            faults = [{"line": f.line, "column": f.column, "key": f.key, "code": f.code} for f in error.faults]
            print_json({"ok": False, "faults": faults})
        else:
            typer.echo("\n".join(fault_words(fault, say) for fault in error.faults), err=True)
        raise typer.Exit(WRONG) from None
    if as_json_:
        print_json({"ok": True, "schemes": sorted(found)})
        return
    for one in found.values():
        typer.echo(reader_words()("assess.scheme_is_fine", id=one.id, items=len(one.all_items())))


def _scheme_in(file: Path, base: str, office: OfficeContext) -> Scheme:
    """The scheme of a file: the one of the name that it is compared with, or the only one there. Raises `PolicyIsWrong`."""
    with reading(opened_engine()) as connection:
        found = _schemes_of(file, files_of(connection, office.policy.version))
    return found.get(base) or next(iter(found.values()))


def _schemes_of(file: Path, others: Mapping[str, bytes]) -> dict[str, Scheme]:
    """The schemes that a file defines, checked together with everything else but the other schemes. Raises
    `PolicyIsWrong`."""
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(reader_words()("assess.cannot_read", file=str(file), reason=error.strerror or ""), ASKED_WRONGLY)
    rest = {name: text for name, text in others.items() if not name.startswith("scoring")}
    found = dict(policy_from({**rest, str(file): content}, calendar=None).schemes)
    if not found:
        fail(reader_words()("assess.no_scheme_in_file", file=str(file)), ASKED_WRONGLY)
    return found


def no_scheme(error: NoSuchScheme) -> NoReturn:
    fail(reader_words()(refusal_code(error), name=error.name, known=", ".join(error.known)), ASKED_WRONGLY)


def no_ladder(error: NoSuchLadder) -> NoReturn:
    fail(reader_words()("assess.no_ladder", name=error.name, known=", ".join(error.known)), ASKED_WRONGLY)


def _total(sheet: Sheet) -> str:
    return reader_words()("assess.not_assessed") if sheet.score.total is None else f"{sheet.score.total:f}"


def _figure(sheet: Sheet | None) -> str | None:
    return None if sheet is None or sheet.score.total is None else f"{sheet.score.total:f}"


def _line(line: SheetLine, office: OfficeContext, words: Words) -> str:
    number = case_number(office.short_name, *line.number) if line.number else words("assess.recused")
    points = "" if line.points is None else f"{line.points:+}"
    waived = f" {words('assess.waived')}: {words(f'waived.{line.mark.ground}')}" if line.mark.ground else ""
    at = line.mark.at.astimezone(office.policy.calendar.zone).isoformat(timespec="minutes")
    return f"{points:>6} {number} {line.mark.rule or ''} {line.mark.measure}.{line.mark.outcome} {at} #{line.mark.seq}{waived}"


def _sheet(sheet: Sheet, listed: Mapping[Any, tuple[SheetLine, ...]], office: OfficeContext) -> dict[str, Any]:
    lines = listed.get(sheet.unit, ()) if sheet.person is None and not sheet.level else ()
    return as_json(sheet, lines, office)


def _mark(mark: Mark) -> dict[str, Any]:
    return {"measure": mark.measure, "outcome": mark.outcome, "rule": mark.rule, "event": mark.seq, "unit": mark.unit}
