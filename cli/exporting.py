"""`huiyin export closures`: closure reports as files; `huiyin export ocel`: every event of every case for process mining;
`huiyin export check`: which export a file is, if it is one.

A report is written to `.NAME.part` beside its place and gets its name when it is whole and recorded: whatever stops the
program, there is no half file that looks whole. What an interrupt leaves of it is removed; only a kill that no program
hears leaves the `.part`.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from sqlalchemy import Engine

from cases.office import OfficeContext
from cli.clock import read_clock
from cli.opening import office_of, opened_engine, opened_to_write, reader_words
from cli.printing import ASKED_WRONGLY, UNREADABLE, WRONG, Json, fail, print_json
from infra.db import reading, transaction
from infra.i18n import known_language, write_minute
from infra.settings import settings
from people.directory import names_of_accounts, names_of_units
from reports.closures.choice import ChoiceIsWrong, read_choice
from reports.closures.exports import (
    FORMATS,
    GROUNDS,
    Exported,
    Made,
    Order,
    record,
    refuse,
    sha256_of,
    which,
    write_file,
)
from reports.closures.report import count_closings
from reports.later.progress import Progress
from reports.record import ocel_file
from reports.record.ocel_file import OCEL, write_event_log
from words import Words
from workflow.model import TIMERS

export = typer.Typer(
    no_args_is_help=True, help="写出报表，核对报表。Write reports to files; tell whether a file is one."
)
#: How often progress is told, in rows.
STEP = 20_000


@export.command()
def closures(
    output: Annotated[Path, typer.Argument(help=f"文件名，结尾为 / a file name ending in: {', '.join(f'.{kind}' for kind in FORMATS)}")],
    start: Annotated[str, typer.Option("--from", help="起始办结日 YYYY-MM-DD / first day of closing")],
    end: Annotated[str, typer.Option("--to", help="截止办结日 / last day of closing")],
    unit: Annotated[str, typer.Option(help="单位名称或编号，含下级 / a unit by name or number, with those below it")] = "",
    procedure: Annotated[str, typer.Option(help="程序 / petition, mediation")] = "",
    profile: Annotated[str, typer.Option(help="事项类别 / profile: huiyin policy profiles")] = "",
    columns: Annotated[str, typer.Option(help="栏目代码，逗号分隔，默认全部 / columns by commas, by default all")] = "",
    ground: Annotated[str, typer.Option("--reason", help=f"显示姓名和标题的理由，留痕 / names in full, and recorded: {', '.join(GROUNDS)}")] = "",
    language: Annotated[str, typer.Option(help="zh_CN, en")] = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """办结报告：每次办结一行，姓名和标题默认掩码。The closure report, one row for each closing, names masked."""
    say, now, engine = reader_words(), read_clock(), opened_to_write()
    typed = {"start": [start], "end": [end], "procedure": [procedure], "profile": [profile], "columns": _split(columns)}
    try:
        with reading(engine) as connection:
            office = office_of(connection)
            names = names_of_units(connection)
            typed["unit"] = [_unit(unit, names)]
            today = office.policy.calendar.local_day(now)
            asked = read_choice(typed, units=names, office=office, today=today)
            order = Order(
                asked=asked, format=output.suffix.removeprefix("."), ground=ground or None,
                language=known_language(language or settings().language),
            )  # fmt: skip
            count = count_closings(connection, asked.choice(office), actor=TIMERS, office=office)
            refuse(order, count, actor=TIMERS)
        made = _written(engine, order, output, office, count, say)
    except ChoiceIsWrong as wrong:
        fail("\n".join(say(fault.code, value=fault.value) for fault in wrong.faults), ASKED_WRONGLY)
    except OSError as error:
        fail(say("export.cannot_write", file=str(output), why=error.strerror or str(error)), UNREADABLE)
    if as_json:
        print_json({"file": str(output), "rows": made.rows, "bytes": made.bytes, "sha256": made.sha256, "masked": not ground})  # fmt: skip
    else:
        typer.echo(f"{output}: {say.count('closures.rows', made.rows)}\nSHA-256 {made.sha256}")


@export.command()
def ocel(
    output: Annotated[Path, typer.Argument(help="文件名 / a file name: events.json")],
    as_json: Json = False,
) -> None:
    """全部事项的事件日志（OCEL 2.0 JSON），供流程挖掘，无姓名和文字。Every event of every case, without names or texts."""
    say, engine = reader_words(), opened_to_write()
    try:
        with _whole_or_nothing(output) as file:
            with reading(engine) as connection:
                office_of(connection)
                made = write_event_log(connection, file, beside=output.parent, progress=_progress(say))
            with transaction(engine) as connection:
                ocel_file.record(connection, made, actor=TIMERS, now=read_clock())
    except OSError as error:
        fail(say("export.cannot_write", file=str(output), why=error.strerror or str(error)), UNREADABLE)
    if as_json:
        print_json({"file": str(output), **asdict(made)})
    else:
        told = say("export.ocel", events=f"{made.events:,}", cases=f"{made.cases:,}", objects=f"{made.objects:,}")
        typer.echo(f"{output}: {told}\nSHA-256 {made.sha256}")


@export.command()
def check(
    file: Annotated[Path, typer.Argument(help="报表文件 / a file that may be an export")],
    as_json: Json = False,
) -> None:
    """这个文件是哪一次导出的，或者都不是。Which export of this office a file is, or that it is none."""
    say = reader_words()
    try:
        with file.open("rb") as opened:
            found_hash = sha256_of(opened)
    except OSError as error:
        fail(say("export.cannot_read", file=str(file), why=error.strerror or str(error)), UNREADABLE)
    with reading(opened_engine()) as connection:
        office = office_of(connection)
        found = which(connection, found_hash)
        who = names_of_accounts(connection, [found.account]).get(found.account or 0) if found else None
        units = names_of_units(connection)
    if as_json:
        print_json({"sha256": found_hash, "export": _as_json(found) if found else None})
    if found is None:
        if not as_json:
            typer.echo(say("export.none", file=str(file), sha256=found_hash))
        raise typer.Exit(WRONG)
    if not as_json:
        typer.echo(_told(found, who, units, office, say))


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _unit(text: str, names: dict[int, str]) -> str:
    """The number of the unit of that name; else what was typed, to be looked for as a number."""
    return next((str(number) for number, name in names.items() if name == text), text)


def _written(engine: Engine, order: Order, output: Path, office: OfficeContext, count: int, say: Words) -> Made:
    with _whole_or_nothing(output) as file:
        with reading(engine) as connection:
            made = write_file(
                connection, order, file, actor=TIMERS, office=office, now=read_clock(), progress=_progress(say), total=count
            )  # fmt: skip
        with transaction(engine) as connection:
            record(connection, order, made, actor=TIMERS, now=read_clock())
    return made


@contextmanager
def _whole_or_nothing(output: Path) -> Iterator[IO[bytes]]:
    """A file beside the one that is wanted, which takes its name when the block has ended well, and is gone if not."""
    part = output.with_name(f".{output.name}.part")
    try:
        with _stops_as_exceptions(), part.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _stops_as_exceptions() -> Iterator[None]:
    """While this runs, being told to end is an exception like Ctrl-C, so that what was begun can be cleared away."""

    def stop(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(say: Words) -> Progress:
    """Tells on stderr how far it is, every `STEP` rows."""
    told = 0

    def tell(rows: int, count: int) -> None:
        nonlocal told
        if rows // STEP > told:
            told = rows // STEP
            typer.echo(say("export.progress", rows=f"{rows:,}", all=f"{count:,}"), err=True)

    return tell


def _told(found: Exported, who: str | None, units: dict[int, str], office: OfficeContext, say: Words) -> str:
    """Which export it was: number, time, person, what was chosen, how much of it."""
    when = write_minute(found.at, say.language, office.policy.calendar.zone)
    first = say("export.is_one", number=found.seq, when=when, who=who or say("export.command_line"))
    what = say(f"format.{found.format}")
    if found.report != OCEL:
        what = " · ".join((what, *_chosen(found, units, say)))
    return "\n".join((first, what, f"SHA-256 {found.sha256}"))


def _chosen(found: Exported, units: dict[int, str], say: Words) -> list[str]:
    choice = found.choice
    period = choice.get("period") or f"{choice['start']} – {choice['end']}"
    chosen = [period, units.get(choice.get("unit") or 0) or say("closures.all_units")]
    chosen += [say(f"{kind}.{choice[kind]}") for kind in ("procedure", "profile") if choice.get(kind)]
    names = say("closures.paper.masked") if found.masked else say("closures.paper.unmasked")
    rows = [] if found.rows is None else [say.count("closures.rows", found.rows), names]
    return [*chosen, *rows]


def _as_json(found: Exported) -> dict[str, Any]:
    return {
        "event": found.seq, "at": found.at.isoformat(), "account": found.account, "format": found.format,
        "rows": found.rows, "masked": found.masked, "choice": dict(found.choice),
    }  # fmt: skip
