"""A year's notice of days off and make-up days, as a table, as JSON or in words, as the calendar file that it makes.

What comes out is a policy file like any other: it can be edited, checked, planned and published. How a day is written is
in `notice_days.py`, how the State Council words it in `notice_text.py`.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from workflow.notice_days import day_from
from workflow.notice_text import TextIsWrong, days_in_text, reads_like_text

#: How a line of a notice says that a day is off or worked.
OFF_WORDS = frozenset({"off", "休", "假", "放假", "休息", "休假", "节假日", "holiday"})
WORK_WORDS = frozenset({"work", "班", "上班", "补班", "调休上班", "工作日", "make-up"})
#: What separates the columns of a table.
SEPARATORS = "\t;,"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_RANGE = re.compile("至|到|~|—+|--")


class NoticeIsWrong(Exception):
    """A notice cannot be read. `line` counts from 1; `code` is one of the codes `calendar.*`."""

    def __init__(self, code: str, *, line: int, value: str = "") -> None:
        super().__init__(f"line {line}: {code} {value}".rstrip())
        self.code, self.line, self.value = code, line, value


@dataclass(slots=True, kw_only=True)
class Notice:
    """Days off and make-up working days in the order in which they were read. `elsewhere` are days of other years, which a
    holiday over New Year names and another year's file must hold."""

    off: list[date] = field(default_factory=list)
    work: list[date] = field(default_factory=list)
    elsewhere: list[date] = field(default_factory=list)


def decoded(raw: bytes) -> str:
    """The text of a file as spreadsheets and editors of China save it: UTF-8, UTF-16 or GB18030. Raises `NoticeIsWrong`."""
    try:
        if raw.startswith(b"PK"):  # a workbook
            raise NoticeIsWrong("calendar.encoding", line=1)
        if raw.startswith(_UTF_16):
            return raw.decode("utf-16")
        if b"\0" in raw:  # UTF-16 that does not say so: half of each figure and comma is zero
            return raw.decode("utf-16-le" if raw[1::2].count(0) > raw[::2].count(0) else "utf-16-be")
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("gb18030")
    except UnicodeDecodeError as error:
        raise NoticeIsWrong("calendar.encoding", line=1) from error


def read_notice(text: str, *, year: int | None = None) -> Notice:
    """The days of a table of lines such as `2027-02-05,off,春节`, or of sentences. Raises `NoticeIsWrong`, also for a day that
    stands twice or, in a table and with `year`, lies in another one."""
    plain = unicodedata.normalize("NFKC", text.removeprefix("\ufeff"))  # figures and signs of full width
    rows = _rows(plain)
    is_table = any(_dated(cells, year) and _word(cells) for _, cells in rows)
    if year is not None and not is_table and reads_like_text(plain):
        return _from_text(plain, year)
    return _from_rows(rows, year)


def from_json(text: str, *, year: int | None = None) -> Notice:
    """The days of `{"off": [...], "work": [...]}`. Raises `NoticeIsWrong`."""
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise NoticeIsWrong("calendar.json", line=error.lineno, value=error.msg) from error
    except (RecursionError, ValueError) as error:  # too deep, or a number of thousands of digits
        raise NoticeIsWrong("calendar.json", line=1) from error
    if (
        not isinstance(read, dict)
        or not set(read) <= {"off", "work"}
        or not all(isinstance(v, list) for v in read.values())
    ):
        raise NoticeIsWrong("calendar.json", line=1)
    lines, seen, found = text.splitlines(), set[date](), Notice()
    for key, days in (("off", found.off), ("work", found.work)):
        for day in read.get(key, []):
            days += _checked(str(day), _line(lines, day), year, seen)
    return _something(found)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The lines of a table with their numbers, without those that are empty or a remark."""
    first = next((line for line in text.splitlines() if re.search(r"\d", line) and not line.startswith("#")), "")
    separator = next((one for one in SEPARATORS if one in first), ",")
    try:
        reader = csv.reader(io.StringIO(text), delimiter=separator)
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise NoticeIsWrong("calendar.csv", line=1, value=str(error)) from error
    return [(number, cells) for number, cells in rows if any(cells) and not cells[0].startswith("#")]


def _from_rows(rows: list[tuple[int, list[str]]], year: int | None) -> Notice:
    found, seen = Notice(), set[date]()
    for at, (number, cells) in enumerate(rows):
        if at == 0 and not _dated(cells, year) and not re.search(r"\d", cells[0]):  # the names of the columns
            continue
        days = _checked(_dated(cells, year) or cells[0], number, year, seen)
        word = _word(cells)
        if word is None:
            raise NoticeIsWrong("calendar.word", line=number, value=cells[1].lower() if len(cells) > 1 else "")
        (found.off if word in OFF_WORDS else found.work).extend(days)
    return _something(found)


def _dated(cells: list[str], year: int | None) -> str | None:
    """The cell of a line that names its day."""
    return next((cell for cell in cells if _days(cell, year)), None)


def _word(cells: list[str]) -> str | None:
    """The cell of a line that says what its day is."""
    return next((word for word in map(str.lower, cells) if word in OFF_WORDS | WORK_WORDS), None)


def _from_text(text: str, year: int) -> Notice:
    found, kinds = Notice(), dict[date, str]()
    gaps = [at for at, sign in enumerate(text) if sign.isspace()]
    joined = re.sub(r"\s", "", text)

    def line(at: int) -> int:
        """Of a place in the joined text, the line in the text as it was given."""
        for gap in gaps:
            at += gap <= at
        return text.count("\n", 0, at) + 1

    try:
        for day, kind, at in days_in_text(joined, year=year):
            if kinds.setdefault(day, kind) != kind:
                raise NoticeIsWrong("policy.day_twice", line=line(at), value=day.isoformat())
            days = found.elsewhere if day.year != year else found.off if kind == "off" else found.work
            if day not in days:
                days.append(day)
    except TextIsWrong as error:
        raise NoticeIsWrong(error.code, line=line(error.at), value=error.value) from error
    return _something(found)


def _days(text: str, year: int | None) -> list[date]:
    """The day, or the days from one to another, that a cell names; none if it names none."""
    try:
        ends = [day_from(part.strip(), year=year) for part in _RANGE.split(text)]
    except ValueError:
        return []
    first, last = ends[0], ends[-1]
    if len(ends) > 2 or first is None or last is None:
        return []
    return [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]


def _checked(text: str, line: int, year: int | None, seen: set[date]) -> list[date]:
    days = _days(text, year)
    if not days:
        raise NoticeIsWrong("calendar.day", line=line, value=text)
    for day in days:
        if day in seen:
            raise NoticeIsWrong("policy.day_twice", line=line, value=text)
        if year is not None and day.year != year:
            raise NoticeIsWrong("policy.day_of_another_year", line=line, value=text)
        seen.add(day)
    return days


def _something(found: Notice) -> Notice:
    """A notice without a day off is none: it would say that the year has no holidays."""
    if not found.off:
        raise NoticeIsWrong("calendar.empty", line=1)
    return found


def _line(lines: list[str], value: object) -> int:
    """The last line that holds a value: of a day that stands twice, the second."""
    return max((number for number, line in enumerate(lines, 1) if str(value) in line), default=1)


def as_toml(
    name: str,
    year: int,
    off: Iterable[date],
    work: Iterable[date],
    *,
    source: str,
    zone: str | None,
    extends: str | None = None,
    provisional: bool = False,
) -> str:
    """One year of a calendar as a policy file has it. Days stand in the order they were given: a slip stays visible."""
    quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in (("id", name), ("source", source))}
    lines = ["[[calendar]]", f"id = {quoted['id']}"]
    lines += [f'extends = "{extends}"'] if extends else []
    lines += [f'zone = "{zone}"'] if zone else []
    lines += [f"year = {year}", f"source = {quoted['source']}"]
    lines += ["provisional = true"] if provisional else []
    for key, days in (("off", off), ("work", work)):
        lines += [f"{key} = [", *(f"    {day.isoformat()}," for day in days), "]"]
    return "\n".join(lines) + "\n"
