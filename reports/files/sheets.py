"""Rows as files: CSV that a spreadsheet opens as it is meant, and XLSX. Both are written row by row.

A text stays the text that was typed. A spreadsheet takes texts of a CSV file for formulas, and for numbers, dates,
times, fractions and exponents: `330102199001011234` becomes 3.30102E+17, `05718888` loses its zero, `1-2` is a day. Such
a text gets an apostrophe before it; XLSX says of each cell what it is. Our own numbers and days stay numbers and days.
Instants lose their zone: a sheet speaks in the office's own time. No text turns its line around (`infra/steering.py`).

Errors: `SheetError` < `SheetIsFull`, `TextIsTooLong`.

Source: OWASP, "CSV Injection"; Microsoft, "Excel specifications and limits" and "Stop automatically changing numbers to
dates"; RFC 4180; docs/decisions/0018.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import xlsxwriter

from infra.steering import without_direction

Cell = str | int | Decimal | date | datetime | None

BOM = b"\xef\xbb\xbf"  #: without it, Excel reads UTF-8 as the code page of the machine
ROWS_A_CHUNK = 500
ROWS_A_SHEET = 1_048_576  #: with the header
TOO_LONG = -2  #: what xlsxwriter answers for a text of more than 32,767 characters
LONGEST_SHEET_NAME = 31
WIDTH = 18
DAY, MINUTE = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"

#: What a spreadsheet skips at the start of a cell: white space of every width, byte order marks, zero-width characters.
SKIPPED = r"\s\ufeff\ufffe\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\u0000-\u001f"
#: What begins a formula then, also full-width and small. TAB, CR, LF and NUL are dangerous in themselves.
STARTS_FORMULA = re.compile(rf"[{SKIPPED}]*[=+\-@\t\r\n\0＝＋－＠﹦﹢﹣﹫]")
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
#: What is a number, a day, a time, a fraction or an exponent to a spreadsheet if there is a figure in it, of any script.
LIKE_A_VALUE = re.compile(
    rf"(?=[^\d]*\d)(?:[\d{SKIPPED},.:/\-+%()'$£€¥￥，．：／－＋％−–—年月日时時分秒上午下星期]++|e[+\-]?+\d|[ap]m?|{_MONTH})*+|true|false",
    re.IGNORECASE,
)


class SheetError(Exception):
    """The rows do not fit into the file format."""


class SheetIsFull(SheetError):
    """More rows than a sheet holds. Ask for a shorter period, or for CSV."""


class TextIsTooLong(SheetError):
    """A text longer than a cell holds would be left out."""


def write_csv(
    rows: Iterable[Sequence[Cell]], header: Sequence[str], *, rows_a_chunk: int = ROWS_A_CHUNK
) -> Iterator[bytes]:
    """The rows as UTF-8 with a byte order mark and CRLF: the header at once, then a chunk for every so many rows."""
    yield csv_header(header)
    waiting = iter(rows)
    while chunk := list(islice(waiting, rows_a_chunk)):
        yield csv_lines([_plain(cell) for cell in row] for row in chunk)


def csv_header(header: Sequence[str]) -> bytes:
    """The beginning of a CSV file."""
    return BOM + csv_lines([[no_formula(word) for word in header]])


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Lines of a CSV file, of values that are written as they are: texts have been made harmless before."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return without_direction(buffer.getvalue()).encode("utf-8")


def _plain(cell: Cell) -> str | int | Decimal | None:
    if isinstance(cell, str):
        return harmless(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")[:16]  # without the zone
    return cell.isoformat() if isinstance(cell, date) else cell


def harmless(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet would take it for anything but this text."""
    first = text[:1]
    if ("一" <= first <= "鿿" and first not in "上下星") or first == "（":  # most texts, and every case number
        return text
    return f"'{text}" if LIKE_A_VALUE.fullmatch(text) else no_formula(text)


def no_formula(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet would take it for a formula. For our own headings and codes,
    which say the same as a day or a number: 2026年3月, 18."""
    return f"'{text}" if STARTS_FORMULA.match(text) else text


def write_xlsx(
    rows: Iterable[Sequence[Cell]], header: Sequence[str], target: str | Path | IO[bytes], *, name: str, now: datetime
) -> int:
    """Writes one sheet of that name, its header frozen and with a filter, and returns the number of rows below it. `now` is
    the file's date of making.

    Holds one row in memory, the sheet so far in a folder of its own that is gone afterwards. Raises `SheetIsFull` or
    `TextIsTooLong`; nothing has been written to `target` by then.
    """
    with TemporaryDirectory(prefix="huiyin-sheet-") as folder:
        options = {
            "constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False,
            "remove_timezone": True,
        }  # fmt: skip
        book = xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, options)
        book.set_properties({"created": now})
        sheet = book.add_worksheet(sheet_name(name))
        try:
            count = _write_rows(book, sheet, rows, header)
        except BaseException:
            sheet.row_data_fh.close()  # closing the book would first make a whole file of a million rows
            raise
        book.close()
    return count


def _write_rows(book: Any, sheet: Any, rows: Iterable[Sequence[Cell]], header: Sequence[str]) -> int:
    sheet.set_column(0, len(header) - 1, WIDTH)
    sheet.freeze_panes(1, 0)
    formats: dict[type, Any] = {
        kind: book.add_format({"num_format": pattern}) for kind, pattern in ((date, DAY), (datetime, MINUTE))
    }
    _write_row(sheet, 0, header, {str: book.add_format({"bold": True})})
    count = 0
    for count, row in enumerate(rows, start=1):
        if count >= ROWS_A_SHEET:
            raise SheetIsFull
        _write_row(sheet, count, row, formats)
    sheet.autofilter(0, 0, count, len(header) - 1)
    return count


def sheet_name(text: str) -> str:
    """The text as a sheet may be called: at most 31 characters, and none that stands in an address of cells."""
    return re.sub(r"[\[\]:*?/\\]", " ", without_direction(text)).strip(" '")[:LONGEST_SHEET_NAME].rstrip(" '")


def _write_row(sheet: Any, number: int, row: Sequence[Cell], formats: dict[type, Any]) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            if sheet.write_string(number, column, without_direction(cell), formats.get(str)) == TOO_LONG:
                raise TextIsTooLong
        elif isinstance(cell, date):
            sheet.write_datetime(number, column, cell, formats[datetime if isinstance(cell, datetime) else date])
        elif cell is not None:
            sheet.write_number(number, column, cell)
