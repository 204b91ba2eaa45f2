"""A year's notice as the State Council words it: sentences of days and of what is done on them.

    二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。

Days stand before the word that says what they are, or after one with a colon (上班日期：...). A day takes its month from
the one before it, and its year from the notice; a range that ends before it begins lies over New Year. A day of the week
that is named must be that of the date: so a notice of another year is not taken for this one's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

_DAY = r"(?:(?P<{0}y>\d{{4}})年)?(?:(?P<{0}m>\d{{1,2}})月)?(?P<{0}d>\d{{1,2}})日(?:\((?P<{0}w>[^()]*)\))?"
_TOKEN = re.compile(
    rf"(?P<range>{_DAY.format('a')}(?:(?:至|到|[-~—–―]+){_DAY.format('b')})?)"
    r"|(?P<aside>\([^()]*\))"
    r"|(?P<not>不(?:放假|休息|休))"
    r"|(?P<ahead>(?:放假|休息|上班|补班|调休上班)(?:时间|日期|安排|日)?[:为])"
    r"|(?P<off>放假|休息|不上班)"
    r"|(?P<work>上班|补班|正常工作|照常工作)"
    r"|(?P<end>[。;!])"
)
_TITLE = re.compile(r"(\d{4})年部分节假日")
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
_WEEKDAYS = "一二三四五六日"


class TextIsWrong(Exception):
    """The text says something that is no day, or a day of another year. `at` is its place in the text."""

    def __init__(self, code: str, at: int, value: str) -> None:
        super().__init__(f"{code} {value}")
        self.code, self.at, self.value = code, at, value


def reads_like_text(text: str) -> bool:
    """Whether these are sentences, and not a table."""
    return bool(re.search(r"\d{1,2}月\d{1,2}日", text) and re.search("放假|上班|休息", text))


@dataclass(slots=True)
class _Reader:
    """What has been read: `waiting` are the days whose word is still to come."""

    year: int
    found: list[tuple[date, str, int]] = field(default_factory=list)
    waiting: list[tuple[date, int]] = field(default_factory=list)
    ahead: str = ""
    month: int | None = None

    def take(self, kind: str) -> None:
        self.found += [(day, kind, at) for day, at in self.waiting]
        self.waiting = []

    def add(self, token: re.Match[str]) -> None:
        first, last = self._ends(token)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self.waiting += [(day, token.start()) for day in days]

    def begin(self, kind: str) -> None:
        """What follows is of this kind, unless a word after it says otherwise."""
        self.take(self.ahead or kind)
        self.ahead = kind

    def end(self) -> None:
        if self.ahead:
            self.take(self.ahead)
        self.waiting, self.ahead = [], ""

    def _ends(self, token: re.Match[str]) -> tuple[date, date]:
        part = {name: token[name] for name in ("ay", "am", "ad", "by", "bm", "bd")}
        month = int(part["am"] or self.month or 0)
        last_month = int(part["bm"] or month)
        over = last_month < month or (last_month == month and int(part["bd"] or 99) < int(part["ad"]))
        over = over and part["bd"] is not None
        year = int(part["ay"] or int(part["by"] or self.year) - over)
        last_year = int(part["by"] or year + over) if part["bd"] else year
        self.month = last_month
        first = _day(year, month, part["ad"], token["aw"], token)
        last = _day(last_year, last_month, part["bd"], token["bw"], token) if part["bd"] else first
        if not 0 <= (last - first).days <= 31:  # a holiday of more than a month is a slip
            raise TextIsWrong("calendar.day", token.start(), token[0])
        return first, last


def days_in_text(text: str, *, year: int) -> Iterator[tuple[date, str, int]]:
    """Each day with `off` or `work` and its place in the text, in the order of the text. Raises `TextIsWrong`."""
    if (title := _TITLE.search(text)) and int(title[1]) != year:
        raise TextIsWrong("policy.day_of_another_year", title.start(), title[0])
    reader = _Reader(year=year)
    tokens = list(_TOKEN.finditer(text))
    last_word = max((one.start() for one in tokens if one.lastgroup in ("off", "work", "not", "ahead")), default=-1)
    for token in tokens:
        match token.lastgroup:
            case "range":
                reader.add(token)
            case "off" | "work" as kind:
                reader.take(kind)
            case "not":
                reader.waiting = []
            case "ahead":
                reader.begin("work" if "班" in token[0] else "off")
            case "end":
                if reader.waiting and not reader.ahead and reader.found and token.start() < last_word:
                    at = reader.waiting[0][1]
                    raise TextIsWrong("calendar.word", at, text[at : token.start()])
                reader.end()
    if reader.ahead:
        reader.end()
    yield from reader.found


def _day(year: int, month: int, day: str, said: str | None, token: re.Match[str]) -> date:
    try:
        made = date(year, month, int(day))
    except ValueError:
        raise TextIsWrong("calendar.day", token.start(), token[0]) from None
    if (named := _WEEKDAY.search(said or "")) and _WEEKDAYS[made.weekday()] != named[1].replace("天", "日"):
        raise TextIsWrong("calendar.weekday", token.start(), f"{made.isoformat()} ({said})")
    return made
