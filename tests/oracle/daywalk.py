"""The deadline rules once more, by walking the calendar one day at a time: no index, no search, nothing shared.

It is slow and plain on purpose. Where the engine and this walk differ, one of them misreads the rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
SPANS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
MIN_N = 3  # a clock shorter than this many days has no yellow
THIRD_CAP = 10
FIX3 = 3
POST_WORKING_DAYS = 5


@dataclass(frozen=True)
class Days:
    """A zone and its calendar: `off` are holidays on any weekday, `work` are make-up working days on a weekend."""

    zone: ZoneInfo
    off: frozenset[date]
    work: frozenset[date]
    published: frozenset[int]

    def is_working(self, day: date) -> bool:
        """A make-up day is worked; so is Monday to Friday, unless it is a holiday."""
        return day in self.work or (day.weekday() < 5 and day not in self.off)

    def on(self, at: datetime) -> date:
        """The local day of an instant."""
        return at.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """The UTC instant of local 00:00 of the day."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def are_published(self, first: date, last: date) -> bool:
        """Every year from the first to the last day has its official calendar."""
        return all(year in self.published for year in range(first.year, last.year + 1))


@dataclass(frozen=True)
class Asked:
    """One clock with its whole history. Instants are aware UTC; pauses are in order and disjoint."""

    start: datetime
    length: int
    unit: str  # minute, hour, day, working_day, month
    roll: str  # none, next_working_day
    light: str  # third, fix3, one_day, post
    pauses: tuple[tuple[datetime, datetime], ...]
    extensions: tuple[tuple[int, datetime], ...]  # new total length, instant granted


@dataclass(frozen=True)
class Walked:
    """What the final clock shows. `counted` is empty for minutes and hours."""

    due_on: date
    due_at: datetime
    yellow_at: datetime | None
    red_at: datetime
    half_at: datetime | None
    provisional: bool
    counted: tuple[date, ...]


@dataclass(frozen=True)
class _Rungs:
    """The ladder before pauses and extensions have had their say."""

    yellow: datetime | None
    red: datetime
    half: datetime | None
    provisional: bool


def walk(asked: Asked, days: Days) -> Walked:
    """The due day and the lights of the clock as its last extension left it."""
    length = asked.extensions[-1][0] if asked.extensions else asked.length
    counted: tuple[date, ...] = ()
    if asked.unit in SPANS:
        span = length * SPANS[asked.unit]
        due_at = _moved(asked.start + span, asked.pauses)
        due_on = days.on(due_at - timedelta(microseconds=1))
        rungs = _elapsed_rungs(asked, span, due_at)
    else:
        counted = _count(asked, length, days)
        due_on = _rolled(counted[-1], days) if asked.roll == "next_working_day" else counted[-1]
        due_at = days.midnight(due_on + ONE_DAY)
        rungs = _day_rungs(asked, counted, due_on, days)
    yellow = _after_pauses(rungs.yellow, asked.pauses)
    half = _after_pauses(rungs.half, asked.pauses)
    red = _after_pauses(rungs.red, asked.pauses)
    assert red is not None
    if asked.extensions:
        opened_at = asked.extensions[-1][1]
        if yellow is not None and yellow <= opened_at:
            yellow = opened_at  # it is crossed as the clock opens
        if half is not None and half <= opened_at:
            half = None
    return Walked(due_on, due_at, yellow, red, half, rungs.provisional, counted)


def _count(asked: Asked, length: int, days: Days) -> tuple[date, ...]:
    """The counted days after the start day; a day of a pause from P to R is out when P < day <= R."""
    start_on = days.on(asked.start)
    pauses = [(days.on(at), days.on(until)) for at, until in asked.pauses]
    n = (_corresponding(start_on, length) - start_on).days if asked.unit == "month" else length
    counted: list[date] = []
    day = start_on
    while len(counted) < n:
        day += ONE_DAY
        if any(paused_on < day <= resumed_on for paused_on, resumed_on in pauses):
            continue
        if asked.unit == "working_day" and not days.is_working(day):
            continue
        counted.append(day)
    return tuple(counted)


def _corresponding(start_on: date, months: int) -> date:
    """The day with the same number so many months later, or the last day of that month."""
    day = start_on.replace(day=1)
    for _ in range(months):
        day = (day + timedelta(days=31)).replace(day=1)
    while day.day < start_on.day and (day + ONE_DAY).day > 1:
        day += ONE_DAY
    return day


def _rolled(day: date, days: Days) -> date:
    """The day itself if it is worked, else the first working day after it."""
    while not days.is_working(day):
        day += ONE_DAY
    return day


def _day_rungs(asked: Asked, counted: tuple[date, ...], due_on: date, days: Days) -> _Rungs:
    """The ladder of a clock that counts days."""
    natural, n = counted[-1], len(counted)
    red = days.midnight(due_on + ONE_DAY)
    yellow: datetime | None = None
    half: datetime | None = None
    known = True
    if asked.unit == "working_day":
        known = days.are_published(days.on(asked.start) + ONE_DAY, due_on)
    elif asked.roll == "next_working_day":
        known = days.are_published(natural, due_on)
    if asked.light == "post":
        fifth = _working_days_after(due_on, POST_WORKING_DAYS, days)
        known = known and days.are_published(due_on + ONE_DAY, fifth)
        yellow, red = red, days.midnight(fifth + ONE_DAY)
    elif asked.light == "one_day" and n >= MIN_N:
        worked = natural
        while not days.is_working(worked):
            worked -= ONE_DAY
        known = known and days.are_published(worked, natural)
        yellow = max(days.midnight(worked), asked.start)  # nothing lights before there is a clock
    elif n >= MIN_N:
        k = min(-(-n // 3), THIRD_CAP) if asked.light == "third" else min(FIX3, n // 2)
        yellow = days.midnight(_nth(counted, n - k + 1))
        half = days.midnight(_nth(counted, n - -(-k // 2) + 1)) if k > 1 else None
    return _Rungs(yellow, red, half, not known)


def _nth(counted: tuple[date, ...], i: int) -> date:
    """Counted day i; the first is day 1."""
    return counted[i - 1]


def _working_days_after(day: date, length: int, days: Days) -> date:
    """The last of so many working days after the day; pauses do not matter here."""
    passed = 0
    while passed < length:
        day += ONE_DAY
        passed += days.is_working(day)
    return day


def _elapsed_rungs(asked: Asked, span: timedelta, due_at: datetime) -> _Rungs:
    """The ladder of a clock that runs through nights and holidays; it needs no calendar."""
    if asked.light == "post":
        return _Rungs(due_at, due_at + span, None, provisional=False)
    yellow = _moved(asked.start + span * 2 // 3, asked.pauses)
    half = _moved(asked.start + span * 5 // 6, asked.pauses) if asked.light != "one_day" else None
    return _Rungs(yellow, due_at, half, provisional=False)


def _moved(at: datetime, pauses: Iterable[tuple[datetime, datetime]]) -> datetime:
    """The instant, later by each pause that begins before it."""
    for paused_at, resumed_at in pauses:
        if paused_at < at:
            at += resumed_at - paused_at
    return at


def _after_pauses(at: datetime | None, pauses: Iterable[tuple[datetime, datetime]]) -> datetime | None:
    """Nothing lights during a pause: an instant inside one waits for its end."""
    for paused_at, resumed_at in pauses:
        if at is not None and paused_at < at < resumed_at:
            at = resumed_at
    return at
