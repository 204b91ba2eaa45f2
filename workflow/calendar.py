"""Which days count as working days, and where a local day begins in UTC.

A `WorkCalendar` is an index over working days, so that the n-th one is a look-up and not a walk. Days are the
office's local days; instants are aware UTC. How clocks use days is in `counting.py`.

Source: 全国年节及纪念日放假办法 (2024) and the yearly notice of the State Council's general office, as data in
`policies/calendars/`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

#: The span of the index. Nothing in the field runs longer than a few years beyond the present.
FIRST_YEAR, LAST_YEAR = 2000, 2060
SATURDAY = 5
A_DAY = timedelta(days=1)


FIRST_ORDINAL, LAST_ORDINAL = date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()


@cache
def _weekdays() -> tuple[int, ...]:
    """Mondays to Fridays of all years, as ordinals: what every calendar starts from."""
    return tuple(n for n in range(FIRST_ORDINAL, LAST_ORDINAL + 1) if (n - 1) % 7 < SATURDAY)


class NoSuchTime(ValueError):
    """A local time that a change to summer time skips. Its message names it."""


class BeyondCalendar(Exception):
    """A day outside the years that a calendar counts. Its message names the day."""


@dataclass(frozen=True, kw_only=True)
class WorkCalendar:
    """Working days of one country or region.

    `off` are holidays on any weekday, `work` are make-up working days on a weekend, `published` the years whose
    notice is loaded. Days of any other year are counted by weekends and `off` alone and are *provisional*. `notices`
    names, for each year, what its days are known from.
    """

    name: str
    zone: ZoneInfo
    off: frozenset[date]
    work: frozenset[date]
    published: frozenset[int]
    notices: Mapping[int, tuple[str, ...]] = field(default_factory=dict, compare=False)
    extends: str | None = None  #: the calendar that this one lies over
    _starts: dict[date, datetime] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def _working_ordinals(self) -> list[int]:
        off = {day.toordinal() for day in self.off - self.work}
        extra = {day.toordinal() for day in self.work if day.weekday() >= SATURDAY}
        within = [n for n in extra if FIRST_ORDINAL <= n <= LAST_ORDINAL]
        return sorted([*(n for n in _weekdays() if n not in off), *within])

    def is_working_day(self, day: date) -> bool:
        return day in self.work or (day.weekday() < SATURDAY and day not in self.off)

    def is_provisional(self, first: date, last: date) -> bool:
        """Whether counting the days from `first` to `last`, both included, needs a year whose notice is not loaded."""
        year, until = first.year, last.year
        if year == until:  # nearly always, and a range would cost more than the question
            return year not in self.published
        return not self.published.issuperset(range(year, until + 1))

    def nth_working_day_after(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself is not counted (民法典 §201). Raises `BeyondCalendar`."""
        days = self._working_ordinals
        index = bisect_right(days, day.toordinal()) + n - 1
        if index >= len(days) or day.year < FIRST_YEAR:
            raise BeyondCalendar(day.isoformat())
        return date.fromordinal(days[index])

    def working_days_between(self, after: date, until: date) -> int:
        """How many working days D there are with after < D <= until."""
        return bisect_right(self._working_ordinals, until.toordinal()) - bisect_right(
            self._working_ordinals, after.toordinal()
        )

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is a working day, else the first one after it (民法典 §203). Raises `BeyondCalendar`."""
        return self.nth_working_day_after(day - timedelta(days=1), 1)

    def last_working_day(self, day: date) -> date:
        """`day` itself if it is a working day, else the last one before it. Raises `BeyondCalendar`."""
        index = bisect_left(self._working_ordinals, day.toordinal() + 1) - 1
        if index < 0 or day.year > LAST_YEAR:
            raise BeyondCalendar(day.isoformat())
        return date.fromordinal(self._working_ordinals[index])

    def local_day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def local_time(self, instant: datetime) -> time:
        return instant.astimezone(self.zone).time()

    def instant_of(self, local: datetime) -> datetime:
        """The instant of a local time of the calendar's zone. Raises `NoSuchTime`."""
        return instant_of(local, self.zone)

    def start_of(self, day: date) -> datetime:
        """00:00 of the local day, in UTC. It is also 24:00 of the day before."""
        found = self._starts.get(day)
        if found is None:
            found = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)
            self._starts[day] = found
        return found

    def end_of(self, day: date) -> datetime:
        return self.start_of(day + A_DAY)


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time; of one that comes twice, the first. Raises `NoSuchTime` for one that is skipped."""
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) != local.replace(fold=0):
        raise NoSuchTime(local.isoformat())
    return instant


def add_months(day: date, months: int) -> date:
    """The corresponding day `months` later, or the last day of that month if there is none (民法典 §202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
