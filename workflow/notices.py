"""A year's notice of days off and make-up days, from CSV or JSON, as the calendar file that it makes.

What comes out is a policy file like any other: it can be edited, checked, planned and published.
"""

import csv
import io
import json
from collections.abc import Iterable
from datetime import date

#: How a line of a notice says that a day is off or worked.
OFF_WORDS = frozenset({"off", "休", "放假", "holiday"})
WORK_WORDS = frozenset({"work", "班", "上班", "调休上班", "make-up"})


class NoticeIsWrong(Exception):
    """A notice cannot be read. `line` counts from 1; `code` is one of the codes `calendar.*`."""

    def __init__(self, code: str, *, line: int, value: str = "") -> None:
        super().__init__(f"line {line}: {code} {value}".rstrip())
        self.code, self.line, self.value = code, line, value


def from_csv(text: str, *, year: int | None = None) -> tuple[list[date], list[date]]:
    """Days off and make-up working days of lines such as `2027-02-05,off,春节`. A first line of names is passed over.

    Raises `NoticeIsWrong`, also for a day that stands twice or, with `year`, lies in another one.
    """
    off: list[date] = []
    work: list[date] = []
    try:
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise NoticeIsWrong("calendar.csv", line=1, value=str(error)) from error
    seen: set[date] = set()
    for number, row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#") or (number == 1 and not any(c.isdigit() for c in cells[0])):
            continue
        day = _day(cells[0], number, year, seen)
        word = cells[1].lower() if len(cells) > 1 else ""
        if word not in OFF_WORDS | WORK_WORDS:
            raise NoticeIsWrong("calendar.word", line=number, value=word)
        (off if word in OFF_WORDS else work).append(day)
    return _something(off, work)


def from_json(text: str, *, year: int | None = None) -> tuple[list[date], list[date]]:
    """Days off and make-up working days of `{"off": [...], "work": [...]}`. Raises `NoticeIsWrong`."""
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
    lines, seen = text.splitlines(), set[date]()
    off, work = ([_day(day, _line(lines, day), year, seen) for day in read.get(key, [])] for key in ("off", "work"))
    return _something(off, work)


def _day(text: object, line: int, year: int | None, seen: set[date]) -> date:
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        raise NoticeIsWrong("calendar.day", line=line, value=str(text)) from None
    if day in seen:
        raise NoticeIsWrong("policy.day_twice", line=line, value=str(text))
    if year is not None and day.year != year:
        raise NoticeIsWrong("policy.day_of_another_year", line=line, value=str(text))
    seen.add(day)
    return day


def _something(off: list[date], work: list[date]) -> tuple[list[date], list[date]]:
    """A notice without a day off is none: it would say that the year has no holidays."""
    if not off:
        raise NoticeIsWrong("calendar.empty", line=1)
    return off, work


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
