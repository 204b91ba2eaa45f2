"""A year's notice of days off and make-up days, from CSV or JSON, as the calendar file that it makes.

What comes out is a policy file like any other: it can be edited, checked, planned and published.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date

#: How a line of a notice says that a day is off or worked.
OFF_WORDS = frozenset({"off", "休", "放假", "holiday"})
WORK_WORDS = frozenset({"work", "班", "上班", "调休上班", "make-up"})


class NoticeIsWrong(Exception):
    """A notice cannot be read. `line` counts from 1; `code` is one of the codes `calendar.*`."""

    def __init__(self, code: str, *, line: int, value: str = "") -> None:
        super().__init__(f"line {line}: {code} {value}".rstrip())
        self.code, self.line, self.value = code, line, value


def from_csv(text: str) -> tuple[list[date], list[date]]:
    """Days off and make-up working days of lines such as `2027-02-05,off,春节`. A first line of names is passed over."""
    off: list[date] = []
    work: list[date] = []
    for number, row in enumerate(csv.reader(io.StringIO(text.removeprefix("\ufeff"))), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#") or (number == 1 and not cells[0][:1].isdigit()):
            continue
        day = _day(cells[0], number)
        word = cells[1].lower() if len(cells) > 1 else ""
        if word not in OFF_WORDS | WORK_WORDS:
            raise NoticeIsWrong("calendar.word", line=number, value=word)
        (off if word in OFF_WORDS else work).append(day)
    return off, work


def from_json(text: str) -> tuple[list[date], list[date]]:
    """Days off and make-up working days of `{"off": [...], "work": [...]}`."""
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise NoticeIsWrong("calendar.json", line=error.lineno, value=error.msg) from error
    if not isinstance(read, Mapping) or not all(isinstance(read.get(key, []), list) for key in ("off", "work")):
        raise NoticeIsWrong("calendar.json", line=1)
    lines = text.splitlines()
    found = (
        ([], [])
        if not read
        else tuple([_day(day, _line(lines, day)) for day in read.get(k, [])] for k in ("off", "work"))
    )
    return found[0], found[1]


def _day(text: object, line: int) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise NoticeIsWrong("calendar.day", line=line, value=str(text)) from None


def _line(lines: list[str], value: object) -> int:
    return next((number for number, line in enumerate(lines, 1) if str(value) in line), 1)


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
