"""What a closure report costs: rows a second beside the bare writer over the same statement, and the peak of memory.

CSV is held against `csv.writer` on the driver's own cursor (PostgreSQL: a server-side one), XLSX against xlsxwriter with
`constant_memory` on the same cursor. Ours includes everything the web does before it sends: words for codes, local
times, the guard against formulas, and the hash of the finished file. The other side writes what the statement gives.
Memory is that of a fresh process for each size, since a process never shrinks.
"""

import csv
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import xlsxwriter
from sqlalchemy import Engine, event

from benchmarks.closed_cases import closed_cases
from benchmarks.databases import Bench, database
from benchmarks.office import READY_AT, staff_of
from benchmarks.ratios import Block, Finding, compare, seconds
from cases.office import load_office
from infra.db import open_engine, reading
from reports.closures.choice import Asked
from reports.closures.exports import Order, write_file
from reports.closures.report import read
from workflow.model import TIMERS

FIRST = READY_AT.date()
YEAR = FIRST + timedelta(days=364)
#: Days of closings in a block, and with them rows: a thirty-seventh of the year (27,000), a three-hundredth for a sheet.
DAYS_CSV, DAYS_XLSX, DAYS_FEW = 10, 1, 4
ROUNDS_CSV, ROUNDS_XLSX = 7, 5
#: A sheet of ours has more than twice the cells of what the bare writer is given: a clock is one value there, three here.
GATES = {"csv": 0.75, "xlsx": 0.6}
MOST_MIB = 20.0
FETCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The statement of a report as the driver gets it."""

    sql: str
    values: Any


def measure(bench: Bench) -> Iterator[Finding]:
    for dialect in bench.dialects:
        with database(bench, dialect) as engine:
            closed_cases(engine, staff_of(engine), count=bench.closed_cases)
            yield _speed(bench, engine, "csv", DAYS_CSV, ROUNDS_CSV)
            yield _speed(bench, engine, "xlsx", DAYS_XLSX, ROUNDS_XLSX)
            if bench.measures_memory(dialect):
                yield _memory(engine, "csv", date.max)
                yield _memory(engine, "xlsx", FIRST + timedelta(days=DAYS_FEW * 10))


def _speed(bench: Bench, engine: Engine, kind: str, days: int, rounds: int) -> Finding:
    order = _order(kind, FIRST + timedelta(days=days - 1))
    rows = _export(engine, order)
    other = {"csv": _bare_csv, "xlsx": _bare_xlsx}[kind](engine, _said(engine, order))
    found = compare(_ours(engine, order), other, rounds=3 if bench.small else rounds)
    return Finding(
        name=f"closure report as {kind}, {engine.dialect.name}",
        ours=f"{rows / found.ours_seconds:,.0f} rows/s of {rows:,}",
        limit=f"{rows / found.other_seconds:,.0f} rows/s by the bare writer",
        ratio=1 / found.ratio,
        gate=GATES[kind],
        at_least=True,
    )


def _memory(engine: Engine, kind: str, last: date) -> Finding:
    few_rows, few = _peak(engine, kind, FIRST + timedelta(days=DAYS_FEW - 1))
    rows, much = _peak(engine, kind, min(last, YEAR))
    return Finding(
        name=f"memory for more rows, {kind}, {engine.dialect.name} (MiB)",
        ours=f"{much:.0f} MiB for {rows:,} rows",
        limit=f"{few:.0f} MiB for {few_rows:,} rows",
        ratio=much - few,
        gate=MOST_MIB,
    )


def _order(kind: str, last: date) -> Order:
    return Order(asked=Asked(start=FIRST, end=last), format=kind, language="zh_CN")


def _export(engine: Engine, order: Order) -> int:
    with TemporaryFile() as file, reading(engine) as connection:
        office = load_office(connection)
        return write_file(connection, order, file, actor=TIMERS, office=office, now=READY_AT).rows


def _ours(engine: Engine, order: Order) -> Block:
    return lambda: seconds(lambda: _export(engine, order))


def _said(engine: Engine, order: Order) -> Said:
    """What the driver was told for this report: the longest of its statements."""
    said: list[Said] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        said.append(Said(sql=sql, values=values))

    event.listen(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        office = load_office(connection)
        next(read(connection, order.report(office), actor=TIMERS, office=office))
    event.remove(engine, "before_cursor_execute", note)
    return max(said, key=lambda one: len(one.sql))


@contextmanager
def _cursor(engine: Engine) -> Iterator[Any]:
    with reading(engine) as connection:
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        if engine.dialect.name == "postgresql":
            cursor = driver.cursor(name="bare")
            cursor.itersize = FETCH
        yield cursor
        cursor.close()


def _bare_csv(engine: Engine, said: Said) -> Block:
    def write() -> None:
        with TemporaryFile("w+", encoding="utf-8", newline="") as file, _cursor(engine) as cursor:
            cursor.execute(said.sql, said.values)
            csv.writer(file).writerows(cursor)

    return lambda: seconds(write)


def _bare_xlsx(engine: Engine, said: Said) -> Block:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}

    def write() -> None:
        with TemporaryFile() as file, xlsxwriter.Workbook(file, options) as book, _cursor(engine) as cursor:
            sheet = book.add_worksheet()
            cursor.execute(said.sql, said.values)
            for number, row in enumerate(cursor):
                sheet.write_row(number, 0, row)

    return lambda: seconds(write)


# -- memory, in a process of its own ----------------------------------------------------------------------------------


def _peak(engine: Engine, kind: str, last: date) -> tuple[int, float]:
    url = engine.url.render_as_string(hide_password=False)
    here = Path(__file__).parents[1]
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.reports_export", url, kind, last.isoformat()],
        cwd=here, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    rows, peak = told.split()
    return int(rows), float(peak)


def main(arguments: list[str]) -> None:
    """Exports once and prints the rows and the peak of this process in MiB."""
    url, kind, last = arguments
    rows = _export(open_engine(url), _order(kind, date.fromisoformat(last)))
    print(rows, _high_water())


def _high_water() -> float:
    """The most memory that this process has had, in MiB. Linux's `ru_maxrss` would be that of whoever started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text("ascii").partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024)


if __name__ == "__main__":
    main(sys.argv[1:])
