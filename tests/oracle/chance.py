"""Random valid questions for the oracle and the engine, thick where clocks go wrong.

Month ends, 29 February, the turn of the year, daylight-saving changes, midnights, holidays; pauses and extensions
that begin before the due time as it stands. The same random state always gives the same question.
"""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from tests.oracle.daywalk import ONE_DAY, Asked, Days, walk

ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
FIRST_YEAR, LAST_YEAR = 2019, 2031
LEAP_YEARS = (2020, 2024, 2028)
LONGEST = {"minute": 3000, "hour": 200, "day": 120, "working_day": 120, "month": 14}
LONGEST_EXTENSION = {"minute": 600, "hour": 48, "day": 45, "working_day": 30, "month": 3}
LIGHTS = ("third", "fix3", "one_day", "post")
ONE_SECOND = timedelta(seconds=1)


def asked(random: Random) -> tuple[Asked, Days]:
    """One valid question and the calendar to answer it with."""
    unit = random.choice(("minute", "hour", "day", "day", "working_day", "working_day", "month"))
    zone = ZoneInfo(random.choice(ZONES))
    start_on = _start_day(random, zone)
    days = _calendar(random, zone, start_on.year)
    question = Asked(
        start=datetime.combine(start_on, _time_of_day(random), tzinfo=zone).astimezone(UTC),
        length=_length(random, unit),
        unit=unit,
        roll="none" if unit in ("minute", "hour") else random.choice(("none", "next_working_day")),
        light=random.choice(LIGHTS),
        pauses=(),
        extensions=(),
    )
    return _with_events(random, question, days), days


def _start_day(random: Random, zone: ZoneInfo) -> date:
    year = random.randint(FIRST_YEAR, LAST_YEAR)
    kind = random.choice(("any", "any", "month_end", "leap_day", "year_end", "clock_change", "weekend"))
    anyday = date(year, 1, 1) + timedelta(days=random.randrange(365))
    if kind == "month_end":
        last = monthrange(year, anyday.month)[1]
        return date(year, anyday.month, last - random.choice((0, 0, 0, 1, 2)))
    if kind == "leap_day":
        return date(random.choice(LEAP_YEARS), 2, 29)
    if kind == "year_end":
        return date(year, 12, random.choice((30, 31)))
    if kind == "clock_change" and (changes := _clock_changes(zone)):
        return random.choice(changes) - random.choice((0, 0, 1)) * ONE_DAY
    if kind == "weekend":
        day = min(anyday, date(year, 12, 25))
        return day + timedelta(days=random.choice((5, 6)) - day.weekday() if day.weekday() < 5 else 0)
    return anyday


@cache
def _clock_changes(zone: ZoneInfo) -> tuple[date, ...]:
    """The local days that do not last 24 hours."""
    changes: list[date] = []
    day = date(FIRST_YEAR, 1, 2)
    while day.year <= LAST_YEAR:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        if midnight.utcoffset() != (midnight + ONE_DAY).utcoffset():
            changes.append(day)
        day += ONE_DAY
    return tuple(changes)


def _time_of_day(random: Random) -> time:
    kind = random.choice(("midnight", "last_second", "night", "office", "office", "any"))
    if kind == "midnight":
        return time(0)
    if kind == "last_second":
        return time(23, 59, 59)
    hour = {"night": random.randint(0, 4), "office": random.randint(8, 17)}.get(kind, random.randrange(24))
    return time(hour, random.choice((0, 30, random.randrange(60))), random.choice((0, 0, random.randrange(60))))


def _length(random: Random, unit: str) -> int:
    longest = LONGEST[unit]
    return random.choice(
        (random.randint(1, min(5, longest)), random.randint(1, longest // 4), random.randint(1, longest))
    )


def _calendar(random: Random, zone: ZoneInfo, year: int) -> Days:
    """Holidays and make-up days from a year before to some years after; a calendar may also be bare."""
    years = range(year - 1, year + 5)
    off: set[date] = set()
    for holiday_year in years if random.random() < 0.9 else ():
        firsts = [
            date(holiday_year, 1, 1) + timedelta(days=random.randrange(365)) for _ in range(random.randint(2, 14))
        ]
        if random.random() < 0.6:
            firsts.append(date(holiday_year, 12, random.randint(25, 31)))
        for first in firsts:
            length = random.choice((1, 1, 3, random.randint(1, 9)))
            off.update(first + timedelta(days=i) for i in range(length))
    near = (day + timedelta(days=random.randint(-6, 6)) for day in sorted(off) if random.random() < 0.4)
    work = {day for day in near if day.weekday() >= 5 and day not in off}
    around = random.choice((tuple(years), (year,), (year - 1, year, year + 1), ()))
    published = around or tuple(known for known in years if random.random() < 0.5)
    return Days(zone, frozenset(off), frozenset(work), frozenset(published))


def _with_events(random: Random, question: Asked, days: Days) -> Asked:
    """The question with pauses and extensions in the order of time, each before the due time as it stands then."""
    kinds = ["pause"] * random.choice((0, 0, 1, 1, 2, 3)) + ["extension"] * random.choice((0, 0, 0, 1, 1, 2))
    random.shuffle(kinds)
    earliest = question.start
    for kind in kinds:
        so_far = walk(question, days)
        at = _event_at(random, earliest, so_far.yellow_at, so_far.due_at, days)
        if at is None:
            break
        if kind == "pause":
            until = _resumed_at(random, at, days)
            question = replace(question, pauses=(*question.pauses, (at, until)))
            earliest = until + ONE_SECOND
        else:
            total = question.extensions[-1][0] if question.extensions else question.length
            more = random.choice((1, 2, random.randint(1, LONGEST_EXTENSION[question.unit])))
            question = replace(question, extensions=(*question.extensions, (total + more, at)))
            earliest = at + ONE_SECOND
    return question


def _event_at(
    random: Random, earliest: datetime, yellow_at: datetime | None, due_at: datetime, days: Days
) -> datetime | None:
    """An instant from the earliest to just before the due time, or None where there is none."""
    last = due_at - ONE_SECOND
    if earliest > last:
        return None
    kind = random.choice(
        (*["any"] * 6, "midnight", "midnight", "earliest", "near_yellow", "near_yellow", "late", "last")
    )
    anywhen = earliest + timedelta(seconds=random.randint(0, (last - earliest) // ONE_SECOND))
    at = anywhen
    if kind == "midnight":
        at = days.midnight(days.on(anywhen))
    elif kind == "earliest":
        at = earliest
    elif kind == "near_yellow" and yellow_at is not None:
        at = yellow_at + timedelta(seconds=random.choice((0, 0, -1, 1, random.randint(-7200, 7200))))
    elif kind == "late":
        at = due_at - timedelta(seconds=random.randint(1, 2 * 86400))
    elif kind == "last":
        at = last
    return at if earliest <= at <= last else anywhen


def _resumed_at(random: Random, at: datetime, days: Days) -> datetime:
    """The end of a pause, minutes to forty days after its beginning."""
    lasting = random.choice(
        (
            timedelta(minutes=random.randint(1, 90)),
            timedelta(hours=random.randint(1, 36)),
            timedelta(days=random.randint(1, 9), minutes=random.randint(-300, 300)),
            timedelta(days=random.randint(1, 39), seconds=random.randint(0, 86399)),
        )
    )
    if random.random() < 0.15:
        midnight = days.midnight(days.on(at + lasting))
        return midnight if midnight > at else days.midnight(days.on(at) + ONE_DAY)
    return at + lasting
